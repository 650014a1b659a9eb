internal import CLibSSL

/// HMAC-SHA-256 (RFC 2104): proof that a message is from a holder of the key.
package enum HMACSHA256 {
    // A context without a key; every call works on a copy, so the algorithm is looked up only once.
    // Safe to share: after its making it is only read, by EVP_MAC_CTX_dup.
    nonisolated(unsafe) private static let template: OpaquePointer? = makeTemplate()

    /// The 32-byte tag of the message under the key.
    package static func tag(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        guard let context = EVP_MAC_CTX_dup(template) else {
            preconditionFailure("libcrypto has no HMAC-SHA-256")
        }
        defer { EVP_MAC_CTX_free(context) }
        // To OpenSSL no key means "the key of before"; one zero byte is, after HMAC's padding, the empty key.
        let key = key.isEmpty ? [0] : key
        var tag = [UInt8](repeating: 0, count: SHA256.byteCount)
        var length = 0
        let done =
            EVP_MAC_init(context, key, key.count, nil) == 1
            && EVP_MAC_update(context, message, message.count) == 1
            && EVP_MAC_final(context, &tag, &length, tag.count) == 1
            && length == tag.count
        precondition(done, "libcrypto refused to make an HMAC-SHA-256")
        return tag
    }

    /// Whether the tag is the message's, found out in constant time.
    package static func isValid(_ tag: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
        ConstantTime.equal(tag, self.tag(for: message, key: key))
    }

    private static func makeTemplate() -> OpaquePointer? {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil) else { return nil }
        defer { EVP_MAC_free(algorithm) }
        guard let context = EVP_MAC_CTX_new(algorithm) else { return nil }
        var digest = Array("SHA256".utf8CString)
        let isSet = digest.withUnsafeMutableBufferPointer { name in
            var parameters = [
                OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.baseAddress, 0),
                OSSL_PARAM_construct_end(),
            ]
            return EVP_MAC_CTX_set_params(context, &parameters) == 1
        }
        return isSet ? context : nil
    }
}

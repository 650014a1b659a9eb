internal import CLibSSL

/// AES-256 in Galois/Counter Mode: secrecy and proof of origin together.
///
/// - Important: A nonce must never serve twice under one key; the second use
///   gives both messages away.
package enum AESGCM {
    /// The length of a key in bytes.
    package static let keyByteCount = 32
    /// The length of a nonce in bytes.
    package static let nonceByteCount = 12
    /// The length of the tag at the end of a sealed message in bytes.
    package static let tagByteCount = 16

    // Safe to share: written once before its first use, and OpenSSL lets threads share fetched algorithms.
    nonisolated(unsafe) private static let algorithm: OpaquePointer? = EVP_CIPHER_fetch(
        nil, "AES-256-GCM", nil)

    /// The encrypted message followed by its tag.
    package static func seal(
        _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], associatedData: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        let lengths = try checkedLengths(
            plaintext.count, key: key, nonce: nonce, associatedData: associatedData)
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var sealed = [UInt8](repeating: 0, count: plaintext.count + tagByteCount)
        let isSealed = sealed.withUnsafeMutableBufferPointer { output in
            guard let start = output.baseAddress else { return false }
            var written: CInt = 0
            return EVP_EncryptInit_ex2(context, algorithm, key, nonce, nil) == 1
                && EVP_EncryptUpdate(context, nil, &written, associatedData, lengths.associatedData) == 1
                && EVP_EncryptUpdate(context, start, &written, plaintext, lengths.text) == 1
                && EVP_EncryptFinal_ex(context, start + plaintext.count, &written) == 1
                && EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_AEAD_GET_TAG, CInt(tagByteCount), start + plaintext.count) == 1
        }
        guard isSealed else {
            throw CryptoError(.libraryFailed, "libcrypto refused to seal with AES-256-GCM")
        }
        return sealed
    }

    /// The message again, if all else is as it was when it was sealed.
    package static func open(
        _ sealed: [UInt8], key: [UInt8], nonce: [UInt8], associatedData: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        let count = sealed.count - tagByteCount
        guard count >= 0 else {
            throw CryptoError(
                .lengthInvalid, "a sealed message has at least \(tagByteCount) bytes, not \(sealed.count)")
        }
        let lengths = try checkedLengths(count, key: key, nonce: nonce, associatedData: associatedData)
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        // One byte more, so that the array has an address even for an empty message.
        var plaintext = [UInt8](repeating: 0, count: count + 1)
        var tag = Array(sealed.suffix(tagByteCount))
        var written: CInt = 0
        let isDecrypted =
            EVP_DecryptInit_ex2(context, algorithm, key, nonce, nil) == 1
            && EVP_DecryptUpdate(context, nil, &written, associatedData, lengths.associatedData) == 1
            && EVP_DecryptUpdate(context, &plaintext, &written, sealed, lengths.text) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, CInt(tagByteCount), &tag) == 1
        guard isDecrypted else {
            throw CryptoError(.libraryFailed, "libcrypto refused to open with AES-256-GCM")
        }
        var rest = [UInt8](repeating: 0, count: tagByteCount)
        guard EVP_DecryptFinal_ex(context, &rest, &written) == 1 else {
            throw CryptoError(
                .authenticationFailed,
                "the sealed message was altered, or sealed with another key, nonce or context")
        }
        plaintext.removeLast()
        return plaintext
    }

    private static func checkedLengths(
        _ count: Int, key: [UInt8], nonce: [UInt8], associatedData: [UInt8]
    ) throws(CryptoError) -> (text: CInt, associatedData: CInt) {
        guard key.count == keyByteCount else {
            throw CryptoError(.lengthInvalid, "an AES-256 key has \(keyByteCount) bytes, not \(key.count)")
        }
        guard nonce.count == nonceByteCount else {
            throw CryptoError(
                .lengthInvalid, "an AES-GCM nonce has \(nonceByteCount) bytes, not \(nonce.count)")
        }
        guard let text = CInt(exactly: count), let associated = CInt(exactly: associatedData.count) else {
            throw CryptoError(.lengthInvalid, "AES-GCM takes at most \(CInt.max) bytes at once")
        }
        return (text, associated)
    }
}

internal import CLibSSL

/// SHA-256 (FIPS 180-4), at once or in steps.
///
/// ```swift
/// var digest = SHA256()
/// digest.update(chunk)
/// let bytes = digest.finalize()
/// ```
package struct SHA256: ~Copyable {
    /// The length of a digest in bytes.
    package static let byteCount = 32

    // An explicit fetch is done once: an implicit one in every call costs as much as hashing a short message.
    // Safe to share: written once before its first use, and OpenSSL lets threads share fetched algorithms.
    nonisolated(unsafe) static let algorithm: OpaquePointer? = EVP_MD_fetch(nil, "SHA256", nil)

    private let context: OpaquePointer

    /// The state before the first byte.
    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, Self.algorithm, nil) == 1 else {
            preconditionFailure("libcrypto has no SHA-256")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Takes in the next bytes.
    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Takes in the next bytes from memory that the caller keeps.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let done = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(done == 1, "libcrypto refused to go on with a SHA-256")
    }

    /// The digest of all bytes so far; more may follow.
    package borrowing func finalize() -> [UInt8] {
        let copy = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(copy) }
        var digest = [UInt8](repeating: 0, count: Self.byteCount)
        let done = EVP_MD_CTX_copy_ex(copy, context) == 1 && EVP_DigestFinal_ex(copy, &digest, nil) == 1
        precondition(done, "libcrypto refused to end a SHA-256")
        return digest
    }

    /// The digest of the whole message.
    package static func digest(_ message: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        let done = EVP_Digest(message, message.count, &digest, nil, algorithm, nil)
        precondition(done == 1, "libcrypto has no SHA-256")
        return digest
    }
}

internal import CLibSSL

/// Unpredictable bytes for keys, nonces, sessions and identifiers.
package enum RandomBytes {
    /// As many fresh bytes as asked for, or an error: never weaker ones.
    package static func generate(_ count: Int) throws(CryptoError) -> [UInt8] {
        guard let length = CInt(exactly: count), length >= 0 else {
            throw CryptoError(.lengthInvalid, "'\(count)' is not a number of random bytes (0–\(CInt.max))")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, length) == 1 else {
            throw CryptoError(.randomnessUnavailable, "the system's random generator gave no bytes")
        }
        return bytes
    }
}

/// HKDF with SHA-256 (RFC 5869): independent keys out of one secret.
package enum HKDFSHA256 {
    /// The most bytes one derivation can give.
    package static let maximumCount = 255 * SHA256.byteCount

    /// A key of `count` bytes for the purpose that `info` names.
    package static func derive(
        from secret: [UInt8], salt: [UInt8] = [], info: [UInt8], count: Int
    ) -> [UInt8] {
        precondition((0...maximumCount).contains(count), "HKDF-SHA-256 gives at most \(maximumCount) bytes")
        let pseudorandomKey = HMACSHA256.tag(for: secret, key: salt)
        var output: [UInt8] = []
        var block: [UInt8] = []
        var number: UInt8 = 1
        while output.count < count {
            block = HMACSHA256.tag(for: block + info + [number], key: pseudorandomKey)
            output += block
            // Wraps only after the 255th block, which is the last.
            number &+= 1
        }
        return Array(output.prefix(count))
    }
}

/// Base 64 with the URL-safe alphabet and without padding (RFC 4648 §5).
///
/// Decoding is strict, so that there is one spelling for each sequence of
/// bytes: it refuses padding, white space, the other alphabet and tail bits
/// that are not zero.
package enum Base64URL {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static let values: [UInt8?] = {
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// The bytes as letters, without padding.
    package static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = alphabet
        let count = (bytes.count * 4 + 2) / 3
        return String(unsafeUninitializedCapacity: count) { text in
            var written = 0
            var buffer: UInt32 = 0
            var bits = 0
            for byte in bytes {
                buffer = buffer << 8 | UInt32(byte)
                bits += 8
                while bits >= 6 {
                    bits -= 6
                    text[written] = alphabet[Int(buffer >> bits & 0x3F)]
                    written += 1
                }
            }
            if bits > 0 {
                text[written] = alphabet[Int(buffer << (6 - bits) & 0x3F)]
                written += 1
            }
            return written
        }
    }

    /// The bytes, or nil for any text that ``encode(_:)`` does not make.
    package static func decode(_ text: String) -> [UInt8]? {
        let values = values
        let letters = Array(text.utf8)
        // A single letter left over holds fewer bits than a byte.
        guard letters.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(letters.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits = 0
        for letter in letters {
            guard let value = values[Int(letter)] else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        let tail = buffer & (1 << bits - 1)
        return tail == 0 ? bytes : nil
    }
}

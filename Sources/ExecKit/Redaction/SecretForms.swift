/// The spellings in which a secret may appear in a script's output.
///
/// The value itself; as JSON, shells, URLs, HTML and C strings escape it; in base64
/// at each of the three places its first byte can have; in hexadecimal. Of a
/// value with several lines also each longer line.
///
/// - Important: Not hidden are values under four bytes and the words of
///   ``commonWords``, as masking them would make a log unreadable; and what a
///   script compresses, encrypts, reverses or breaks into lines by itself.
enum SecretForms {
    /// Values too common to hide: an input that may be one of them is no secret.
    static let commonWords: Set<String> = [
        "none", "null", "true", "false", "root", "admin", "user", "test", "default", "password", "localhost",
    ]

    /// Whether a value is masked at all.
    static func hides(_ value: [UInt8]) -> Bool {
        value.count >= minimumLength
            && !commonWords.contains(String(decoding: value, as: UTF8.self).lowercased())
    }

    private static let minimumLength = 4
    private static let minimumLineLength = 8

    /// Every form of `value`, none shorter than four bytes.
    static func of(_ value: [UInt8]) -> Set<[UInt8]> {
        var forms = Set(lines(of: value))
        for text in Set([value, withCarriageReturns(value)]) {
            forms.insert(text)
            forms.formUnion(json(text))
            forms.formUnion(shell(text))
            forms.formUnion(url(text))
            forms.formUnion(html(text))
            forms.formUnion(base64(text))
            forms.insert(hex(text, digits: lowerDigits))
            forms.insert(hex(text, digits: upperDigits))
        }
        return forms.filter { $0.count >= minimumLength }
    }

    // MARK: - Lines

    private static func withCarriageReturns(_ bytes: [UInt8]) -> [UInt8] {
        escape(bytes) { $0 == 0x0A ? [0x0D, 0x0A] : nil }
    }

    private static func lines(of bytes: [UInt8]) -> [[UInt8]] {
        let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }.map(Array.init)
        return lines.filter { $0.count >= minimumLineLength || lines.count == 1 }
    }

    // MARK: - Escapes

    static func escape(_ bytes: [UInt8], _ replacement: (UInt8) -> [UInt8]?) -> [UInt8] {
        bytes.flatMap { replacement($0) ?? [$0] }
    }

    static func backslashed(_ byte: UInt8) -> [UInt8] { [UInt8(ascii: "\\"), byte] }

    static func controlEscape(_ byte: UInt8) -> [UInt8]? {
        switch byte {
        case 0x08: Array("\\b".utf8)
        case 0x09: Array("\\t".utf8)
        case 0x0A: Array("\\n".utf8)
        case 0x0C: Array("\\f".utf8)
        case 0x0D: Array("\\r".utf8)
        case UInt8(ascii: "\\"): Array("\\\\".utf8)
        default: nil
        }
    }

    /// Percent-encoded with the habits of the common encoders.
    private static func url(_ bytes: [UInt8]) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for digits in [upperDigits, lowerDigits] {
            for safe in ["-._~", "-._~/", "-._~!'()*", "-._*"] {
                let encoded = escape(bytes) { byte in
                    isAlphanumeric(byte) || safe.utf8.contains(byte)
                        ? nil : [UInt8(ascii: "%")] + hex([byte], digits: digits)
                }
                forms.append(encoded)
            }
        }
        let plus = forms.map { replaceSpaces(in: $0) }
        return forms + plus
    }

    private static func replaceSpaces(in encoded: [UInt8]) -> [UInt8] {
        String(decoding: encoded, as: UTF8.self).split(separator: "%20", omittingEmptySubsequences: false)
            .map { Array($0.utf8) }.joined(separator: [UInt8(ascii: "+")]).map { $0 }
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    // MARK: - Numbers

    static let lowerDigits = Array("0123456789abcdef".utf8)
    static let upperDigits = Array("0123456789ABCDEF".utf8)

    static func hex(_ bytes: [UInt8], digits: [UInt8]) -> [UInt8] {
        bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// The characters that depend on the secret alone, whatever stands around it.
    private static func base64(_ bytes: [UInt8]) -> [[UInt8]] {
        let common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        return ["+/", "-_"].flatMap { last -> [[UInt8]] in
            let alphabet = Array((common + last).utf8)
            return (0..<3).map { offset in
                let shifted = [UInt8](repeating: 0, count: offset) + bytes
                let first = (offset * 8 + 5) / 6
                let characters = (first..<shifted.count * 8 / 6).map { index in
                    alphabet[sextet(index, of: shifted)]
                }
                return characters
            }
        }
    }

    private static func sextet(_ index: Int, of bytes: [UInt8]) -> Int {
        (index * 6..<index * 6 + 6).reduce(0) { value, bit in
            value << 1 | Int(bytes[bit / 8] >> (7 - UInt8(bit % 8)) & 1)
        }
    }
}

/// How JSON spells a value, with the habits of the common encoders.
extension SecretForms {
    /// With and without `\u` for what is not ASCII and for the signs of HTML, and
    /// with and without escaped slashes.
    static func json(_ bytes: [UInt8]) -> Set<[UInt8]> {
        let plain = escape(bytes) { byte in
            controlEscape(byte) ?? (byte < 0x20 ? unicodeEscape(UInt16(byte), digits: lowerDigits) : nil)
        }
        var texts: Set<[UInt8]> = [plain]
        for digits in [lowerDigits, upperDigits] { texts.insert(inASCII(plain, digits: digits)) }
        let quoted = Set(texts.flatMap(withSigns))
        var forms = quoted
        for text in quoted { forms.insert(escape(text) { $0 == slash ? backslashed($0) : nil }) }
        return forms
    }

    private static let slash = UInt8(ascii: "/")

    /// What may not stand in HTML as Go and Django see it, Flask, Gson, PHP, .NET,
    /// and encoders for scripts.
    private static let signs: [Set<UInt8>] = ["&<>", "&<>'", "&<>'=", "&<>'\"", "&<>'\"+`", "<>/"].map {
        Set($0.utf8)
    }

    /// One form for each set of signs that makes a difference, in either case of digits.
    private static func withSigns(_ text: [UInt8]) -> [[UInt8]] {
        let present = Set(text)
        var sets: Set<Set<UInt8>> = [[]]
        for set in signs { sets.insert(set.intersection(present)) }
        return sets.flatMap { set -> [[UInt8]] in
            [lowerDigits, upperDigits].map { digits -> [UInt8] in
                escape(text) { byte in
                    if set.contains(byte) { return unicodeEscape(UInt16(byte), digits: digits) }
                    return byte == UInt8(ascii: "\"") ? backslashed(byte) : nil
                }
            }
        }
    }

    private static func inASCII(_ text: [UInt8], digits: [UInt8]) -> [UInt8] {
        String(decoding: text, as: UTF8.self).utf16.flatMap { unit -> [UInt8] in
            unit < 0x7F ? [UInt8(unit)] : unicodeEscape(unit, digits: digits)
        }
    }

    private static func unicodeEscape(_ unit: UInt16, digits: [UInt8]) -> [UInt8] {
        Array("\\u".utf8) + hex([UInt8(unit >> 8), UInt8(unit & 0xFF)], digits: digits)
    }
}

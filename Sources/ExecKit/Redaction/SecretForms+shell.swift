/// How shells spell a value inside their quotes, and bash without any.
extension SecretForms {
    static func shell(_ bytes: [UInt8]) -> [[UInt8]] {
        let quoted = ["'\\''", "'\"'\"'"].map { spelling in
            escape(bytes) { $0 == quote ? Array(spelling.utf8) : nil }
        }
        let double = escape(bytes) { "\\\"$`".utf8.contains($0) ? backslashed($0) : nil }
        return quoted + [double] + words(bytes) + dollarQuoted(bytes)
    }

    private static let quote = UInt8(ascii: "'")

    /// As `printf %q` spells a word that it does not quote.
    private static func words(_ bytes: [UInt8]) -> [[UInt8]] {
        let all = [[], Array(",~#".utf8)].map { rest in
            escape(bytes) { isSafe($0) || rest.contains($0) ? nil : backslashed($0) }
        }
        // Bash escapes signs of words and home folders only where they would be taken for such; where the value
        // stands inside a word, that is not at its beginning.
        let inPlaces = [true, false].map { beginsWord in
            bytes.indices.flatMap { index -> [UInt8] in
                let byte = bytes[index]
                let before = index == 0 ? nil : bytes[index - 1]
                let needsEscape =
                    switch byte {
                    case UInt8(ascii: "#"): before == nil && beginsWord
                    case UInt8(ascii: "~"): before.map(":=".utf8.contains) ?? beginsWord
                    default: !isSafe(byte)
                    }
                return needsEscape ? backslashed(byte) : [byte]
            }
        }
        return all + inPlaces
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "_-./:=+@%".utf8.contains(byte) || byte >= 0x80
    }

    // MARK: - $'…'

    /// As bash spells what it cannot print: which characters these are depends on the locale.
    private static func dollarQuoted(_ bytes: [UInt8]) -> [[UInt8]] {
        let plain = escape(bytes, dollarEscape)
        let ascii = escape(plain) { $0 >= 0x80 ? octal($0) : nil }
        let printable = String(decoding: plain, as: UTF8.self).unicodeScalars.flatMap { scalar -> [UInt8] in
            let bytes = Array(String(scalar).utf8)
            return isPrintable(scalar) ? bytes : bytes.flatMap(octal)
        }
        // Not bash's own, but common: JSON's few escapes, and a quote's.
        let few = escape(bytes) { controlEscape($0) ?? ($0 == quote ? backslashed($0) : nil) }
        return [plain, ascii, printable, few]
    }

    private static func dollarEscape(_ byte: UInt8) -> [UInt8]? {
        switch byte {
        case 0x07: Array("\\a".utf8)
        case 0x0B: Array("\\v".utf8)
        case 0x1B: Array("\\E".utf8)
        case quote: backslashed(byte)
        default: controlEscape(byte) ?? (byte < 0x20 || byte == 0x7F ? octal(byte) : nil)
        }
    }

    private static func octal(_ byte: UInt8) -> [UInt8] {
        [UInt8(ascii: "\\")] + [byte >> 6, byte >> 3 & 7, byte & 7].map { UInt8(ascii: "0") + $0 }
    }

    /// As the C library sees it in a locale of UTF-8.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .unassigned, .lineSeparator, .paragraphSeparator: scalar.isASCII
        default: true
        }
    }
}

import Glibc

/// Looks for the beginning of a secret, in every form that a program may have given it.
struct SecretSearch: Sendable {
    /// One spelling of it.
    struct Form: Sendable {
        let name: String
        let bytes: [UInt8]
    }

    let forms: [Form]

    /// - Parameter beginning: what the secret begins with; long enough to be nothing else.
    init(for beginning: String) {
        let bytes = Array(beginning.utf8)
        let hex = Self.hex(bytes)
        var forms = [
            ("raw", bytes), ("hex", Array(hex.utf8)), ("HEX", Array(hex.uppercased().utf8)),
            ("reversed", Array(bytes.reversed())), ("reversed", Array(String(beginning.reversed()).utf8)),
            ("JSON", Self.json(beginning, isASCII: false)), ("JSON", Self.json(beginning, isASCII: true)),
            ("percent", Self.percent(bytes, isUppercase: true)),
            ("percent", Self.percent(bytes, isUppercase: false)),
        ]
        for offset in 0..<3 {
            let text = Self.base64(bytes, offset: offset)
            let url = text.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 }
                .map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
            forms += [("base64", text), ("base64url", url)]
        }
        self.forms = forms.map { Form(name: $0, bytes: $1) }
    }

    /// - Parameter key: what nobody has a reason to spell as a text.
    init(forKey key: [UInt8]) {
        let hex = Self.hex(key)
        forms =
            [
                Form(name: "raw key", bytes: key), Form(name: "key in hex", bytes: Array(hex.utf8)),
                Form(name: "key in HEX", bytes: Array(hex.uppercased().utf8)),
            ] + (0..<3).map { Form(name: "key in base64", bytes: Self.base64(key, offset: $0)) }
    }

    /// The forms of all of them.
    init(all searches: [SecretSearch]) { forms = searches.flatMap(\.forms) }

    /// The forms that `bytes` hold.
    func found(in bytes: [UInt8]) -> [Form] { forms.filter { Self.holds(bytes, $0.bytes) } }

    /// Whether `bytes` hold `part`.
    static func holds(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { whole in
            guard let start = whole.baseAddress, let first = part.first else { return false }
            var offset = 0
            // The system's own search for a byte: in a build for debugging a loop would take minutes.
            while whole.count - offset >= part.count,
                let place = memchr(start + offset, CInt(first), whole.count - offset - part.count + 1)
            {
                if memcmp(place, part, part.count) == 0 { return true }
                offset = UnsafeRawPointer(place) - UnsafeRawPointer(start) + 1
            }
            return false
        }
    }

    // MARK: - Spellings

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func json(_ text: String, isASCII: Bool) -> [UInt8] {
        text.utf16.flatMap { unit -> [UInt8] in
            if unit == 0x22 || unit == 0x5C { return [0x5C, UInt8(unit)] }
            if unit < 0x80 { return [UInt8(unit)] }
            let digits = hex([UInt8(unit >> 8), UInt8(unit & 0xFF)])
            return Array((isASCII ? "\\u" + digits : String(decoding: [unit], as: UTF16.self)).utf8)
        }
    }

    private static func percent(_ bytes: [UInt8], isUppercase: Bool) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            let character = Character(UnicodeScalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                return [byte]
            }
            return Array(("%" + (isUppercase ? hex([byte]).uppercased() : hex([byte]))).utf8)
        }
    }

    /// The characters that nothing before or behind the bytes has a part in.
    private static func base64(_ bytes: [UInt8], offset: Int) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let shifted = [UInt8](repeating: 0, count: offset) + bytes
        let bits = shifted.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        let whole = (offset * 8 + 5) / 6..<bits.count / 6
        return whole.map { index in alphabet[bits[6 * index..<6 * index + 6].reduce(0) { $0 << 1 | Int($1) }]
        }
    }
}

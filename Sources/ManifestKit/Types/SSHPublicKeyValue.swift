/// A public key in OpenSSH's one line: its type, the key in base64, and a comment or none.
///
/// Options before the key are refused: they would decide what it may run. The
/// key has to hold the type's own name and fields, and nothing else, each as long
/// as sshd wants it; whether a point lies on its curve is not looked at.
enum SSHPublicKeyValue: ValueGrammar {
    /// How many fields each type's key has, its name among them (RFC 4253, 5656, 8709 and OpenSSH's PROTOCOL.u2f).
    private static let fieldCounts = [
        "ssh-ed25519": 2, "ssh-rsa": 3, "ecdsa-sha2-nistp256": 3, "ecdsa-sha2-nistp384": 3,
        "ecdsa-sha2-nistp521": 3, "sk-ssh-ed25519@openssh.com": 3, "sk-ecdsa-sha2-nistp256@openssh.com": 4,
    ]

    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard isWellFormed(text) else {
            throw .type("is not a public key such as 'ssh-ed25519 AAAA… name'")
        }
        return text
    }

    private static func isWellFormed(_ text: String) -> Bool {
        let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, let count = fieldCounts[String(words[0])],
            text.utf8.allSatisfy({ $0 < 0x80 }), let key = decodedBase64(words[1].utf8),
            let fields = fields(of: key), fields.count == count, fields[0].elementsEqual(words[0].utf8)
        else { return false }
        return fields.allSatisfy { !$0.isEmpty } && fit(Array(fields.dropFirst()), String(words[0]))
    }

    /// Whether the fields behind the type's name are a key of the type.
    private static func fit(_ fields: [ArraySlice<UInt8>], _ type: String) -> Bool {
        switch type {
        case "ssh-ed25519", "sk-ssh-ed25519@openssh.com": return fields[0].count == 32
        case "ssh-rsa":
            // OpenSSH takes none below 1,024 bits, and none above 16,384.
            let modulus = fields[1].drop { $0 == 0 }
            let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
            return isPositive(fields[0]) && isPositive(fields[1]) && (1024...16_384).contains(bits)
                && fields[0].last.map { $0 & 1 == 1 } ?? false && fields[0] != [1]
        default:
            let curve = type.split(separator: "-").last.map { $0.prefix { $0 != "@" } } ?? ""
            let sizes = ["nistp256": 65, "nistp384": 97, "nistp521": 133]
            return fields[0].elementsEqual(curve.utf8) && fields[1].count == sizes[String(curve)]
                && fields[1].first == 4
        }
    }

    /// Whether a number of SSH has no sign.
    private static func isPositive(_ number: ArraySlice<UInt8>) -> Bool {
        number.first.map { $0 < 0x80 } ?? false
    }

    /// The fields of a key, each behind its length in four bytes; nil where it ends elsewhere than a field.
    private static func fields(of key: [UInt8]) -> [ArraySlice<UInt8>]? {
        var fields: [ArraySlice<UInt8>] = []
        var rest = key[...]
        while !rest.isEmpty {
            guard rest.count >= 4, fields.count < 4 else { return nil }
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard length <= rest.count else { return nil }
            fields.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return fields
    }

    /// The bytes of padded base64 without a stray bit, or nil.
    private static func decodedBase64(_ text: Substring.UTF8View) -> [UInt8]? {
        guard !text.isEmpty, text.count % 4 == 0 else { return nil }
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.dropLast(padding) {
            guard let digit = digit(byte) else { return nil }
            bits = bits << 6 | digit
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bits & ((1 << UInt32(count)) - 1) == 0 ? bytes : nil
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte) - 0x41
        case 0x61...0x7A: UInt32(byte) - 0x61 + 26
        case 0x30...0x39: UInt32(byte) - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}

/// The addresses that are accepted: RFC 5322's dot-atom before the sign, a domain name after it.
///
/// No quoted local parts, no comments, no address literals, no domain without a
/// dot, nothing but ASCII: what is left is what mail servers take everywhere.
enum EmailValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard isWellFormed(text) else { throw .type("is not an e-mail address") }
        return text
    }

    private static func isWellFormed(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 254 else { return false }
        return isLocalPart(parts[0]) && isDomain(parts[1])
    }

    private static func isLocalPart(_ part: Substring.UTF8View) -> Bool {
        let atoms = part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return part.count <= 64 && atoms.allSatisfy { !$0.isEmpty && $0.allSatisfy(isAtomCharacter) }
    }

    private static func isDomain(_ domain: Substring.UTF8View) -> Bool {
        domain.contains(UInt8(ascii: ".")) && HostnameValue.isWellFormed(domain)
    }

    private static func isAtomCharacter(_ byte: UInt8) -> Bool {
        ASCII.isAlphanumeric(byte) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }
}

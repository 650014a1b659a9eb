/// A host's name: labels of letters, digits and inner hyphens between dots (RFC 1123), 253 characters at most.
///
/// A name whose last label is a number would be read as an IPv4 address.
enum HostnameValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard isWellFormed(text.utf8[...]) else { throw .type("is not a host name") }
        return text
    }

    static func isWellFormed(_ text: Substring.UTF8View) -> Bool {
        let labels = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.count <= 253, labels.allSatisfy(isLabel), let last = labels.last else { return false }
        return !isNumber(last)
    }

    /// In decimal, or as C writes hexadecimal: `127`, `0x7f`.
    private static func isNumber(_ label: Substring.UTF8View) -> Bool {
        if label.starts(with: "0x".utf8) || label.starts(with: "0X".utf8) {
            return label.dropFirst(2).allSatisfy(ASCII.isHexDigit)
        }
        return label.allSatisfy(ASCII.isDigit)
    }

    static func isLabel(_ label: Substring.UTF8View) -> Bool {
        (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
            && label.allSatisfy { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
}

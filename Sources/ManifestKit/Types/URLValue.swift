/// An address `scheme://host`, with or without port, path, query and fragment (RFC 3986), in ASCII.
///
/// It names no user and no password: those are inputs of their own. Which
/// schemes are accepted is for the input to say.
enum URLValue: ValueGrammar {
    /// The schemes of an input that lists none.
    static let schemes = ["http", "https"]

    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard isWellFormed(text) else { throw .type("is not a URL such as 'https://example.com/path'") }
        return text
    }

    /// The scheme of a well-formed text, in small letters.
    static func scheme(of text: String) -> String {
        String(text.prefix { $0 != ":" }).lowercased()
    }

    static func isScheme(_ text: String) -> Bool {
        guard let first = text.utf8.first, ASCII.isLetter(first) else { return false }
        return text.utf8.allSatisfy { ASCII.isAlphanumeric($0) || "+-.".utf8.contains($0) }
    }

    private static func isWellFormed(_ text: String) -> Bool {
        guard text.utf8.count <= 2048, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            isScheme(String(text[..<colon])), text.utf8[colon...].starts(with: "://".utf8)
        else { return false }
        let rest = text.utf8[text.utf8.index(colon, offsetBy: 3)...]
        let authority = rest.prefix { !"/?#".utf8.contains($0) }
        return isAuthority(authority) && isTail(rest.dropFirst(authority.count))
    }

    private static func isAuthority(_ text: Substring.UTF8View) -> Bool {
        var host = text
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")),
                IPAddressValue.isIPv6(host[host.index(after: host.startIndex)..<end])
            else { return false }
            host = host[host.index(after: end)...]
            return host.isEmpty || isPort(host)
        }
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) {
            guard isPort(host[colon...]) else { return false }
            host = host[..<colon]
        }
        return IPAddressValue.isIPv4(host) || HostnameValue.isWellFormed(host)
    }

    private static func isPort(_ text: Substring.UTF8View) -> Bool {
        guard text.first == UInt8(ascii: ":") else { return false }
        return UInt16(exactDecimal: String(Substring(text.dropFirst()))).map { $0 > 0 } ?? false
    }

    /// Path, query and fragment: unreserved and reserved characters, and whole escapes.
    private static func isTail(_ text: Substring.UTF8View) -> Bool {
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.prefix(2).count == 2, rest.prefix(2).allSatisfy(ASCII.isHexDigit) else {
                    return false
                }
            } else if !ASCII.isAlphanumeric(byte), !"-._~:/?#@!$&'()*+,;=".utf8.contains(byte) {
                return false
            }
        }
        return true
    }
}

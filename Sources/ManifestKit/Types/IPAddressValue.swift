/// An IPv4 address of four decimal numbers, or an IPv6 address (RFC 4291), without a zone.
enum IPAddressValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard isIPv4(text.utf8[...]) || isIPv6(text.utf8[...]) else { throw .type("is not an IP address") }
        return text
    }

    /// Four numbers up to 255 without leading zeros, which some readers take for octal.
    static func isIPv4(_ text: Substring.UTF8View) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.count <= 3 && UInt8(exactDecimal: String(Substring(part))) != nil
            }
    }

    /// Eight groups of up to four hexadecimal digits; `::` once for groups of zero, IPv4 in the last two.
    static func isIPv6(_ text: Substring.UTF8View) -> Bool {
        guard text.count <= 45, let halves = halves(of: text) else { return false }
        var count = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            let groups = half.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            for (position, group) in groups.enumerated() {
                let isLast = index == halves.count - 1 && position == groups.count - 1
                if isLast, group.contains(UInt8(ascii: ".")) {
                    guard isIPv4(group) else { return false }
                    count += 2
                } else {
                    guard (1...4).contains(group.count), group.allSatisfy(ASCII.isHexDigit) else {
                        return false
                    }
                    count += 1
                }
            }
        }
        return halves.count == 1 ? count == 8 : count <= 7
    }

    /// The text before and behind `::`, or all of it where there is none; nil where there are two.
    private static func halves(of text: Substring.UTF8View) -> [Substring.UTF8View]? {
        let colon = UInt8(ascii: ":")
        var cut: Substring.UTF8View.Index?
        var index = text.startIndex
        while index != text.endIndex {
            let next = text.index(after: index)
            if text[index] == colon, next != text.endIndex, text[next] == colon {
                if cut != nil { return nil }
                cut = index
                index = next
            }
            index = text.index(after: index)
        }
        guard let cut else { return [text] }
        return [text[..<cut], text[text.index(cut, offsetBy: 2)...]]
    }
}

/// An IP address and the length of its network's prefix, as in `10.0.0.0/8` and `2001:db8::/32`.
enum CIDRValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let length = UInt8(exactDecimal: String(Substring(parts[1]))),
            IPAddressValue.isIPv4(parts[0]) && length <= 32
                || IPAddressValue.isIPv6(parts[0]) && length <= 128
        else { throw .type("is not an IP network such as '10.0.0.0/8'") }
        return text
    }
}

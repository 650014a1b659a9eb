/// What readers of YAML 1.1 would make of a text without quotes.
enum AmbiguousScalar {
    /// `a number`, `a boolean`, …; nil if every reader takes `text` for text.
    static func otherReading(of text: String) -> String? {
        if nulls.contains(text) { return "nothing" }
        if booleans.contains(text) { return "a boolean" }
        if isNumber(text) { return "a number" }
        if isDate(text) { return "a date" }
        return nil
    }

    /// Suggests quotes where a text stands without them and other readers would see no text.
    static func warn(
        about text: String, _ style: ScalarStyle, at location: SourceLocation, _ findings: Findings
    ) {
        guard style == .plain, let reading = otherReading(of: text) else { return }
        findings.warning(
            .ambiguousScalar,
            "other readers of YAML take \(text) for \(reading); write it in quotes: \"\(text)\"",
            at: location)
    }

    private static let nulls: Set<String> = ["~", "null", "Null", "NULL"]

    private static let booleans: Set<String> = Set(
        ["y", "n", "yes", "no", "on", "off", "true", "false"].flatMap { word in
            [word, word.uppercased(), word.prefix(1).uppercased() + word.dropFirst()]
        })

    /// Decimal, octal, hexadecimal, binary, base 60, fractions and exponents, with YAML's underscores.
    private static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8.filter { $0 != UInt8(ascii: "_") }[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(where: { rest.elementsEqual($0.utf8) }) {
            return true
        }
        if rest.starts(with: "0x".utf8) { return rest.count > 2 && rest.dropFirst(2).allSatisfy(isHexDigit) }
        if rest.starts(with: "0o".utf8) || rest.starts(with: "0b".utf8) {
            return rest.count > 2 && rest.dropFirst(2).allSatisfy(isDigit)
        }
        guard rest.contains(where: isDigit) else { return false }
        let sixties = rest.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        if sixties.count > 1 {
            return sixties.allSatisfy { !$0.isEmpty && $0.count <= 2 && $0.allSatisfy(isDigit) }
        }
        rest = rest.drop(while: isDigit)
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop(while: isDigit) }
        guard let exponent = rest.first else { return true }
        guard exponent == UInt8(ascii: "e") || exponent == UInt8(ascii: "E") else { return false }
        rest.removeFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    private static func isDate(_ text: String) -> Bool {
        let parts = text.utf8.prefix(10).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3 else { return false }
        return parts[0].count == 4 && (1...2).contains(parts[1].count) && (1...2).contains(parts[2].count)
            && parts.allSatisfy { $0.allSatisfy(isDigit) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}

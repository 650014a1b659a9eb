/// What readers of YAML 1.1 would make of a text without quotes.
enum AmbiguousScalar {
    /// `a number`, `a boolean`, …; nil if every reader takes `text` for text.
    static func otherReading(of text: String) -> String? {
        if text.utf8.count <= longestWord, let reading = words[text] { return reading }
        // Nearly all texts begin with a letter, and no number or date does.
        guard let first = text.utf8.first, !ASCII.isLetter(first) else { return nil }
        if isNumber(text) { return "a number" }
        if isDate(text) { return "a date" }
        return nil
    }

    /// Suggests quotes where a text stands without them and other readers would see no text.
    static func warn(
        about text: String, _ style: ScalarStyle, at location: SourceMark, _ findings: Findings
    ) {
        guard style == .plain, let reading = otherReading(of: text) else { return }
        findings.warning(
            .ambiguousScalar,
            "other readers of YAML take \(text) for \(reading); write it in quotes: \"\(text)\"",
            at: location)
    }

    private static let words: [String: String] = {
        var words = ["~": "nothing"]
        for word in ["null", "y", "n", "yes", "no", "on", "off", "true", "false"] {
            for spelling in [word, word.uppercased(), word.prefix(1).uppercased() + word.dropFirst()] {
                words[spelling] = word == "null" ? "nothing" : "a boolean"
            }
        }
        return words
    }()

    private static let longestWord = 5

    /// Decimal, octal, hexadecimal, binary, base 60, fractions and exponents, with YAML's underscores.
    private static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8.filter { $0 != UInt8(ascii: "_") }[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(where: { rest.elementsEqual($0.utf8) }) {
            return true
        }
        if rest.starts(with: "0x".utf8) {
            return rest.count > 2 && rest.dropFirst(2).allSatisfy(ASCII.isHexDigit)
        }
        if rest.starts(with: "0o".utf8) || rest.starts(with: "0b".utf8) {
            return rest.count > 2 && rest.dropFirst(2).allSatisfy(ASCII.isDigit)
        }
        guard rest.contains(where: ASCII.isDigit) else { return false }
        let sixties = rest.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        if sixties.count > 1 {
            return sixties.allSatisfy { !$0.isEmpty && $0.count <= 2 && $0.allSatisfy(ASCII.isDigit) }
        }
        rest = rest.drop(while: ASCII.isDigit)
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop(while: ASCII.isDigit) }
        guard let exponent = rest.first else { return true }
        guard exponent == UInt8(ascii: "e") || exponent == UInt8(ascii: "E") else { return false }
        rest.removeFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        return !rest.isEmpty && rest.allSatisfy(ASCII.isDigit)
    }

    private static func isDate(_ text: String) -> Bool {
        let parts = text.utf8.prefix(10).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3 else { return false }
        return parts[0].count == 4 && (1...2).contains(parts[1].count) && (1...2).contains(parts[2].count)
            && parts.allSatisfy { $0.allSatisfy(ASCII.isDigit) }
    }
}

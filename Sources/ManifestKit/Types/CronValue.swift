/// When to run something: minute, hour, day, month and weekday as crontab(5) has them, or a nickname.
enum CronValue: ValueGrammar {
    private struct Field {
        let range: ClosedRange<Int>
        var names: [String] = []
        /// The number of the first name.
        var first = 0
    }

    private static let fields = [
        Field(range: 0...59), Field(range: 0...23), Field(range: 1...31),
        Field(
            range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
            first: 1),
        Field(range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    private static let nicknames: Set<String> = [
        "@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
    ]

    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard nicknames.contains(text) || isWellFormed(text) else {
            throw .type("is not five fields of cron such as '30 4 * * mon-fri', nor one of its nicknames")
        }
        return text
    }

    private static func isWellFormed(_ text: String) -> Bool {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        return words.count == fields.count
            && zip(words, fields).allSatisfy { word, field in
                word.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { isItem($0, field) }
            }
    }

    /// `*`, a number or name, a range, and a step behind any but the number.
    private static func isItem(_ text: Substring, _ field: Field) -> Bool {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = parts.first else { return false }
        if parts.count == 2 {
            guard let step = Int(exactDecimal: String(parts[1])), (1...field.range.upperBound).contains(step),
                base == "*" || base.contains("-")
            else { return false }
        }
        if base == "*" { return true }
        let ends = base.split(separator: "-", omittingEmptySubsequences: false).map { number($0, field) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else {
            return false
        }
        return first <= last
    }

    private static func number(_ text: Substring, _ field: Field) -> Int? {
        if let index = field.names.firstIndex(of: text.lowercased()) { return index + field.first }
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy(ASCII.isDigit), let number = Int(text),
            field.range.contains(number)
        else { return nil }
        return number
    }
}

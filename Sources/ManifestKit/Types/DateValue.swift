/// A day of the Gregorian calendar, `YYYY-MM-DD`, that exists.
enum DateValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard isWellFormed(text.utf8) else { throw .type("is not a date such as '2026-02-28'") }
        return text
    }

    private static func isWellFormed(_ text: String.UTF8View) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], parts.allSatisfy({ $0.allSatisfy(ASCII.isDigit) }) else {
            return false
        }
        let numbers = parts.map { $0.reduce(0) { $0 * 10 + Int($1 - 0x30) } }
        let (year, month, day) = (numbers[0], numbers[1], numbers[2])
        guard year > 0, (1...12).contains(month) else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }
}

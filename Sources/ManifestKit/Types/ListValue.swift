/// Items with commas between them, which no item may hold itself.
enum ListValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard !items(of: text).contains(where: \.isEmpty) else { throw .type("has an empty item") }
        return text
    }

    /// The items of a canonical text.
    static func items(of text: String) -> [Substring] {
        // By bytes: with a combining mark behind it a comma is another character of Swift's.
        text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(Substring.init)
    }
}

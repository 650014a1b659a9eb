/// Items with commas between them, which no item may hold itself.
enum ListValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard !items(of: text).contains(where: \.isEmpty) else { throw .type("has an empty item") }
        return text
    }

    /// The items of a canonical text.
    static func items(of text: String) -> [Substring] {
        text.split(separator: ",", omittingEmptySubsequences: false)
    }
}

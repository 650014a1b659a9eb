/// `true` or `false`, and no other word for either.
enum BooleanValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard text == "true" || text == "false" else { throw .type("is not 'true' or 'false'") }
        return text
    }
}

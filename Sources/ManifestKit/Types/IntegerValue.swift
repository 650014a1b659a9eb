/// A whole number of 64 bits: a minus where it is negative, no leading zero.
enum IntegerValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard Int64(exactDecimal: text) != nil else { throw .type("is not a whole number") }
        return text
    }
}

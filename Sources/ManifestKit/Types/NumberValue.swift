/// A number with or without a fraction, of at most 18 digits; scripts see its shortest spelling.
enum NumberValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard let number = DecimalNumber(text) else { throw .type("is not a number such as '12' or '0.5'") }
        return number.description
    }
}

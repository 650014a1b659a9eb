/// The number of a TCP or UDP port, 1 to 65535.
enum PortValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard let number = Int64(exactDecimal: text), (1...65535).contains(number) else {
            throw .type("is not a port (1–65535)")
        }
        return text
    }
}

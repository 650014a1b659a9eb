/// A whole number of 64 bits: a minus where it is negative, no leading zero.
enum IntegerValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        if Int64(exactDecimal: text) != nil { return text }
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") }
        let isTooLarge =
            text.utf8.count - digits.count <= 1 && digits.count > 18 && digits.allSatisfy(ASCII.isDigit)
        throw .type(isTooLarge ? "is beyond the whole numbers of 64 bits" : "is not a whole number")
    }
}

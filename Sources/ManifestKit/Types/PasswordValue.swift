/// A secret of one line: 4 characters at least, 1,024 bytes at most.
enum PasswordValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard text.unicodeScalars.count >= 4 else {
            throw ValueProblem(.minLength, "is shorter than 4 characters")
        }
        guard text.utf8.count <= 1024 else { throw ValueProblem(.size, "is longer than 1024 bytes") }
        return text
    }
}

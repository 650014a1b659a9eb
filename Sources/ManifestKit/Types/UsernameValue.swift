/// The name of a Unix account, as `useradd` takes it: 32 characters of `[a-z_][a-z0-9_-]*`.
enum UsernameValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 32,
            ASCII.isLowercase(first) || first == UInt8(ascii: "_"),
            bytes.allSatisfy({ ASCII.isLowercase($0) || ASCII.isDigit($0) || "_-".utf8.contains($0) })
        else { throw .type("is not an account's name: lower-case letters, digits, '_' and '-', at most 32") }
        return text
    }
}

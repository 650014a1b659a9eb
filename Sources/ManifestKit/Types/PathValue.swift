/// A full path in its one spelling: no empty part, no `.` or `..`, no slash at its end.
enum PathValue: ValueGrammar {
    static func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard isWellFormed(text) else {
            throw .type("is not a full path, without '.', '..', double slashes or one at its end")
        }
        return text
    }

    private static func isWellFormed(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "/"), text.utf8.count <= 4095 else { return false }
        let parts = text.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return text == "/"
            || parts.allSatisfy { part in
                (1...255).contains(part.count) && !part.elementsEqual(".".utf8)
                    && !part.elementsEqual("..".utf8)
            }
    }

    /// Whether `path` is `folder` or lies below it; both are well-formed.
    static func isInside(_ path: String, of folder: String) -> Bool {
        folder == "/" || path.hasSameBytes(as: folder) || path.utf8.starts(with: (folder + "/").utf8)
    }
}

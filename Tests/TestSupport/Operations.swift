/// What docs/operations.md tells operators to do, word for word.
package enum Operations {
    /// The document.
    package static func text() throws -> String {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return try Fixtures.read(root.joined(separator: "/") + "/docs/operations.md")
    }

    /// The command that makes a user of Redis for the panel, with `>PASSWORD` for its password.
    package static var panelUser: String {
        get throws {
            guard
                let line = try text().split(separator: "\n").first(where: {
                    $0.hasPrefix("ACL SETUSER panel ")
                })
            else {
                throw SystemFailure("docs/operations.md has no 'ACL SETUSER panel'")
            }
            return String(line)
        }
    }
}

/// Paths that a manifest may name: relative, and inside the application's folder.
package enum RelativePath {
    /// Whether `path` is names with single slashes between them, none of them `.` or `..`.
    package static func isWellFormed(_ path: String) -> Bool {
        let names = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return path.utf8.count <= 1024
            && names.allSatisfy { isName(String(decoding: $0, as: UTF8.self)) }
    }

    /// Whether `name` can be one entry of a folder that is shown to people and passed to tools.
    package static func isName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
            && !name.unicodeScalars.contains {
                $0 == "/" || $0 == "\\" || Characters.isForbiddenInOneLine($0)
            }
    }
}

/// Why a file or folder was not read.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        case notFound, link, notRegular, notFolder, tooLarge, denied, changed, system
    }

    package let code: Code
    /// The path as the caller named it.
    package let path: String
    /// The rest of a sentence that begins with the path: `is a link`.
    package let predicate: String

    package init(_ code: Code, path: String, _ predicate: String) {
        self.code = code
        self.path = path
        self.predicate = predicate
    }

    package var description: String { "'\(path.escapedForTerminals)' \(predicate)" }
}

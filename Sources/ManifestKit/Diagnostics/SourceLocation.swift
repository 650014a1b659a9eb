/// A place in a file: line and column, both counted from 1.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    /// The file's path as the reader of a finding should see it.
    public let file: String
    /// The line, from 1.
    public let line: Int
    /// The column in characters, from 1.
    public let column: Int

    /// A place in `file`; the beginning when nothing else is said.
    public init(file: String, line: Int = 1, column: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// The place as compilers write it: `path:line:column`.
    public var description: String { "\(file):\(line):\(column)" }

    /// The place `count` characters further on the same line.
    package func advanced(by count: Int) -> SourceLocation {
        SourceLocation(file: file, line: line, column: column + count)
    }
}

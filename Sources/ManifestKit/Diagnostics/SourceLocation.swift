/// A place in a file: line and column, both counted from 1.
public struct SourceLocation: Hashable, Sendable, Encodable, CustomStringConvertible {
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
    public var description: String { "\(file.escapedForTerminals):\(line):\(column)" }
}

/// A place in a file that is known from elsewhere.
///
/// Every node of a file has one: it is small and holds no reference.
package struct SourceMark: Hashable, Sendable {
    private let storedLine: Int32
    private let storedColumn: Int32

    init(line: Int, column: Int) {
        storedLine = Int32(clamping: line)
        storedColumn = Int32(clamping: column)
    }

    /// The line, from 1.
    package var line: Int { Int(storedLine) }
    /// The column in characters, from 1.
    package var column: Int { Int(storedColumn) }

    /// The place `count` characters further on the same line.
    func advanced(by count: Int) -> SourceMark { SourceMark(line: line, column: column + count) }

    /// The place for a finding about `file`.
    func location(in file: String) -> SourceLocation {
        SourceLocation(file: file, line: line, column: column)
    }
}

import GRDB
import JobKit
import ManifestKit

/// Columns in the order in which a row type writes and reads them.
struct Columns {
    let names: [String]

    init(_ names: String...) { self.names = names }

    private init(names: [String]) { self.names = names }

    static func + (left: Columns, right: Columns) -> Columns { Columns(names: left.names + right.names) }

    /// As in `a, b, c`.
    var list: String { names.joined(separator: ", ") }

    /// As in `t.a, t.b, t.c`.
    func list(of table: String) -> String { names.map { "\(table).\($0)" }.joined(separator: ", ") }

    /// As in `?, ?, ?`.
    var placeholders: String { names.map { _ in "?" }.joined(separator: ", ") }

    /// As in `a = ?, b = ?`.
    var assignments: String { names.map { "\($0) = ?" }.joined(separator: ", ") }

    /// As in `a = excluded.a, b = excluded.b`.
    var replacements: String { names.map { "\($0) = excluded.\($0)" }.joined(separator: ", ") }
}

/// What is bound to the question marks of a statement.
typealias Values = [(any DatabaseValueConvertible)?]

extension [String: String] {
    /// The canonical JSON of an object of strings.
    var canonicalJSON: String { String(decoding: JSONValue(strings: self).canonicalBytes(), as: UTF8.self) }
}

extension Database {
    /// Text ends for GRDB at a zero byte: one that comes in from outside is shown as U+FFFD, and
    /// never cuts a text short or makes two keys one.
    private func arguments(_ values: Values) -> StatementArguments {
        StatementArguments(
            values.map { value in
                let value = value?.databaseValue ?? .null
                guard case .string(let text) = value.storage, text.utf8.contains(0) else { return value }
                let shown = text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }
                return String(String.UnicodeScalarView(shown)).databaseValue
            })
    }

    /// Runs a statement that is compiled once for the connection.
    func run(_ sql: String, _ values: Values) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments(values))
    }

    /// What `read` makes of every row, up to the first one behind which no more are wanted.
    func rows<Value>(
        _ sql: String, _ values: Values, while goesOn: (Value) -> Bool = { _ in true },
        _ read: (inout RowReader) throws(StoreError) -> Value
    ) throws -> [Value] {
        let rows = try Row.fetchCursor(try cachedStatement(sql: sql), arguments: arguments(values))
        var result: [Value] = []
        while let row = try rows.next() {
            var reader = RowReader(row)
            let value = try read(&reader)
            result.append(value)
            guard goesOn(value) else { break }
        }
        return result
    }

    /// What `read` makes of the first row, or nil where there is none.
    func row<Value>(
        _ sql: String, _ values: Values, _ read: (inout RowReader) throws(StoreError) -> Value
    ) throws -> Value? {
        try rows(sql, values, read).first
    }
}

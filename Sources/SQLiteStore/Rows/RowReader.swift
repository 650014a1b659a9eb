import GRDB
import JobKit
import ManifestKit

/// Reads a row's columns from left to right; a value of the wrong kind is damage, never a trap.
struct RowReader {
    private let row: Row
    private var index = 0

    init(_ row: Row) { self.row = row }

    mutating func text() throws(StoreError) -> String { try required("text", Self.text) }
    mutating func optionalText() throws(StoreError) -> String? { try optional("text", Self.text) }
    mutating func integer() throws(StoreError) -> Int { try required("a whole number", Self.integer) }
    mutating func optionalInteger() throws(StoreError) -> Int? {
        try optional("a whole number", Self.integer)
    }
    mutating func boolean() throws(StoreError) -> Bool { try integer() != 0 }
    mutating func time() throws(StoreError) -> Timestamp { try required("a time", Self.time) }
    mutating func optionalTime() throws(StoreError) -> Timestamp? { try optional("a time", Self.time) }

    mutating func bytes() throws(StoreError) -> [UInt8] {
        try required("bytes") { if case .blob(let data) = $0 { Array(data) } else { nil } }
    }

    /// A text that `make` understands.
    mutating func parsed<Value>(_ make: (String) -> Value?) throws(StoreError) -> Value {
        try required("\(Value.self)") { Self.text($0).flatMap(make) }
    }

    mutating func optionalParsed<Value>(_ make: (String) -> Value?) throws(StoreError) -> Value? {
        try optional("\(Value.self)") { Self.text($0).flatMap(make) }
    }

    /// A JSON object, each member's value made into what is wanted.
    mutating func members<Value>(_ make: (JSONValue) -> Value?) throws(StoreError) -> [String: Value] {
        try required("a JSON object of the agreed form") { value in
            guard let text = Self.text(value), let object = try? JSONValue(parsing: Array(text.utf8)).object
            else { return nil }
            var members: [String: Value] = [:]
            for member in object {
                guard let value = make(member.value) else { return nil }
                members[member.name] = value
            }
            return members
        }
    }

    // MARK: - One column

    private typealias Storage = DatabaseValue.Storage

    /// The column as SQLite has it, without the conversions that may trap.
    private var storage: Storage { (row[index] as DatabaseValue).storage }

    private static func text(_ value: Storage) -> String? {
        if case .string(let text) = value { text } else { nil }
    }
    private static func time(_ value: Storage) -> Timestamp? {
        if case .int64(let number) = value { Timestamp(milliseconds: number) } else { nil }
    }
    private static func integer(_ value: Storage) -> Int? {
        if case .int64(let number) = value { Int(exactly: number) } else { nil }
    }

    private mutating func required<Value>(
        _ wanted: @autoclosure () -> String, _ make: (Storage) -> Value?
    ) throws(StoreError) -> Value {
        defer { index += 1 }
        guard let value = make(storage) else { throw damage(wanted()) }
        return value
    }

    private mutating func optional<Value>(
        _ wanted: @autoclosure () -> String, _ make: (Storage) -> Value?
    ) throws(StoreError) -> Value? {
        if case .null = storage {
            index += 1
            return nil
        }
        return try required(wanted(), make)
    }

    /// Names the column, not what is in it.
    private func damage(_ wanted: String) -> StoreError {
        let names = Array(row.columnNames)
        let name = names.indices.contains(index) ? names[index] : "\(index)"
        return StoreError(.damaged, "column '\(name)' of the record does not hold \(wanted)")
    }
}

package import ManifestKit

/// Reads the members of a JSON object one by one; what is left over at the end is refused.
package struct MemberReader {
    /// What is wrong with which member.
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let member: String
        package let wanted: String

        package var description: String { "member '\(member)' is not \(wanted)" }
    }

    private var object: JSONObject

    package init(_ value: JSONValue?) throws(Failure) {
        guard let object = value?.object else { throw Failure(member: "", wanted: "an object") }
        self.object = object
    }

    package init(parsing bytes: [UInt8]) throws(Failure) {
        try self.init(try? JSONValue(parsing: bytes))
    }

    /// What has not been read yet.
    package var names: [String] { object.names }

    package mutating func value(_ name: String) -> JSONValue? {
        defer { object[name] = nil }
        return object[name]
    }

    package mutating func string(_ name: String) throws(Failure) -> String {
        guard let text = value(name)?.string, !Characters.isOverloaded(text) else {
            throw Failure(member: name, wanted: "a string")
        }
        return text
    }

    package mutating func bool(_ name: String) throws(Failure) -> Bool {
        guard let value = value(name)?.bool else { throw Failure(member: name, wanted: "true or false") }
        return value
    }

    package mutating func integer(_ name: String, in range: ClosedRange<Int> = 0...Int.max) throws(Failure)
        -> Int
    {
        guard let value = value(name)?.integer.flatMap({ Int(exactly: $0) }), range.contains(value) else {
            throw Failure(member: name, wanted: "a whole number in its range")
        }
        return value
    }

    package mutating func time(_ name: String) throws(Failure) -> Timestamp {
        Timestamp(milliseconds: Int64(try integer(name, in: Int.min...Int.max)))
    }

    package mutating func array(_ name: String) throws(Failure) -> [JSONValue] {
        guard let elements = value(name)?.array else { throw Failure(member: name, wanted: "an array") }
        return elements
    }

    package mutating func attempts(_ name: String) throws(Failure) -> [AttemptID] {
        var attempts: [AttemptID] = []
        for element in try array(name) {
            guard let attempt = element.string.flatMap(AttemptID.init) else {
                throw Failure(member: name, wanted: "attempts' ids")
            }
            attempts.append(attempt)
        }
        return attempts
    }

    package mutating func strings(_ name: String) throws(Failure) -> [String: String] {
        guard let object = value(name)?.object else { throw Failure(member: name, wanted: "an object") }
        var result: [String: String] = [:]
        for member in object {
            guard let text = member.value.string, !Characters.isOverloaded(text) else {
                throw Failure(member: name, wanted: "an object of strings")
            }
            result[member.name] = text
        }
        return result
    }

    /// A string that `make` understands.
    package mutating func parsed<Value>(
        _ name: String, _ wanted: String, _ make: (String) -> Value?
    ) throws(Failure) -> Value {
        guard let value = make(try string(name)) else { throw Failure(member: name, wanted: wanted) }
        return value
    }

    /// Nil where the member is missing or null; else what `read` makes of it.
    package mutating func optional<Value>(
        _ name: String, _ read: (inout MemberReader, String) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        if object[name] == nil { return nil }
        if object[name] == .null {
            object[name] = nil
            return nil
        }
        return try read(&self, name)
    }

    /// Refuses what nobody asked for.
    package func finish() throws(Failure) {
        guard let name = object.names.first else { return }
        throw Failure(member: name, wanted: "known here")
    }
}

extension Timestamp {
    package var json: JSONValue { .integer(milliseconds) }
}

extension JSONValue {
    /// An object of strings, sorted by name.
    package init(strings: [String: String]) {
        self = .object(JSONObject(strings.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }

    /// The value's JSON, or null.
    package static func optional<Value>(_ value: Value?, _ json: (Value) -> JSONValue) -> JSONValue {
        value.map(json) ?? .null
    }
}

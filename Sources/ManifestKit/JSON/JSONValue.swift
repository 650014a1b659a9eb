/// A JSON text as a value: what requests, messages and canonical forms share.
///
/// Numbers keep their source text, so that nothing is rounded on the way
/// through; members keep their order and are unique by construction.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The number's source text, in JSON's own grammar.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    package static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

    /// The string, or nil for any other kind.
    package var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The boolean, or nil for any other kind.
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The elements, or nil for any other kind.
    package var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The members, or nil for any other kind.
    package var object: JSONObject? { if case .object(let members) = self { members } else { nil } }

    /// The whole number that is written without fraction or exponent, or nil.
    package var integer: Int64? { if case .number(let text) = self { Int64(text) } else { nil } }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
    package init(nilLiteral: ()) { self = .null }
}

/// The members of a JSON object, in order, each name once.
package struct JSONObject: Hashable, Sendable, ExpressibleByDictionaryLiteral, Sequence {
    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: JSONValue
    }

    package private(set) var members: [Member] = []

    package init() {}

    /// The given members; of several with one name the last one stays.
    package init(_ pairs: some Sequence<(String, JSONValue)>) {
        var positions: [[UInt8]: Int] = [:]
        for (name, value) in pairs {
            let member = Member(name: name, value: value)
            if let position = positions.updateValue(members.count, forKey: Array(name.utf8)) {
                positions[Array(name.utf8)] = position
                members[position] = member
            } else {
                members.append(member)
            }
        }
    }

    package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }

    package var names: [String] { members.map(\.name) }
    package var isEmpty: Bool { members.isEmpty }

    package subscript(name: String) -> JSONValue? {
        get { index(of: name).map { members[$0].value } }
        set {
            switch (index(of: name), newValue) {
            case (let index?, let value?): members[index] = Member(name: name, value: value)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (let index?, nil): members.remove(at: index)
            case (nil, nil): break
            }
        }
    }

    package func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }

    /// Appends without looking for an equal name: for the reader, which has looked.
    mutating func append(unique name: String, _ value: JSONValue) {
        members.append(Member(name: name, value: value))
    }

    /// Names are told apart by their scalars: Swift's `==` holds "é" composed and decomposed equal.
    private func index(of name: String) -> Int? {
        members.firstIndex { $0.name.unicodeScalars.elementsEqual(name.unicodeScalars) }
    }
}

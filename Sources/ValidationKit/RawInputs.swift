package import ManifestKit

/// One value as it came in, before anything is known about it.
public enum RawValue: Sendable {
    /// A text.
    case text(String)
    /// A native boolean.
    case boolean(Bool)
    /// A native number, as it was written.
    case number(String)
    /// A list of texts.
    case list([String])
    /// Anything else, which no input takes.
    case structure
}

extension RawValue: CustomStringConvertible, CustomReflectable {
    /// The value's kind and no more: nobody knows yet whether it is a secret.
    public var description: String {
        switch self {
        case .text: "text"
        case .boolean: "boolean"
        case .number: "number"
        case .list: "list"
        case .structure: "structure"
        }
    }

    /// Nothing of the value.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Values as they came in, each under the name it was sent with.
public struct RawInputs: Sendable, ExpressibleByDictionaryLiteral {
    /// One value and its name.
    public struct Entry: Sendable {
        /// The name, which may be no input's.
        public let name: String
        /// The value.
        public let value: RawValue
    }

    /// The values in the order they were given.
    public private(set) var entries: [Entry] = []
    /// Where each name is, by its bytes: Swift holds names equal that were sent apart.
    private var positions: [[UInt8]: Int] = [:]

    /// No values.
    public init() {}

    /// The given values; of several with one name the last one stays.
    public init(dictionaryLiteral elements: (String, RawValue)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// The value called `name`, or nil if none was given.
    public subscript(name: String) -> RawValue? {
        get { positions[Array(name.utf8)].map { entries[$0].value } }
        set {
            let bytes = Array(name.utf8)
            if let position = positions[bytes] {
                entries.remove(at: position)
                positions = Dictionary(
                    uniqueKeysWithValues: entries.enumerated().map { (Array($1.name.utf8), $0) })
            }
            guard let newValue else {
                positions[bytes] = nil
                return
            }
            positions[bytes] = entries.count
            entries.append(Entry(name: name, value: newValue))
        }
    }
}

extension RawInputs {
    /// The members of a JSON object; a member that is null was not given.
    package init(_ object: JSONObject) {
        for member in object {
            switch member.value {
            case .null: continue
            case .bool(let value): self[member.name] = .boolean(value)
            case .number(let text): self[member.name] = .number(text)
            case .string(let text): self[member.name] = .text(text)
            case .array(let elements):
                let texts = elements.compactMap(\.string)
                self[member.name] = texts.count == elements.count ? .list(texts) : .structure
            case .object: self[member.name] = .structure
            }
        }
    }
}

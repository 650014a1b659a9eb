/// The manifest's schema as JSON Schema (draft 2020-12), for editors.
///
/// It knows keys, kinds and words. What holds between keys is for
/// ``Manifest/decode(_:file:)`` to find, with the place and the cure.
public enum ManifestSchema {
    /// The schema's text, two spaces for each level.
    public static func jsonSchema() -> [UInt8] {
        var definitions: [(String, JSONValue)] = [
            ("condition", condition), ("comparison", comparison), ("scalar", scalar), ("duration", duration),
        ]
        var seen: Set<String> = []
        collect(.manifest, into: &definitions, &seen)
        var schema: JSONObject = [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Manifest of an application, schema 1",
            "description": "The contract of one application.",
        ]
        for member in object(of: .manifest).object ?? [:] { schema[member.name] = member.value }
        schema["$defs"] = .object(JSONObject(definitions.sorted { $0.0 < $1.0 }))
        return JSONValue.object(schema).indentedBytes()
    }

    /// Every map but the top becomes a definition of its name.
    private static func collect(
        _ map: SchemaMap, into definitions: inout [(String, JSONValue)], _ seen: inout Set<String>
    ) {
        for key in map.keys { collect(key.value, into: &definitions, &seen) }
    }

    private static func collect(
        _ value: SchemaValue, into definitions: inout [(String, JSONValue)], _ seen: inout Set<String>
    ) {
        switch value {
        case .map(let map):
            guard seen.insert(map.name).inserted else { return }
            definitions.append((map.name, object(of: map)))
            collect(map, into: &definitions, &seen)
        case .list(let element), .names(let element, _): collect(element, into: &definitions, &seen)
        case .either(let values): for value in values { collect(value, into: &definitions, &seen) }
        case .text, .lines, .spelt, .word, .integer, .boolean, .duration, .scalar, .condition: return
        }
    }

    private static func object(of map: SchemaMap) -> JSONValue {
        var object: JSONObject = [
            "type": "object",
            "properties": .object(
                JSONObject(
                    map.keys.map { key in
                        var value = schema(of: key.value)
                        value["description"] = .string(key.summary)
                        return (key.name, .object(value))
                    })),
            "patternProperties": ["^x-": true], "additionalProperties": false,
        ]
        let required = map.keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { object["required"] = .array(required) }
        return .object(object)
    }

    private static func schema(of value: SchemaValue) -> JSONObject {
        switch value {
        // A text keeps its source's spelling: a number or a boolean without quotes is one, too.
        case .text, .lines: ["type": ["string", "number", "boolean"]]
        case .word(let words): ["enum": .array(words.map(JSONValue.string))]
        case .integer(let range):
            ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .boolean: ["type": "boolean"]
        case .duration: ["$ref": "#/$defs/duration"]
        case .scalar: ["$ref": "#/$defs/scalar"]
        case .list(let element): ["type": "array", "items": .object(schema(of: element))]
        case .map(let map): ["$ref": .string("#/$defs/\(map.name)")]
        case .spelt(let pattern): ["type": ["string", "number", "boolean"], "pattern": .string(pattern)]
        case .names(let element, let keys):
            [
                "type": "object",
                "patternProperties": .object(
                    JSONObject([(keys, .object(schema(of: element))), ("^x-", true)])),
                "additionalProperties": false,
            ]
        case .condition: ["$ref": "#/$defs/condition"]
        case .either(let values): ["anyOf": .array(values.map { .object(schema(of: $0)) })]
        }
    }

    // MARK: - Parts that are no maps of fixed keys

    private static let scalar: JSONValue = ["type": ["string", "number", "boolean", "array"]]

    private static let duration: JSONValue = [
        "anyOf": [["type": "integer", "minimum": 0], ["type": "string", "pattern": "^[0-9]+[smhd]?$"]]
    ]

    /// Comparisons by the names of what is compared, and the words that join conditions.
    private static let condition: JSONValue = [
        "type": "object", "minProperties": 1,
        "properties": [
            "$all": ["type": "array", "minItems": 1, "items": ["$ref": "#/$defs/condition"]],
            "$any": ["type": "array", "minItems": 1, "items": ["$ref": "#/$defs/condition"]],
            "$not": ["$ref": "#/$defs/condition"],
        ],
        "patternProperties": [
            "^[a-z_][a-z0-9_]{0,62}$": ["$ref": "#/$defs/comparison"],
            .contexts: ["$ref": "#/$defs/comparison"],
        ],
        "additionalProperties": false,
    ]

    private static let comparison: JSONValue = .object([
        "anyOf": [
            operand,
            ["type": "array", "minItems": 1, "items": operand],
            [
                "type": "object", "minProperties": 1, "additionalProperties": false,
                "properties": .object(
                    JSONObject(Condition.Operator.allCases.map { ($0.rawValue, operands(of: $0)) })),
            ],
        ]
    ])

    /// A value, or the input whose value is meant.
    private static let operand: JSONValue = [
        "anyOf": [
            ["type": ["string", "number", "boolean", "null"]],
            [
                "type": "object", "required": ["field"], "additionalProperties": false,
                "properties": [
                    "field": ["type": "string", "description": "The input that is compared with."]
                ],
            ],
        ]
    ]

    /// What stands behind an operator.
    private static func operands(of kind: Condition.Operator) -> JSONValue {
        switch kind {
        case .isSet: ["type": "boolean", "description": "Whether it has a value at all."]
        case .isIn, .isNotIn: ["type": "array", "minItems": 1, "items": operand]
        case .matches, .notMatches:
            ["type": "string", "minLength": 1, "description": "What the whole value matches."]
        default: operand
        }
    }
}

extension String {
    /// The names of what is known around a form, as a pattern.
    fileprivate static var contexts: String {
        let names = Condition.Context.allCases.map(\.rawValue)
        return "^("
            + names.map { $0.replacing("$", with: "\\$").replacing(".", with: "\\.") }.joined(separator: "|")
            + ")$"
    }
}

extension JSONValue {
    /// The value over many lines, two spaces for each level, members in their own order; with a line's end.
    package func indentedBytes() -> [UInt8] {
        var text = ""
        write(to: &text, indent: "")
        return Array((text + "\n").utf8)
    }

    private func write(to text: inout String, indent: String) {
        let inner = indent + "  "
        switch self {
        case .object(let object) where !object.isEmpty:
            text += "{\n"
            for (index, member) in object.enumerated() {
                text += inner + String(decoding: JSONValue.string(member.name).bytes(), as: UTF8.self) + ": "
                member.value.write(to: &text, indent: inner)
                text += index + 1 < object.names.count ? ",\n" : "\n"
            }
            text += indent + "}"
        case .array(let elements) where elements.contains { $0.object != nil || $0.array != nil }:
            text += "[\n"
            for (index, element) in elements.enumerated() {
                text += inner
                element.write(to: &text, indent: inner)
                text += index + 1 < elements.count ? ",\n" : "\n"
            }
            text += indent + "]"
        case .array(let elements):
            text +=
                "[" + elements.map { String(decoding: $0.bytes(), as: UTF8.self) }.joined(separator: ", ")
                + "]"
        default: text += String(decoding: bytes(), as: UTF8.self)
        }
    }
}

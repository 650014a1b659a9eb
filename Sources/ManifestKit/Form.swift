/// What a user interface has to draw for a manifest, and nothing it may not know.
public struct Form: Sendable {
    /// One field, in the order of the manifest.
    public struct Field: Sendable {
        /// The input that the field asks for.
        public let input: InputField

        /// The input's name.
        public var name: InputName { input.name }
        /// What a person reads beside the field.
        public var label: String { input.label }
        /// What the field holds at first; never that of a sensitive input.
        public var initialValue: String? { input.isSensitive ? nil : input.defaultValue }
        /// The smallest number the field takes, its type's bound included.
        public var minValue: Int64? {
            input.type == .port ? max(1, input.rules.minValue ?? 1) : input.rules.minValue
        }
        /// The largest number the field takes, its type's bound included.
        public var maxValue: Int64? {
            input.type == .port ? min(65535, input.rules.maxValue ?? 65535) : input.rules.maxValue
        }
    }

    /// The application that is asked for.
    public let id: ManifestID
    /// The fields, in the order of the manifest.
    public let fields: [Field]

    /// The form of `manifest`.
    public init(_ manifest: Manifest) {
        id = manifest.id
        fields = manifest.inputs.map(Field.init)
    }
}

extension Form {
    /// The form as programs read it.
    package var json: JSONValue { ["app": .string(id.description), "fields": .array(fields.map(\.json))] }
}

extension Form.Field {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name.description), "type": .string(input.type.rawValue), "label": .string(label),
            "required": .bool(input.isRequired), "sensitive": .bool(input.isSensitive),
        ]
        object["description"] = input.description.map(JSONValue.string)
        object["placeholder"] = input.placeholder.map(JSONValue.string)
        object["default"] = initialValue.map(JSONValue.string)
        object["pattern"] = (input.rules.pattern?.source).map(JSONValue.string)
        object["pattern_error"] = (input.rules.pattern?.message).map(JSONValue.string)
        object["min_length"] = input.rules.minLength.map(JSONValue.integer)
        object["max_length"] = input.rules.maxLength.map(JSONValue.integer)
        object["min_value"] = minValue.map(JSONValue.integer)
        object["max_value"] = maxValue.map(JSONValue.integer)
        object["allowed_values"] = input.rules.allowedValues.map { .array($0.map(\.json)) }
        object["visible_if"] = input.visibility?.json
        return .object(object)
    }
}

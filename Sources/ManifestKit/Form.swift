/// What a user interface has to draw for a manifest, and nothing it may not know.
public struct Form: Sendable {
    /// One field, in the order of the manifest.
    public struct Field: Sendable {
        /// The input that the field asks for.
        public let input: InputField

        /// The input's name.
        public var name: InputName { input.name }
        /// What a person reads beside the field.
        public var label: String { input.display.label }
        /// What the field holds at first; never that of a sensitive input.
        public var initialValue: String? { input.isSensitive ? nil : input.defaultValue }
        /// The smallest number the field takes, its type's bound included.
        public var minValue: DecimalNumber? {
            switch input.type {
            case .port: max(DecimalNumber(1), input.rules.minValue ?? DecimalNumber(1))
            case .duration, .size: max(DecimalNumber(0), input.rules.minValue ?? DecimalNumber(0))
            default: input.rules.minValue
            }
        }
        /// The largest number the field takes, its type's bound included.
        public var maxValue: DecimalNumber? {
            let most = DecimalNumber(65535)
            return input.type == .port ? min(most, input.rules.maxValue ?? most) : input.rules.maxValue
        }
    }

    /// The application that is asked for.
    public let id: ManifestID
    /// The headings.
    public let groups: [InputGroup]
    /// The fields, in the order of the manifest; an action's own behind them.
    public let fields: [Field]
    /// Inputs that are not asked and keep what they have; conditions speak of them.
    package let kept: [Field]
    /// What has to hold between several answers.
    public let rules: [CrossRule]

    /// The form of `manifest` for one of its actions.
    ///
    /// Where the action lists `inputs`, it has those alone, and the rules that are about one of them.
    public init(_ manifest: Manifest, action: String = "install") {
        id = manifest.id
        groups = manifest.inputGroups
        let action = manifest.action(named: action)
        let own = action?.ownInputs ?? []
        let asked = Set((action?.inputs ?? manifest.inputs.map(\.name)) + own.map(\.name))
        fields = (manifest.inputs.filter { asked.contains($0.name) } + own).map(Field.init)
        kept = manifest.inputs.filter { !asked.contains($0.name) }.map(Field.init)
        rules = manifest.rules.filter { $0.inputs.isEmpty || $0.inputs.contains(where: asked.contains) }
    }
}

extension Form {
    /// The form as JSON in UTF-8, for a user interface that is none of Swift's; its members stand in docs/api.md.
    public func jsonBytes() -> [UInt8] { json.bytes() }

    /// The form as programs read it, `form.js` in the browser among them.
    package var json: JSONValue {
        var object: JSONObject = [
            "app": .string(id.description), "groups": .array(groups.map(\.json)),
            "fields": .array(fields.map(\.json)),
            "rules": .array(rules.map(\.json)),
        ]
        if !kept.isEmpty { object["kept"] = .array(kept.map(\.json)) }
        return .object(object)
    }
}

extension Form.Field {
    fileprivate var json: JSONValue {
        var object = input.json.object ?? [:]
        for name in ["validation", "env", "retain", "when_hidden", "default", "aliases"] {
            object[name] = nil
        }
        for rule in input.rules.json.object ?? [:] { object[rule.name] = rule.value }
        object["default"] = initialValue.map(JSONValue.string)
        // As texts: a browser rounds numbers of JSON that have more than 53 bits.
        for (name, number) in [
            ("min_value", minValue), ("max_value", maxValue), ("multiple_of", input.rules.step),
        ] { object[name] = number.map { .string($0.description) } }
        // Whoever draws the form may know that there is one, and no more.
        if input.isSensitive, input.defaultValue != nil { object["has_default"] = true }
        if let generation = input.generation { object["generate"] = .string(generation.kind.rawValue) }
        return .object(object)
    }
}

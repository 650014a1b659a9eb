// One spelling of an input for its canonical form and for the form in a browser.
extension InputField {
    package var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name.description), "type": .string(type.rawValue),
            "label": .string(display.label),
            "required": .bool(isRequired), "sensitive": .bool(isSensitive), "env": .string(environmentName),
            "validation": rules.json, "when_hidden": .string(whenHidden.rawValue),
            "aliases": .array(aliases.map { .string($0.description) }),
        ]
        object.add([
            "description": display.description, "placeholder": display.placeholder,
            "example": display.example,
            "warning": display.warning, "unit": display.unit, "group": display.group, "default": defaultValue,
            "retain": retention?.rawValue, "immutable": immutability?.rawValue,
        ])
        if display.isAdvanced { object["advanced"] = true }
        object["deprecated"] = deprecation.map { $0.isEmpty ? true : .string($0) }
        object["visible_if"] = visibility?.json
        object["required_if"] = requirement?.json
        object["readonly_if"] = freeze?.json
        object["generate"] = generation?.json
        // An empty default is one all the same.
        var result = object.withoutEmpty()
        if let defaultValue { result["default"] = .string(defaultValue) }
        return .object(result)
    }
}

extension GenerationRule {
    fileprivate var json: JSONValue {
        var object: JSONObject = ["kind": .string(kind.rawValue)]
        if kind.takesLength { object["length"] = .integer(length) }
        if kind == .password { object["alphabet"] = .string(alphabet) }
        return .object(object)
    }
}

extension InputRules {
    var json: JSONValue {
        var object = JSONObject()
        object.add(["pattern": pattern?.source, "pattern_error": pattern?.message])
        for (name, number) in [
            ("min_length", minLength), ("max_length", maxLength), ("min_items", minItems),
            ("max_items", maxItems),
        ] { object[name] = number.map(JSONValue.integer) }
        for (name, number) in [("min_value", minValue), ("max_value", maxValue), ("multiple_of", step)] {
            object[name] = number.map { .number($0.description) }
        }
        object["denied_values"] = JSONValue(texts: deniedValues)
        object["allowed_values"] = allowedValues.map { .array($0.map(\.json)) }
        object["schemes"] = schemes.flatMap { $0 == URLValue.schemes ? nil : JSONValue(texts: $0) }
        object["under"] = folders.map(JSONValue.init(texts:))
        if hasUniqueItems { object["unique_items"] = true }
        if privilege != .allow { object["privileged"] = .string(privilege.rawValue) }
        if isConfirmed { object["confirm"] = true }
        if charset != .ascii { object["charset"] = .string(charset.rawValue) }
        return .object(object.withoutEmpty())
    }
}

extension AllowedValue {
    fileprivate var json: JSONValue {
        var object: JSONObject = ["value": .string(value), "label": .string(label)]
        object.add(["description": description])
        return .object(object)
    }
}

extension InputGroup {
    package var json: JSONValue {
        var object: JSONObject = [
            "id": .string(id), "label": .string(label), "collapsed": .bool(isCollapsed),
        ]
        object.add(["description": description])
        object["visible_if"] = visibility?.json
        return .object(object)
    }
}

extension CrossRule {
    package var json: JSONValue {
        [
            "id": .string(id), "assert": assertion.json, "message": .string(message),
            "fields": .array(fields.map { .string($0.description) }), "severity": .string(severity.rawValue),
        ]
    }
}

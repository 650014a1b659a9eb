extension Manifest {
    /// The one spelling of what the manifest means, as JSON with sorted keys.
    ///
    /// Order of keys, quotes, comments and defaults that are written out make no
    /// difference to it. A manifest's digest is made over these bytes.
    public func canonicalForm() -> [UInt8] { json.canonicalBytes() }

    package var json: JSONValue {
        var object: JSONObject = [
            "id": .string(id.description), "name": .string(name), "version": .string(version),
            "revision": .integer(revision), "description": .string(description),
            "category": .string(category),
            "stability": .string(stability.rawValue), "tags": .array(tags.map(JSONValue.string)),
            "inputs": .array(inputs.map(\.json)), "install_script": .string(installScript),
            "timeout_seconds": .integer(timeoutSeconds), "idempotent": .bool(isIdempotent),
            "os_requirements": hostRequirement.json,
            "exit_codes": .object(JSONObject(exitCodes.map { (String($0), $1.json) })),
        ]
        object["schema_version"] = schemaVersion.map(JSONValue.integer)
        object["author"] = author.map(JSONValue.string)
        object["homepage"] = homepage.map(JSONValue.string)
        object["license"] = license.map(JSONValue.string)
        return .object(object)
    }
}

extension InputField {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name.description), "type": .string(type.rawValue), "label": .string(label),
            "required": .bool(isRequired), "sensitive": .bool(isSensitive), "env": .string(environmentName),
            "validation": rules.json, "when_hidden": .string(whenHidden.rawValue),
        ]
        object["description"] = description.map(JSONValue.string)
        object["placeholder"] = placeholder.map(JSONValue.string)
        object["default"] = defaultValue.map(JSONValue.string)
        object["retain"] = (retention?.rawValue).map(JSONValue.string)
        object["visible_if"] = visibility?.json
        return .object(object)
    }
}

extension InputRules {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["pattern"] = (pattern?.source).map(JSONValue.string)
        object["pattern_error"] = (pattern?.message).map(JSONValue.string)
        object["min_length"] = minLength.map(JSONValue.integer)
        object["max_length"] = maxLength.map(JSONValue.integer)
        object["min_value"] = minValue.map(JSONValue.integer)
        object["max_value"] = maxValue.map(JSONValue.integer)
        if !deniedValues.isEmpty { object["denied_values"] = .array(deniedValues.map(JSONValue.string)) }
        object["allowed_values"] = allowedValues.map { .array($0.map(\.json)) }
        return .object(object)
    }
}

extension AllowedValue {
    var json: JSONValue {
        var object: JSONObject = ["value": .string(value), "label": .string(label)]
        object["description"] = description.map(JSONValue.string)
        return .object(object)
    }
}

extension Condition {
    /// The condition in the manifest's own grammar, every right side a list.
    package var json: JSONValue {
        switch self {
        case .all(let conditions): ["$all": .array(conditions.map(\.json))]
        case .isOneOf(let field, let operands):
            .object(JSONObject([(field.description, .array(operands.map(\.json)))]))
        }
    }
}

extension Condition.Operand {
    fileprivate var json: JSONValue {
        switch self {
        case .null: .null
        case .text(let text): .string(text)
        }
    }
}

extension HostRequirement {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "versions": .object(JSONObject(versions.map { ($0, .string($1.description)) })),
            "allow_derivatives": .bool(allowsDerivatives), "allow_rolling": .bool(allowsRolling),
        ]
        object["family"] = families.map { .array($0.map(JSONValue.string)) }
        object["arch"] = architectures.map { .array($0.map(JSONValue.string)) }
        return .object(object)
    }
}

extension ExitCodeMeaning {
    fileprivate var json: JSONValue { ["class": .string(`class`.rawValue), "message": .string(message)] }
}

/// Reads `validation` and `allowed_values` of an input.
struct InputRulesDecoder {
    let findings: Findings

    /// The rules of an input of `type`; what does not fit is reported.
    func decode(_ input: MappingReader, type: InputType) -> InputRules {
        var rules = InputRules()
        let validation = input.node("validation").flatMap {
            MappingReader($0, keys: .validation, name: "'validation'", owner: input.owner, findings: findings)
        }
        if let validation {
            checkFit(validation, type: type)
            rules.pattern = pattern(validation)
            rules.minLength = validation.integer("min_length", in: 0...InputType.maximumSize)
            rules.maxLength = validation.integer("max_length", in: 0...InputType.maximumSize)
            rules.minValue = validation.integer("min_value", in: Int64.min...Int64.max)
            rules.maxValue = validation.integer("max_value", in: Int64.min...Int64.max)
            checkOrder(rules.minLength, rules.maxLength, "length", validation)
            checkOrder(rules.minValue, rules.maxValue, "value", validation)
        }
        rules.allowedValues = allowedValues(input, validation, type: type)
        rules.deniedValues = validation.map { deniedValues($0, type: type) } ?? []
        return rules
    }

    /// A rule that its type never looks at would be a promise that is not kept.
    private func checkFit(_ validation: MappingReader, type: InputType) {
        for entry in validation.entries {
            let fits: Bool
            switch entry.key {
            case "pattern", "pattern_error", "min_length", "max_length": fits = type.takesTextRules
            case "min_value", "max_value": fits = type.takesNumberRules
            case "allowed_values", "denied_values": fits = type.takesListedValues
            default: continue
            }
            if !fits { reportMisfit(entry.key, validation, type: type, at: entry.location) }
        }
    }

    private func reportMisfit(
        _ key: String, _ reader: MappingReader, type: InputType, at location: SourceLocation
    ) {
        findings.error(
            .rule, "'\(key)'\(reader.owner) is not for inputs of type \(type.rawValue)", at: location)
    }

    private func checkOrder<Value: Comparable>(
        _ least: Value?, _ most: Value?, _ what: String, _ validation: MappingReader
    ) {
        guard let least, let most, least > most, let node = validation.node("min_\(what)") else { return }
        findings.error(
            .rule, "'min_\(what)'\(validation.owner) is \(least), more than 'max_\(what)', which is \(most)",
            at: node.location)
    }

    private func pattern(_ validation: MappingReader) -> PatternRule? {
        let message = validation.text("pattern_error")
        guard let text = validation.text("pattern") else {
            if let message, !validation.has("pattern") {
                findings.error(
                    .rule, "'pattern_error'\(validation.owner) has no 'pattern' beside it",
                    at: message.location)
            }
            return nil
        }
        guard !text.text.isEmpty else {
            findings.error(
                .pattern, "'pattern'\(validation.owner) is empty; leave it out if anything will do",
                at: text.location)
            return nil
        }
        return PatternRule(
            source: text.text, message: message?.text, location: text.location, style: text.style)
    }

    // MARK: Listed values

    private func deniedValues(_ validation: MappingReader, type: InputType) -> [String] {
        guard type.takesListedValues else { return [] }
        return validation.elements("denied_values", atMost: 10_000)?.compactMap {
            value($0, named: "denied value", validation, type: type)
        } ?? []
    }

    private func allowedValues(_ input: MappingReader, _ validation: MappingReader?, type: InputType)
        -> [AllowedValue]?
    {
        let inside = validation?.has("allowed_values") ?? false
        guard input.has("allowed_values") || inside else {
            if type == .select {
                findings.error(
                    .allowedValues, "select\(input.owner) lists no 'allowed_values'", at: input.location)
            }
            return nil
        }
        if input.has("allowed_values"), inside, let node = validation?.node("allowed_values") {
            findings.error(
                .allowedValues, "'allowed_values'\(input.owner) is given twice; keep one", at: node.location)
        }
        let reader = inside ? validation ?? input : input
        guard let node = reader.node("allowed_values"),
            let elements = reader.elements("allowed_values", atMost: 10_000)
        else {
            return nil
        }
        guard type.takesListedValues else {
            if !inside { reportMisfit("allowed_values", input, type: type, at: node.location) }
            return nil
        }
        guard !elements.isEmpty else {
            findings.error(.allowedValues, "'allowed_values'\(input.owner) is empty", at: node.location)
            return nil
        }
        var seen: Set<[UInt8]> = []
        return elements.compactMap { element in
            guard let value = allowedValue(element, reader, type: type) else { return nil }
            if !seen.insert(Array(value.value.utf8)).inserted {
                findings.error(
                    .allowedValues,
                    "allowed value \(Diagnostic.quoted(value.value))\(input.owner) is listed twice",
                    at: element.location)
            }
            return value
        }
    }

    private func allowedValue(_ node: YAMLNode, _ reader: MappingReader, type: InputType) -> AllowedValue? {
        guard case .mapping = node.content else {
            guard let value = value(node, named: "allowed value", reader, type: type) else { return nil }
            return AllowedValue(value: value, label: value, description: nil)
        }
        guard
            let map = MappingReader(
                node, keys: .allowedValue, name: "an allowed value", owner: reader.owner, findings: findings)
        else { return nil }
        map.require("value")
        guard let node = map.node("value"),
            let value = value(node, named: "allowed value", reader, type: type)
        else { return nil }
        return AllowedValue(
            value: value, label: map.text("label")?.text ?? value,
            description: map.text("description", lines: .many)?.text)
    }

    private func value(_ node: YAMLNode, named name: String, _ reader: MappingReader, type: InputType)
        -> String?
    {
        guard let text = reader.text(of: node, name: "\(name)\(reader.owner)", warns: type.isText) else {
            return nil
        }
        do throws(ValueProblem) {
            let canonical = try type.canonicalText(of: text.text)
            if canonical.isEmpty { throw ValueProblem(.type, "is empty, which is no answer") }
            return canonical
        } catch {
            findings.error(
                .allowedValues, "\(name) \(Diagnostic.quoted(text.text))\(reader.owner) \(error.predicate)",
                at: text.location)
            return nil
        }
    }
}

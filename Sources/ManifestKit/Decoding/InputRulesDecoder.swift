/// Reads `validation` and `allowed_values` of an input.
struct InputRulesDecoder {
    let findings: Findings

    /// The rules of an input of `type`; what does not fit is reported.
    func decode(_ input: MappingReader, type: InputType) -> InputRules {
        var rules = InputRules()
        let validation = input.map(
            "validation", keys: .validation,
            neighbour: (.input, ", which belongs beside 'validation' and not in it"))
        if let validation {
            checkFit(validation, type: type)
            rules.pattern = pattern(validation)
            rules.minLength = validation.integer("min_length", in: 0...InputType.maximumSize)
            rules.maxLength = validation.integer("max_length", in: 0...InputType.maximumSize)
            checkOrder(rules.minLength, rules.maxLength, "length", validation)
            if type == .password { checkPassword(rules, validation) }
            decodeNumbers(of: &rules, validation, type: type)
            if type == .port { checkPort(rules, validation) }
            rules.minItems = validation.integer("min_items", in: 0...10_000)
            rules.maxItems = validation.integer("max_items", in: 0...10_000)
            checkOrder(rules.minItems, rules.maxItems, "items", validation)
            rules.hasUniqueItems = validation.bool("unique_items") ?? false
            rules.schemes = schemes(validation)
            rules.privilege = validation.word("privileged", InputRules.Privilege.self) ?? .allow
            rules.folders = folders(validation)
            rules.isConfirmed = validation.bool("confirm") ?? false
            rules.charset = validation.word("charset", InputRules.Charset.self) ?? .ascii
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
            case "multiple_of": fits = type.takesSteps
            case "allowed_values", "denied_values": fits = type.takesListedValues
            case "min_items", "max_items", "unique_items": fits = type == .multiselect
            case "schemes": fits = type == .url
            case "privileged": fits = type == .port
            case "under": fits = type == .path
            case "confirm": fits = type == .password
            case "charset": fits = type.takesCharset
            default: continue
            }
            if !fits { reportMisfit(entry.key, validation, type: type, at: entry.location) }
        }
    }

    /// Bounds that leave nothing of what the type takes.
    private func checkPassword(_ rules: InputRules, _ validation: MappingReader) {
        guard rules.maxLength.map({ $0 < 4 }) ?? false || rules.minLength.map({ $0 > 1024 }) ?? false else {
            return
        }
        reportNothingLeft("password, which has 4 characters to 1024 bytes", validation)
    }

    private func checkPort(_ rules: InputRules, _ validation: MappingReader) {
        let (first, last) = (DecimalNumber(1), DecimalNumber(65535))
        guard rules.maxValue.map({ $0 < first }) ?? false || rules.minValue.map({ $0 > last }) ?? false else {
            return
        }
        reportNothingLeft("port, which is 1 to 65535", validation)
    }

    private func reportNothingLeft(_ what: String, _ validation: MappingReader) {
        findings.error(
            .rule, "'validation'\(validation.owner) leaves no \(what)", at: validation.location)
    }

    // MARK: Numbers

    /// Bounds are written as the type's own values are: `min_value: 1G` of a size.
    private func decodeNumbers(of rules: inout InputRules, _ validation: MappingReader, type: InputType) {
        guard type.takesNumberRules else { return }
        rules.minValue = number("min_value", validation, type: type)
        rules.maxValue = number("max_value", validation, type: type)
        checkOrder(rules.minValue, rules.maxValue, "value", validation)
        guard type.takesSteps, let step = number("multiple_of", validation, type: type) else { return }
        guard step > DecimalNumber(0) else {
            findings.error(
                .rule, "'multiple_of'\(validation.owner) is \(step); write a number above 0",
                at: validation.node("multiple_of")?.location ?? validation.location)
            return
        }
        rules.step = step
    }

    private func number(_ key: String, _ validation: MappingReader, type: InputType) -> DecimalNumber? {
        guard let text = validation.text(key, warns: false) else { return nil }
        // A bound may lie outside what the type itself takes, as 0 does for a port.
        if let number = DecimalNumber(text.text), type == .number || number.integer != nil { return number }
        if let canonical = try? type.canonicalText(of: text.text) { return DecimalNumber(canonical) }
        let wanted =
            switch type {
            case .number: "a number"
            case .duration: "a duration such as '90s'"
            case .size: "a size such as '512M'"
            default: "a whole number"
            }
        findings.error(
            .format, "'\(key)'\(validation.owner) is \(Diagnostic.quoted(text.text)); write \(wanted)",
            at: text.location)
        return nil
    }

    // MARK: Addresses and paths

    private func schemes(_ validation: MappingReader) -> [String]? {
        guard let texts = validation.texts("schemes", atMost: 32) else { return nil }
        if texts.isEmpty { reportEmpty("schemes", validation) }
        for text in texts where !URLValue.isScheme(text.text) {
            findings.error(
                .rule,
                "scheme \(Diagnostic.quoted(text.text))\(validation.owner) is not letters, digits and '+-.'",
                at: text.location)
        }
        return texts.map { $0.text.lowercased() }
    }

    private func folders(_ validation: MappingReader) -> [String]? {
        guard let texts = validation.texts("under", atMost: 32) else { return nil }
        if texts.isEmpty { reportEmpty("under", validation) }
        for text in texts {
            do throws(ValueProblem) {
                _ = try PathValue.canonicalText(of: text.text)
            } catch {
                findings.error(
                    .rule, "folder \(Diagnostic.quoted(text.text))\(validation.owner) \(error.predicate)",
                    at: text.location)
            }
        }
        return texts.map(\.text)
    }

    private func reportEmpty(_ key: String, _ reader: MappingReader) {
        findings.error(
            .rule, "'\(key)'\(reader.owner) is empty; leave it out if anything will do",
            at: reader.node(key)?.location ?? reader.location)
    }

    private func reportMisfit(
        _ key: String, _ reader: MappingReader, type: InputType, at location: SourceMark
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
            if type.needsListedValues {
                findings.error(
                    .allowedValues, "\(type.rawValue)\(input.owner) lists no 'allowed_values'",
                    at: input.location)
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
        guard
            let text = reader.text(
                of: node, name: "\(name)\(reader.owner)", warns: type.isText, isFree: false)
        else { return nil }
        do throws(ValueProblem) {
            let canonical = try type.canonicalText(of: text.text)
            if type == .multiselect, canonical.utf8.contains(UInt8(ascii: ",")) {
                throw ValueProblem(.type, "has a comma, which stands between items")
            }
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

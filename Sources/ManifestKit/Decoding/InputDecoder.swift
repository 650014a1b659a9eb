/// Reads one entry of `inputs`.
struct InputDecoder {
    let findings: Findings

    /// The input that `node` holds, without its conditions, or nil if it cannot be told what it is.
    func decode(_ node: YAMLNode) -> (InputField, MappingReader)? {
        guard let probe = MappingReader(node, keys: nil, name: "an entry of 'inputs'", findings: findings)
        else { return nil }
        let name = probe.name("name", "input name")
        let owner = name.map { " of input '\($0)'" } ?? " of an input"
        guard
            let reader = MappingReader(
                node, keys: .input, name: "the input", owner: owner,
                neighbour: (.validation, "; it belongs under 'validation'"), findings: findings)
        else { return nil }
        let type = type(reader)
        guard let type, let name else { return nil }
        let isSensitive = sensitivity(reader, type: type)
        let rules = InputRulesDecoder(findings: findings).decode(reader, type: type)
        let isAnsweredAnyhow = reader.has("default") || reader.has("generate")
        let required = reader.bool("required")
        var field = InputField(
            name: name, type: type, display: display(reader, name: name, type: type),
            isRequired: required ?? !isAnsweredAnyhow, rules: rules,
            isSensitive: isSensitive, retention: retention(reader, isSensitive: isSensitive),
            immutability: reader.word("immutable", InputField.Immutability.self),
            environmentName: environmentName(reader, name: name),
            whenHidden: reader.word("when_hidden", InputField.HiddenValue.self)
                ?? (findings.isLenient ? .default : .unset),
            aliases: aliases(reader, name: name), deprecation: deprecation(reader),
            location: probe.entries.first?.location ?? node.location)
        field.groupLocation = reader.node("group")?.location
        field.aliasLocation = reader.node("aliases")?.location
        warnAboutVainKeys(reader, required: required)
        checkListedValues(of: field, reader)
        decodeDefault(of: &field, from: reader)
        field.generation = generation(reader, field)
        field.generationLocation = reader.node("generate")?.location
        return (field, reader)
    }

    private func type(_ reader: MappingReader) -> InputType? {
        guard let node = reader.node("type"),
            let text = reader.text(of: node, name: "'type'\(reader.owner)", warns: false, isFree: false)
        else { return nil }
        if let type = InputType(rawValue: text.text) { return type }
        let known = InputType.allCases.map(\.rawValue)
        let hint = findings.hint(for: text.text, among: known)
        let cure = hint.isEmpty ? "; write \(MappingReader.alternatives(known))" : hint
        findings.error(
            .format, "unknown type \(Diagnostic.quoted(text.text))\(reader.owner)\(cure)", at: text.location)
        return nil
    }

    /// A value that can be chosen has to be one that the input's other rules take.
    private func checkListedValues(of field: InputField, _ reader: MappingReader) {
        guard let values = field.rules.allowedValues else { return }
        for value in values {
            do throws(ValueProblem) {
                if field.type == .multiselect {
                    try field.rules.check(item: value.value)
                } else {
                    _ = try field.canonicalText(of: value.value)
                }
            } catch {
                let node = reader.node("allowed_values") ?? reader.node("validation")
                if error.rule == .deniedValues {
                    return findings.warning(
                        .allowedValues,
                        "allowed value \(Diagnostic.quoted(value.value)) of input '\(field.name)' is denied as well",
                        at: node?.location ?? reader.location)
                }
                // One says enough: the others are as likely to be wrong.
                return findings.error(
                    .allowedValues,
                    "allowed value \(Diagnostic.quoted(value.value)) of input '\(field.name)' can never be given: it \(error.predicate)",
                    at: node?.location ?? reader.location)
            }
        }
    }

    /// Keys that say nothing beside others, or without them.
    private func warnAboutVainKeys(_ reader: MappingReader, required: Bool?) {
        func warn(_ key: String, _ predicate: String) {
            guard let node = reader.node(key) else { return }
            findings.warning(.style, "'\(key)'\(reader.owner) \(predicate)", at: node.location)
        }
        if !reader.has("visible_if") {
            warn("when_hidden", "has no 'visible_if' beside it: it is never hidden")
        }
        if required == true { warn("required_if", "says nothing beside 'required: true'") }
        if reader.has("default"), required == nil {
            warn("required_if", "says nothing beside a 'default', which always answers")
        }
    }

    private func display(_ reader: MappingReader, name: InputName, type: InputType) -> InputField.Display {
        InputField.Display(
            label: reader.text("label")?.text ?? name.description,
            description: reader.text("description", lines: .many)?.text,
            placeholder: reader.text("placeholder")?.text,
            example: reader.text("example", warns: type.isText)?.text,
            warning: reader.text("warning")?.text, unit: reader.text("unit")?.text,
            group: reader.text("group")?.text, isAdvanced: reader.bool("advanced") ?? false)
    }

    private func sensitivity(_ reader: MappingReader, type: InputType) -> Bool {
        let isSensitive = reader.bool("sensitive") ?? (type == .password)
        if type == .password, !isSensitive, let node = reader.node("sensitive") {
            findings.error(
                .rule, "'sensitive'\(reader.owner) is false; a password is always sensitive",
                at: node.location)
        }
        return isSensitive
    }

    private func retention(_ reader: MappingReader, isSensitive: Bool) -> InputField.Retention? {
        let retention = reader.word("retain", InputField.Retention.self)
        if !isSensitive, let node = reader.node("retain") {
            findings.error(.rule, "'retain'\(reader.owner) is for sensitive inputs only", at: node.location)
        }
        return isSensitive ? retention ?? .whileInstalled : nil
    }

    private func environmentName(_ reader: MappingReader, name: InputName) -> String {
        let given = reader.text("env", warns: false)
        let variable = given?.text ?? name.environmentName
        let location = given?.location ?? reader.node("name")?.location ?? reader.location
        let advice = given == nil ? "; name another with 'env'" : ""
        EnvironmentName.check(variable, owner: reader.owner, advice: advice, at: location, findings)
        return variable
    }

    private func aliases(_ reader: MappingReader, name: InputName) -> [InputName] {
        reader.texts("aliases", atMost: 16)?.compactMap { text in
            guard let alias = InputName(text.text), alias != name else {
                let predicate = InputName(text.text) == nil ? InputName.predicate : "is the input's own name"
                findings.error(
                    .identifier, "alias \(Diagnostic.quoted(text.text))\(reader.owner) \(predicate)",
                    at: text.location)
                return nil
            }
            return alias
        } ?? []
    }

    /// `true`, or a sentence that says what to use instead.
    private func deprecation(_ reader: MappingReader) -> String? {
        guard let node = reader.node("deprecated") else { return nil }
        switch node.content {
        case .scalar("true", .plain): return ""
        case .scalar("false", .plain): return nil
        default: return reader.text("deprecated")?.text
        }
    }

    // MARK: Values that nobody gives

    private func decodeDefault(of field: inout InputField, from reader: MappingReader) {
        guard let node = reader.node("default") else { return }
        guard field.type != .password else {
            findings.error(
                .defaultValue, "input '\(field.name)' is a password and may not have a default",
                at: node.location)
            return
        }
        guard let (text, canonical) = defaultText(of: field, node, reader) else { return }
        if field.isRequired, text.trimmed.isEmpty {
            findings.error(
                .defaultValue, "input '\(field.name)' is required, and its default is empty",
                at: node.location)
        }
        if field.isSensitive {
            findings.warning(
                .defaultValue, "the default of the sensitive input '\(field.name)' can be read by everyone",
                at: node.location)
        }
        field.defaultValue = canonical
        field.defaultLocation = node.location
    }

    /// The default as it was written, and its canonical text; an empty one is no value and needs no form.
    private func defaultText(
        of field: InputField, _ node: YAMLNode, _ reader: MappingReader
    ) -> (String, String)? {
        var shown = ""
        do throws(ValueProblem) {
            if field.type == .multiselect, case .sequence(let elements) = node.content {
                let items = elements.compactMap {
                    reader.text(of: $0, name: "an entry of 'default'\(reader.owner)")?.text
                }
                guard items.count == elements.count else { return nil }
                shown = items.joined(separator: ",")
                return (shown, items.isEmpty ? "" : try field.canonicalText(ofItems: items))
            }
            guard
                let text = reader.text(
                    "default", lines: field.type == .text ? .many : .one, warns: field.type.isText)
            else { return nil }
            shown = text.text
            let isNone = shown.isEmpty && !field.isRequired && field.type != .string
            return (shown, isNone ? "" : try field.canonicalText(of: shown))
        } catch {
            findings.error(
                .defaultValue,
                field.isSensitive
                    ? "default of the sensitive input '\(field.name)' \(error.predicate)"
                    : "default \(Diagnostic.quoted(shown)) of input '\(field.name)' \(error.predicate)",
                at: node.location)
            return nil
        }
    }

    private func generation(_ reader: MappingReader, _ field: InputField) -> GenerationRule? {
        guard let map = reader.map("generate", keys: .generate),
            let kind = map.word("kind", GenerationRule.Kind.self)
        else { return nil }
        func report(_ rest: String) {
            findings.error(.rule, "'generate'\(reader.owner) \(rest)", at: map.location)
        }
        if reader.has("default") { report("stands beside a 'default'; keep one of the two") }
        let fits: Bool =
            switch kind {
            case .password, .hex, .base64, .uuid: field.type == .string || field.type == .password
            case .port: field.type == .port
            }
        if !fits { report("makes a \(kind.rawValue), which is no value of type \(field.type.rawValue)") }
        if map.has("length"), !kind.takesLength {
            report("gives a length, which a \(kind.rawValue) does not have")
        }
        let alphabet = map.text("alphabet", warns: false)?.text
        if alphabet != nil, kind != .password { report("gives an alphabet, which only a password has") }
        if let alphabet,
            Set(alphabet.unicodeScalars).count < 2
                || !alphabet.utf8.allSatisfy({ (0x21..<0x7F).contains($0) })
        {
            report("has an alphabet that is not two or more visible ASCII characters")
        }
        return GenerationRule(
            kind: kind, length: map.integer("length", in: 4...1024) ?? kind.standardLength,
            alphabet: alphabet ?? GenerationRule.standardAlphabet)
    }
}

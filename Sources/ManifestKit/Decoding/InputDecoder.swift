/// Reads one entry of `inputs`.
struct InputDecoder {
    /// An input that still lacks its condition, which needs all the others.
    struct Draft {
        let field: InputField
        let visibility: YAMLNode?
    }

    let findings: Findings

    /// The input that `node` holds, or nil if it cannot be told what it is.
    func decode(_ node: YAMLNode) -> Draft? {
        guard let probe = MappingReader(node, keys: nil, name: "an entry of 'inputs'", findings: findings)
        else { return nil }
        let name = self.name(probe)
        let owner = name.map { " of input '\($0)'" } ?? " of an input"
        guard
            let reader = MappingReader(
                node, keys: .input, name: "the input", owner: owner, findings: findings)
        else { return nil }
        reader.require("name", "type")
        guard let type = type(reader), let name else { return nil }
        let isSensitive = sensitivity(reader, type: type)
        let rules = InputRulesDecoder(findings: findings).decode(reader, type: type)
        var field = InputField(
            name: name, type: type, label: reader.text("label")?.text ?? name.description,
            description: reader.text("description", lines: .many)?.text,
            placeholder: reader.text("placeholder")?.text,
            isRequired: reader.bool("required") ?? !reader.has("default"), defaultValue: nil, rules: rules,
            isSensitive: isSensitive, retention: retention(reader, isSensitive: isSensitive),
            environmentName: environmentName(reader, name: name), visibility: nil,
            whenHidden: reader.word("when_hidden", InputField.HiddenValue.self)
                ?? (findings.isLenient ? .default : .unset),
            location: probe.entries.first?.location ?? node.location)
        decodeDefault(of: &field, from: reader)
        return Draft(field: field, visibility: reader.node("visible_if"))
    }

    private func name(_ reader: MappingReader) -> InputName? {
        guard let text = reader.text("name", warns: false) else { return nil }
        if let name = InputName(text.text) { return name }
        findings.error(
            .identifier,
            "input name \(Diagnostic.quoted(text.text)) is not lower-case letters, digits and underscores, at most 63, "
                + "a letter or underscore first",
            at: text.location)
        return nil
    }

    private func type(_ reader: MappingReader) -> InputType? {
        guard let text = reader.text("type", warns: false) else { return nil }
        if let type = InputType(rawValue: text.text) { return type }
        let owner = reader.owner
        if KeyTable.plannedInputTypes.contains(text.text) {
            findings.error(
                .unsupported, "type '\(text.text)'\(owner) is not supported yet", at: text.location)
        } else {
            let known = InputType.allCases.map(\.rawValue) + KeyTable.plannedInputTypes
            let hint = NearMiss.hint(for: text.text, among: known)
            findings.error(
                .format, "unknown type \(Diagnostic.quoted(text.text))\(owner)\(hint)", at: text.location)
        }
        return nil
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
        if !EnvironmentName.isWellFormed(variable) {
            findings.error(
                .identifier,
                "variable \(Diagnostic.quoted(variable))\(reader.owner) is not upper-case letters, digits and underscores",
                at: location)
        } else if EnvironmentName.isReserved(variable) {
            let advice = given == nil ? "; name another with 'env'" : ""
            findings.error(
                .reservedName,
                "variable '\(variable)'\(reader.owner) is reserved for the platform or the system\(advice)",
                at: location)
        }
        return variable
    }

    private func decodeDefault(of field: inout InputField, from reader: MappingReader) {
        guard let node = reader.node("default") else { return }
        guard field.type != .password else {
            findings.error(
                .defaultValue, "input '\(field.name)' is a password and may not have a default",
                at: node.location)
            return
        }
        guard let text = reader.text("default", warns: field.type.isText) else { return }
        if field.isRequired, text.text.trimmed.isEmpty {
            findings.error(
                .defaultValue, "input '\(field.name)' is required, and its default is empty",
                at: text.location)
        }
        if field.isSensitive {
            findings.warning(
                .defaultValue, "the default of the sensitive input '\(field.name)' can be read by everyone",
                at: text.location)
        }
        do throws(ValueProblem) {
            field.defaultValue = try field.canonicalText(of: text.text)
            field.defaultLocation = text.location
        } catch {
            findings.error(
                .defaultValue,
                "default \(Diagnostic.quoted(text.text)) of input '\(field.name)' \(error.predicate)",
                at: text.location)
        }
    }
}

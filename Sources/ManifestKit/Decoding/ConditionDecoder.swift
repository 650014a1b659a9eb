/// Reads a condition in its short form: `{enable_ssl: "true", mode: [prod, staging]}`.
struct ConditionDecoder {
    /// The key that the condition stands under.
    let key: String
    /// The input that the condition belongs to.
    let owner: InputField
    let inputs: [InputName: InputField]
    /// Whether `inputs` holds every input of the file.
    let isComplete: Bool
    let findings: Findings

    /// The condition that `node` holds, or nil if something in it was reported.
    func decode(_ node: YAMLNode) -> Condition? {
        let name = "'\(key)' of input '\(owner.name)'"
        guard let reader = MappingReader(node, keys: nil, name: name, findings: findings) else { return nil }
        guard !reader.entries.isEmpty else {
            findings.error(
                .condition, "\(name) is empty; leave it out if the input is always shown", at: node.location)
            return nil
        }
        return .all(reader.entries.compactMap(comparison))
    }

    private func comparison(_ entry: YAMLEntry) -> Condition? {
        if entry.key.hasPrefix("$") {
            report(
                .unsupported, "uses \(Diagnostic.quoted(entry.key)), which is not supported yet",
                at: entry.location)
            return nil
        }
        guard let field = InputName(entry.key).flatMap({ inputs[$0] }) else {
            if isComplete {
                let hint = NearMiss.hint(for: entry.key, among: inputs.keys.map(\.description))
                report(
                    .condition, "names \(Diagnostic.quoted(entry.key)), which is no input\(hint)",
                    at: entry.location)
            }
            return nil
        }
        guard field.name != owner.name else {
            report(.condition, "names the input itself", at: entry.location)
            return nil
        }
        guard !field.isSensitive else {
            report(.condition, "depends on '\(field.name)', whose value is sensitive", at: entry.location)
            return nil
        }
        return .isOneOf(field.name, operands(entry.value, field))
    }

    private func operands(_ node: YAMLNode, _ field: InputField) -> [Condition.Operand] {
        switch node.content {
        case .scalar: return operand(node, field).map { [$0] } ?? []
        case .sequence(let elements):
            if elements.isEmpty {
                report(.condition, "compares '\(field.name)' with an empty list", at: node.location)
            }
            return elements.compactMap { operand($0, field) }
        case .mapping(let entries):
            for entry in entries {
                if KeyTable.plannedOperators.contains(entry.key) {
                    report(
                        .unsupported, "uses the operator '\(entry.key)', which is not supported yet",
                        at: entry.location)
                } else {
                    let hint = NearMiss.hint(for: entry.key, among: KeyTable.plannedOperators)
                    report(
                        .condition, "uses the unknown operator \(Diagnostic.quoted(entry.key))\(hint)",
                        at: entry.location)
                }
            }
            if entries.isEmpty {
                report(.condition, "compares '\(field.name)' with nothing", at: node.location)
            }
            return []
        case .unusable: return []
        }
    }

    /// The right side is read by the left input's type; `null` without quotes is no value.
    private func operand(_ node: YAMLNode, _ field: InputField) -> Condition.Operand? {
        guard case .scalar(let text, let style) = node.content, !node.isEmpty else {
            if !node.isUnusable {
                let found = node.isEmpty ? "nothing; write null for no value" : node.kind
                report(.condition, "compares '\(field.name)' with \(found)", at: node.location)
            }
            return nil
        }
        if style == .plain, text == "null" || text == "~" { return .null }
        do throws(ValueProblem) {
            let canonical = try field.type.canonicalText(of: text)
            if field.type.isText { AmbiguousScalar.warn(about: text, style, at: node.location, findings) }
            if field.rules.allowedValues != nil { _ = try field.canonicalText(of: canonical) }
            return .text(canonical)
        } catch {
            report(
                .condition,
                "compares '\(field.name)' with \(Diagnostic.quoted(text)), which \(error.predicate)",
                at: node.location)
            return nil
        }
    }

    private func report(_ code: DiagnosticCode, _ rest: String, at location: SourceLocation) {
        findings.error(code, "\(key) of input '\(owner.name)' \(rest)", at: location)
    }
}

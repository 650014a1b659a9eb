/// Reads what people read: groups, rules, the changelog.
struct PresentationDecoder {
    let manifest: MappingReader
    let inputs: [InputField]
    let scope: ConditionDecoder.Scope
    let findings: Findings

    func groups() -> [InputGroup] {
        var seen: Set<String> = []
        let groups = manifest.maps("input_groups", keys: .inputGroup).compactMap { reader -> InputGroup? in
            guard let id = reader.name("id", "group's id")?.description else { return nil }
            if !seen.insert(id).inserted {
                findings.error(.collision, "group '\(id)' is declared twice", at: reader.location)
            }
            return InputGroup(
                id: id, label: reader.text("label")?.text ?? id,
                description: reader.text("description", lines: .many)?.text,
                isCollapsed: reader.bool("collapsed") ?? false,
                visibility: condition("visible_if", " of group '\(id)'", reader))
        }
        for input in inputs {
            guard let group = input.display.group, !seen.contains(group) else { continue }
            let hint = NearMiss.hint(for: group, among: seen)
            findings.error(
                .reference,
                "'group' of input '\(input.name)' is \(Diagnostic.quoted(group)), which is no group\(hint)",
                at: input.location)
        }
        return groups
    }

    func rules() -> [CrossRule] {
        var seen: Set<String> = []
        return manifest.maps("rules", keys: .rule).compactMap { reader in
            guard let id = reader.name("id", "rule's id")?.description else { return nil }
            if !seen.insert(id).inserted {
                findings.error(.collision, "rule '\(id)' is declared twice", at: reader.location)
            }
            let fields = reader.texts("fields")?.compactMap { text -> InputName? in
                if let field = InputName(text.text).flatMap({ scope.inputs[$0] }) { return field.name }
                if scope.isComplete {
                    let hint = NearMiss.hint(for: text.text, among: scope.inputs.keys.map(\.description))
                    findings.error(
                        .reference,
                        "'fields' of rule '\(id)' names \(Diagnostic.quoted(text.text)), which is no input\(hint)",
                        at: text.location)
                }
                return nil
            }
            guard let assertion = condition("assert", " of rule '\(id)'", reader),
                let message = reader.text("message")
            else { return nil }
            return CrossRule(
                id: id, assertion: assertion, message: message.text,
                fields: fields ?? assertion.fields.uniqued(),
                severity: reader.word("severity", CrossRule.Severity.self) ?? .error)
        }
    }

    func changelog() -> [ChangelogEntry] {
        manifest.maps("changelog", keys: .changelogEntry, atMost: 1000).compactMap { reader in
            guard let revision = reader.integer("revision", in: 1...Int(Int32.max)),
                let notes = reader.text("notes", lines: .many)
            else { return nil }
            return ChangelogEntry(
                revision: revision, notes: notes.text, isBreaking: reader.bool("breaking") ?? false,
                isSecurity: reader.bool("security") ?? false)
        }
    }

    private func condition(_ key: String, _ owner: String, _ reader: MappingReader) -> Condition? {
        reader.node(key).flatMap {
            ConditionDecoder(key: key, owner: owner, scope: scope, findings: findings).decode($0)
        }
    }
}

extension Sequence where Element: Hashable {
    /// The elements in order, each at its first place only.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

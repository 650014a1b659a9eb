/// Reads what people read: groups, rules, the changelog.
struct PresentationDecoder {
    let manifest: MappingReader
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
        return groups
    }

    /// Reports inputs that stand below no group, or below one that may be hidden while an answer is required.
    func checkGroups(of inputs: [InputField], among groups: [InputGroup]) {
        let known = Set(groups.map(\.id))
        let hidden = Set(groups.filter { $0.visibility != nil }.map(\.id))
        for input in inputs {
            guard let group = input.display.group else { continue }
            if hidden.contains(group), input.isRequired, input.visibility == nil {
                findings.warning(
                    .style,
                    "input '\(input.name)' has to be answered, and group '\(group)' may be hidden; give the input the same 'visible_if'",
                    at: input.groupLocation ?? input.location)
            }
            guard !known.contains(group) else { continue }
            findings.error(
                .reference,
                "'group' of input '\(input.name)' is \(Diagnostic.quoted(group)), which is no group"
                    + findings.hint(for: group, among: known),
                at: input.groupLocation ?? input.location)
        }
    }

    func rules() -> [CrossRule] {
        var seen: Set<String> = []
        return manifest.maps("rules", keys: .rule).compactMap { reader in
            guard let id = reader.name("id", "rule's id")?.description else { return nil }
            if !seen.insert(id).inserted {
                findings.error(.collision, "rule '\(id)' is declared twice", at: reader.location)
            }
            let fields = reader.texts("fields")?.compactMap { text -> InputName? in
                if let known = InputName(text.text).flatMap({ scope[$0] }) { return known.field.name }
                if scope.lacks(text.text) {
                    let hint = findings.hint(for: text.text, among: scope.names)
                    findings.error(
                        .reference,
                        "'fields' of rule '\(id)' names \(Diagnostic.quoted(text.text)), which is no input\(hint)",
                        at: text.location)
                }
                return nil
            }
            let assertion = condition("assert", " of rule '\(id)'", reader)
            let message = reader.text("message")
            let severity = reader.word("severity", CrossRule.Severity.self) ?? .error
            guard let assertion, let message else { return nil }
            return CrossRule(
                id: id, assertion: assertion, message: message.text,
                fields: fields ?? assertion.fields.uniqued(),
                severity: severity)
        }
    }

    func changelog() -> [ChangelogEntry] {
        manifest.maps("changelog", keys: .changelogEntry, atMost: 1000).compactMap { reader in
            let revision = reader.integer("revision", in: 1...Int(Int32.max))
            let notes = reader.text("notes", lines: .many)
            let (isBreaking, isSecurity) = (reader.bool("breaking"), reader.bool("security"))
            guard let revision, let notes else { return nil }
            return ChangelogEntry(
                revision: revision, notes: notes.text, isBreaking: isBreaking ?? false,
                isSecurity: isSecurity ?? false)
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

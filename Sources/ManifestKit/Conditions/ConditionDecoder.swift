/// Reads a condition, in its short form or in full.
///
/// `{enable_ssl: "true", mode: [prod, staging]}`, `{workers: {gte: 2}}`,
/// `{$any: [{a: x}, {$not: {b: y}}]}`.
struct ConditionDecoder {
    /// An input that conditions may name: one for all that name it.
    final class KnownInput: Sendable {
        let field: InputField

        init(_ field: InputField) { self.field = field }
    }

    /// What a condition may speak of.
    struct Scope {
        /// The manifest's inputs.
        var inputs: [InputName: KnownInput] = [:]
        /// Those of one action's own.
        var own: [InputName: KnownInput] = [:]
        /// Inputs that were reported, and cannot be compared with.
        var broken: Set<InputName> = []
        /// The actions that `$action` can be.
        var actions: Set<String> = []
        /// Whether every name of the file is among the two.
        var isComplete: Bool

        subscript(name: InputName) -> KnownInput? { inputs[name] ?? own[name] }

        /// Notes the names of inputs some of which were reported; nil for one that was not even named.
        mutating func note(broken names: [InputName?]) {
            broken.formUnion(names.compactMap(\.self))
            isComplete = isComplete && !names.contains(nil)
        }

        /// The names of all of them, for suggestions.
        var names: [String] { inputs.keys.map(\.description) + own.keys.map(\.description) }

        /// Whether there is no such input.
        ///
        /// One that could not be read was reported; calling it unknown would be a
        /// second finding about the first mistake.
        func lacks(_ name: String) -> Bool {
            isComplete && !(InputName(name).map { self[$0] != nil || broken.contains($0) } ?? false)
        }
    }

    /// The key that the condition stands under.
    let key: String
    /// What the key belongs to: ` of input 'https_port'`.
    let owner: String
    /// The input that the condition decides about, which it may not name.
    var input: InputName?
    let scope: Scope
    let findings: Findings

    /// The condition that `node` holds, or nil if something in it was reported.
    func decode(_ node: YAMLNode) -> Condition? {
        guard let reader = MappingReader(node, keys: nil, name: "'\(key)'", owner: owner, findings: findings)
        else {
            return nil
        }
        guard !reader.entries.isEmpty else {
            let cure = key == "assert" ? "write what has to hold" : "leave it out if it always holds"
            report(.condition, "is empty; \(cure)", at: node.location)
            return nil
        }
        let parts = Self.sorted(reader.entries).map(part)
        guard !parts.contains(where: { $0 == nil }) else { return nil }
        return Self.joined(parts.compactMap(\.self))
    }

    /// A map has no order: two spellings of one condition are the same condition.
    private static func sorted(_ entries: [YAMLEntry]) -> [YAMLEntry] {
        entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    /// One condition is itself; several hold together.
    private static func joined(_ conditions: [Condition]) -> Condition? {
        conditions.count == 1 ? conditions.first : .all(conditions)
    }

    private func part(_ entry: YAMLEntry) -> Condition? {
        switch entry.key {
        case "$all": return list(entry).map(Condition.all)
        case "$any": return list(entry).map(Condition.any)
        case "$not": return decode(entry.value).map(Condition.not)
        default:
            return side(named: entry.key, at: entry.location).flatMap {
                comparisons(of: $0, with: entry.value)
            }
        }
    }

    private func list(_ entry: YAMLEntry) -> [Condition]? {
        guard case .sequence(let elements) = entry.value.content, !elements.isEmpty else {
            if !entry.value.isUnusable {
                report(.condition, "has no list of conditions under '\(entry.key)'", at: entry.value.location)
            }
            return nil
        }
        let conditions = elements.map(decode)
        return conditions.contains { $0 == nil } ? nil : conditions.compactMap(\.self)
    }

    // MARK: Sides

    /// A value that can be compared, and what its values look like.
    private struct Side {
        let subject: Condition.Subject
        let kind: ValueKind
        /// The input, where it is one's answer.
        var known: KnownInput?
        var field: InputField? { known?.field }
    }

    private func side(named name: String, at location: SourceMark) -> Side? {
        if name.hasPrefix("$") {
            if let context = Condition.Context(rawValue: name) {
                return Side(subject: .context(context), kind: context.kind)
            }
            let known = Condition.Context.allCases.map(\.rawValue) + ["$all", "$any", "$not"]
            let hint = findings.hint(for: name, among: known)
            report(
                .condition, "names \(Diagnostic.quoted(name)), which is not known here\(hint)", at: location)
            return nil
        }
        guard let known = InputName(name).flatMap({ scope[$0] }) else {
            if scope.lacks(name) {
                let hint = findings.hint(for: name, among: scope.names)
                report(.condition, "names \(Diagnostic.quoted(name)), which is no input\(hint)", at: location)
            }
            return nil
        }
        guard known.field.name != input else {
            report(.condition, "names the input itself", at: location)
            return nil
        }
        return Side(subject: .input(known.field.name), kind: known.field.type.kind, known: known)
    }

    // MARK: Comparisons

    private func comparisons(of side: Side, with node: YAMLNode) -> Condition? {
        switch node.content {
        case .unusable: return nil
        case .scalar: return comparison(of: side, .equal, node, isShort: true)
        case .sequence: return comparison(of: side, .isIn, node, isShort: true)
        case .mapping(let entries):
            guard !entries.isEmpty else {
                report(.condition, "compares '\(side.subject.name)' with nothing", at: node.location)
                return nil
            }
            let parts = Self.sorted(entries).map { entry -> Condition? in
                guard let kind = Condition.Operator(rawValue: entry.key) else {
                    let known = Condition.Operator.allCases.map(\.rawValue)
                    let hint = findings.hint(for: entry.key, among: known)
                    report(
                        .condition, "uses the unknown operator \(Diagnostic.quoted(entry.key))\(hint)",
                        at: entry.location)
                    return nil
                }
                return comparison(of: side, kind, entry.value, at: entry.location, isShort: false)
            }
            return parts.contains { $0 == nil } ? nil : Self.joined(parts.compactMap(\.self))
        }
    }

    private func comparison(
        of side: Side, _ kind: Condition.Operator, _ node: YAMLNode, at location: SourceMark? = nil,
        isShort: Bool
    ) -> Condition? {
        let name = side.subject.name
        if let field = side.field, field.isSensitive, kind != .isSet {
            report(
                .condition, "depends on '\(name)', whose value is sensitive; only 'set' may be asked of it",
                at: location ?? node.location)
            return nil
        }
        guard kind.applies(to: side.kind) else {
            report(
                .condition, "asks '\(kind.rawValue)' of '\(name)', whose values have no such thing",
                at: location ?? node.location)
            return nil
        }
        return operands(of: kind, node, side, isShort: isShort).map { operands in
            .comparison(Condition.Comparison(side.subject, kind, operands))
        }
    }

    private func operands(
        of kind: Condition.Operator, _ node: YAMLNode, _ side: Side, isShort: Bool
    ) -> [Condition.Operand]? {
        switch kind {
        case .isSet: return flag(node, side).map { [.text($0)] }
        case .matches, .notMatches: return pattern(node, side).map { [.text($0)] }
        case .isIn, .isNotIn:
            guard case .sequence(let elements) = node.content, !elements.isEmpty else {
                if case .sequence = node.content {
                    report(
                        .condition, "compares '\(side.subject.name)' with an empty list", at: node.location)
                } else if !node.isUnusable {
                    report(
                        .condition, "asks '\(kind.rawValue)' of '\(side.subject.name)', which takes a list",
                        at: node.location)
                }
                return nil
            }
            let operands = elements.map { operand($0, kind, side, takesNull: isShort) }
            return operands.contains { $0 == nil } ? nil : operands.compactMap(\.self)
        default: return operand(node, kind, side, takesNull: kind == .equal || kind == .notEqual).map { [$0] }
        }
    }

    private func flag(_ node: YAMLNode, _ side: Side) -> String? {
        if case .scalar(let text, .plain) = node.content, text == "true" || text == "false" { return text }
        report(
            .condition, "asks 'set' of '\(side.subject.name)'; write true or false, without quotes",
            at: node.location)
        return nil
    }

    private func pattern(_ node: YAMLNode, _ side: Side) -> String? {
        guard case .scalar(let text, let style) = node.content, !text.isEmpty else {
            report(.condition, "compares '\(side.subject.name)' with no pattern", at: node.location)
            return nil
        }
        findings.patterns.append(
            .init(
                rule: PatternRule(source: text, message: nil, location: node.location, style: style),
                owner: key + owner))
        return text
    }

    // MARK: Right sides

    /// The right side is read by the left side's type; `null` without quotes is no value.
    private func operand(
        _ node: YAMLNode, _ kind: Condition.Operator, _ side: Side, takesNull: Bool
    ) -> Condition.Operand? {
        let name = side.subject.name
        if case .mapping = node.content { return otherSide(node, side).map(Condition.Operand.subject) }
        guard case .scalar(let text, let style) = node.content, !node.isEmpty else {
            if !node.isUnusable {
                let found = node.isEmpty ? "nothing; write null for no value" : node.kind
                report(.condition, "compares '\(name)' with \(found)", at: node.location)
            }
            return nil
        }
        if style == .plain, text == "null" || text == "~" {
            if takesNull { return .null }
            report(
                .condition, "compares '\(name)' with null, which only 'eq' and 'ne' can", at: node.location)
            return nil
        }
        do throws(ValueProblem) {
            let canonical = try canonicalText(of: text, kind, side)
            if side.kind != .number, side.kind != .boolean {
                AmbiguousScalar.warn(about: text, style, at: node.location, findings)
            }
            warnAboutName(text, side, at: node.location)
            return .text(canonical)
        } catch {
            report(
                .condition, "compares '\(name)' with \(Diagnostic.quoted(text)), which \(error.predicate)",
                at: node.location)
            return nil
        }
    }

    /// A text that is also the name of an input was perhaps meant for it.
    private func warnAboutName(_ text: String, _ side: Side, at location: SourceMark) {
        guard side.kind == .text, side.field?.rules.allowedValues == nil, side.known != nil,
            let name = InputName(text), let other = scope[name], other.field.type.kind == side.kind,
            name.description != side.subject.name
        else { return }
        findings.warning(
            .condition,
            "\(key)\(owner) compares '\(side.subject.name)' with the text '\(text)'; the input of that name is {field: \(text)}",
            at: location)
    }

    private func canonicalText(
        of text: String, _ kind: Condition.Operator, _ side: Side
    ) throws(ValueProblem) -> String {
        switch kind {
        case .startsWith, .endsWith: return text
        case .contains:
            guard side.kind == .list, let rules = side.field?.rules, rules.allowedValues != nil else {
                return text
            }
            guard rules.allowedTexts.contains(text) else {
                throw ValueProblem(.allowedValues, "is not one of its values")
            }
            return text
        default: break
        }
        if let field = side.field {
            let canonical = try field.type.canonicalText(of: text)
            // What is only compared in size need not be one of the values there are.
            let isSame = [.equal, .notEqual, .isIn, .isNotIn].contains(kind)
            if isSame, field.rules.allowedValues != nil { _ = try field.canonicalText(of: canonical) }
            return canonical
        }
        if case .context(let context) = side.subject, let known = try known(text, as: context) {
            return known
        }
        switch side.kind {
        case .number: return try NumberValue.canonicalText(of: text)
        case .boolean: return try BooleanValue.canonicalText(of: text)
        case .version:
            guard text.utf8.first.map(ASCII.isDigit) == true, ManifestVersion(text) != nil else {
                throw .type("is not a version such as '20.04'")
            }
            return text
        case .text, .date, .list: return text
        }
    }

    /// The one spelling of a word that is known around the form; nil where any word may be right.
    private func known(_ text: String, as context: Condition.Context) throws(ValueProblem) -> String? {
        switch context {
        case .architecture:
            if let name = HostRequirement.architectureNames[text] { return name }
            let known = HostRequirement.architectureNames.keys.sorted()
            throw .type(
                "is not one of " + known.joined(separator: ", ") + findings.hint(for: text, among: known))
        case .action:
            if scope.actions.contains(text) { return text }
            throw .type(
                "is no action of this application" + findings.hint(for: text, among: scope.actions.sorted()))
        case .os, .osVersion, .memory, .isInstalled: return nil
        }
    }

    /// The other side of `{field: other}`, or nil where the node is something else.
    private func otherSide(_ node: YAMLNode, _ side: Side) -> Condition.Subject? {
        let name = side.subject.name
        guard case .mapping(let entries) = node.content, entries.count == 1, let entry = entries.first,
            entry.key == "field", case .scalar(let text, _) = entry.value.content
        else {
            report(.condition, "compares '\(name)' with a map that is not {field: NAME}", at: node.location)
            return nil
        }
        guard let other = self.side(named: text, at: entry.value.location) else { return nil }
        guard other.known == nil || other.subject.name != name else {
            report(.condition, "compares '\(name)' with itself", at: entry.value.location)
            return nil
        }
        if let field = other.field, field.isSensitive {
            report(.condition, "depends on '\(text)', whose value is sensitive", at: entry.value.location)
            return nil
        }
        guard other.kind == side.kind else {
            report(
                .condition, "compares '\(name)' with '\(text)', which is of another kind",
                at: entry.value.location)
            return nil
        }
        return other.subject
    }

    private func report(
        _ code: DiagnosticCode, _ rest: @autoclosure () -> String, at location: SourceMark
    ) {
        findings.error(code, "\(key)\(owner) \(rest())", at: location)
    }
}

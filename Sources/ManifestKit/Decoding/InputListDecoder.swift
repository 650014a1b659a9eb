/// Reads `inputs` and what holds between them: names, variables, conditions.
struct InputListDecoder {
    /// The inputs in the file's order, and the order in which their visibility can be decided.
    struct Result {
        var fields: [InputField]
        /// Nil where one of them was reported.
        var evaluationOrder: [Int]?
        let scope: ConditionDecoder.Scope
    }

    let findings: Findings

    /// The inputs of the manifest under `reader`, or nil if they are no list.
    func decode(_ reader: MappingReader) -> Result? {
        guard let elements = reader.elements("inputs", atMost: 1000) else { return nil }
        let drafts = elements.compactMap { InputDecoder(findings: findings).decode($0) }
        return resolve(
            drafts, of: elements, beside: ConditionDecoder.Scope(inputs: [:], isComplete: true), [])
    }

    /// The inputs of an action's own, which may speak of the manifest's.
    func decode(own nodes: [YAMLNode], beside others: [InputField], _ scope: ConditionDecoder.Scope)
        -> [InputField]
    {
        let drafts = nodes.compactMap { InputDecoder(findings: findings).decode($0) }
        return resolve(drafts, of: nodes, beside: scope, others).fields
    }

    private func resolve(
        _ drafts: [InputDecoder.Draft], of nodes: [YAMLNode], beside outer: ConditionDecoder.Scope,
        _ others: [InputField]
    ) -> Result {
        let isComplete = drafts.count == nodes.count
        let names = nodes.compactMap(Self.name)
        var fields = drafts.map(\.field)
        checkNames(of: fields, beside: others)
        let scope = ConditionDecoder.Scope(
            inputs: Dictionary((others + fields).map { ($0.name, $0) }) { first, _ in first },
            broken: isComplete ? outer.broken : outer.broken.union(names),
            isComplete: outer.isComplete && names.count == nodes.count)
        for index in fields.indices {
            let decode = { (key: String) -> Condition? in
                guard let node = drafts[index].reader.node(key) else { return nil }
                return ConditionDecoder(
                    key: key, owner: drafts[index].reader.owner, input: fields[index].name, scope: scope,
                    findings: findings
                ).decode(node)
            }
            let conditions = (decode("visible_if"), decode("required_if"), decode("readonly_if"))
            (fields[index].visibility, fields[index].requirement, fields[index].freeze) = conditions
        }
        let order = evaluationOrder(of: fields, drafts)
        return Result(fields: fields, evaluationOrder: isComplete ? order : nil, scope: scope)
    }

    /// The name of an input that may be wrong in all else.
    private static func name(of node: YAMLNode) -> InputName? {
        guard case .mapping(let entries) = node.content,
            case .scalar(let text, _)? = entries.first(where: { $0.key == "name" })?.value.content
        else { return nil }
        return InputName(text)
    }

    /// Who has a name or a variable.
    private struct Owner {
        let name: InputName
        let line: Int

        init(_ field: InputField) {
            name = field.name
            line = field.location.line
        }
    }

    /// Names, aliases and variables, each the only one of its kind.
    private func checkNames(of fields: [InputField], beside others: [InputField]) {
        var names: [InputName: Owner] = [:]
        var variables: [String: Owner] = [:]
        for field in others {
            for name in [field.name] + field.aliases { names[name] = names[name] ?? Owner(field) }
            variables[field.environmentName] = Owner(field)
        }
        for field in fields {
            if let earlier = names[field.name] {
                let found =
                    earlier.name == field.name
                    ? "is declared twice; it is already on line \(earlier.line)"
                    : "has a name that is already an alias of '\(earlier.name)'"
                findings.error(.collision, "input '\(field.name)' \(found)", at: field.location)
            } else if let earlier = variables[field.environmentName] {
                findings.error(
                    .collision,
                    "inputs '\(earlier.name)' and '\(field.name)' share the variable '\(field.environmentName)'",
                    at: field.location)
            }
            names[field.name] = names[field.name] ?? Owner(field)
            variables[field.environmentName] = variables[field.environmentName] ?? Owner(field)
        }
        for field in fields {
            for alias in field.aliases {
                if let other = names[alias] {
                    findings.error(
                        .collision,
                        "alias '\(alias)' of input '\(field.name)' is already a name of '\(other.name)'",
                        at: field.aliasLocation ?? field.location)
                }
                names[alias] = names[alias] ?? Owner(field)
            }
        }
    }

    // MARK: Order

    /// The positions sorted so that each comes after those its visibility depends on; nil for a cycle.
    private func evaluationOrder(of fields: [InputField], _ drafts: [InputDecoder.Draft]) -> [Int]? {
        if fields.allSatisfy({ $0.visibility == nil }) { return Array(fields.indices) }
        let positions = Dictionary(fields.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let needs = fields.map { field in Set((field.visibility?.fields ?? []).compactMap { positions[$0] }) }
        var order: [Int] = []
        var open = needs.map(\.count)
        var dependents: [[Int]] = fields.map { _ in [] }
        for (index, need) in needs.enumerated() { for other in need { dependents[other].append(index) } }
        var ready = fields.indices.filter { open[$0] == 0 }[...]
        while let index = ready.popFirst() {
            order.append(index)
            for dependent in dependents[index].sorted() {
                open[dependent] -= 1
                if open[dependent] == 0 { ready.append(dependent) }
            }
        }
        guard order.count < fields.count else { return order }
        let left = Set(fields.indices).subtracting(order)
        guard let first = left.min() else { return order }
        let cycle = cycle(from: first, within: left, needs: needs)
        let start = cycle.first ?? first
        findings.error(
            .condition,
            "visible_if of input '\(fields[start].name)' depends on itself: "
                + (cycle + [start]).map { fields[$0].name.description }.joined(separator: " → "),
            at: drafts[start].reader.node("visible_if")?.location ?? fields[start].location)
        return nil
    }

    /// Follows what each input needs until one comes up again; every input in `left` needs another of them.
    private func cycle(from first: Int, within left: Set<Int>, needs: [Set<Int>]) -> [Int] {
        var path: [Int] = []
        var current = first
        while !path.contains(current) {
            path.append(current)
            guard let next = needs[current].intersection(left).min() else { return path }
            current = next
        }
        let cycle = Array(path.drop { $0 != current })
        // Told from its first input in the file, so that the sentence does not depend on where the search began.
        guard let least = cycle.min(), let offset = cycle.firstIndex(of: least) else { return cycle }
        return Array(cycle[offset...] + cycle[..<offset])
    }
}

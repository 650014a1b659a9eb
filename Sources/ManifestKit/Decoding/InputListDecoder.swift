/// Reads `inputs` and what holds between them: names, variables, conditions.
struct InputListDecoder {
    /// The inputs in the file's order, and the order in which their visibility can be decided.
    struct Result {
        var fields: [InputField]
        /// Nil where one of them was reported.
        var evaluationOrder: [Int]?
        let scope: ConditionDecoder.Scope
        let taken: InputNames
    }

    let findings: Findings

    /// The inputs of the manifest under `reader`, or nil if they are no list.
    func decode(_ reader: MappingReader) -> Result? {
        guard let elements = reader.elements("inputs", atMost: 1000) else { return nil }
        let drafts = elements.compactMap { InputDecoder(findings: findings).decode($0) }
        let fields = drafts.map(\.field)
        let taken = InputNames(of: fields, beside: InputNames(), findings)
        let scope = scope(of: drafts, elements, ConditionDecoder.Scope(isComplete: true), \.inputs)
        var result = resolve(drafts, fields, scope, taken)
        if drafts.count < elements.count { result.evaluationOrder = nil }
        return result
    }

    /// The inputs of an action's own, which may speak of the manifest's.
    func decode(own nodes: [YAMLNode], beside outer: ConditionDecoder.Scope, _ taken: InputNames)
        -> [InputField]
    {
        guard !nodes.isEmpty else { return [] }
        let drafts = nodes.compactMap { InputDecoder(findings: findings).decode($0) }
        let fields = drafts.map(\.field)
        let names = InputNames(of: fields, beside: taken, findings)
        return resolve(drafts, fields, scope(of: drafts, nodes, outer, \.own), names).fields
    }

    /// `outer` and what `nodes` add to it.
    private func scope(
        of drafts: [InputDecoder.Draft], _ nodes: [YAMLNode], _ outer: ConditionDecoder.Scope,
        _ place: WritableKeyPath<ConditionDecoder.Scope, [InputName: InputField]>
    ) -> ConditionDecoder.Scope {
        var scope = outer
        scope[keyPath: place] = Dictionary(drafts.map { ($0.field.name, $0.field) }) { first, _ in first }
        guard drafts.count < nodes.count else { return scope }
        let names = nodes.compactMap(Self.name)
        scope.broken.formUnion(names)
        scope.isComplete = outer.isComplete && names.count == nodes.count
        return scope
    }

    private func resolve(
        _ drafts: [InputDecoder.Draft], _ decoded: [InputField], _ scope: ConditionDecoder.Scope,
        _ taken: InputNames
    ) -> Result {
        var fields = decoded
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
        return Result(
            fields: fields, evaluationOrder: evaluationOrder(of: fields, drafts), scope: scope, taken: taken)
    }

    /// The name of an input that may be wrong in all else.
    private static func name(of node: YAMLNode) -> InputName? {
        guard case .mapping(let entries) = node.content,
            case .scalar(let text, _)? = entries.first(where: { $0.key == "name" })?.value.content
        else { return nil }
        return InputName(text)
    }

    // MARK: Order

    /// The positions sorted so that each comes after those its visibility depends on; nil for a cycle.
    private func evaluationOrder(of fields: [InputField], _ drafts: [InputDecoder.Draft]) -> [Int]? {
        if fields.allSatisfy({ $0.visibility == nil }) { return Array(fields.indices) }
        let positions = Dictionary(fields.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let needs = fields.map { field in
            field.visibility.map { Set($0.fields.compactMap { positions[$0] }) } ?? []
        }
        // Nearly all manifests ask first what decides.
        if needs.indices.allSatisfy({ index in needs[index].allSatisfy { $0 < index } }) {
            return Array(fields.indices)
        }
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

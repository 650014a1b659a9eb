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

    /// Inputs that still lack their conditions, which need all the others, and what each was read from.
    private struct Drafts {
        var fields: [InputField] = []
        var readers: [MappingReader] = []
        let isComplete: Bool

        init(_ nodes: [YAMLNode], _ findings: Findings) {
            fields.reserveCapacity(nodes.count)
            readers.reserveCapacity(nodes.count)
            let decoder = InputDecoder(findings: findings)
            for node in nodes {
                guard let (field, reader) = decoder.decode(node) else { continue }
                fields.append(field)
                readers.append(reader)
            }
            isComplete = fields.count == nodes.count
        }

        /// The inputs by their names; the first where a name is there twice.
        var known: [InputName: ConditionDecoder.KnownInput] {
            Dictionary(fields.map { ($0.name, ConditionDecoder.KnownInput($0)) }) { first, _ in first }
        }
    }

    let findings: Findings

    /// The inputs of the manifest under `reader`, or nil if they are no list.
    func decode(_ reader: MappingReader) -> Result? {
        guard let nodes = reader.elements("inputs", atMost: 1000) else { return nil }
        let drafts = Drafts(nodes, findings)
        let taken = InputNames(of: drafts.fields, beside: InputNames(), findings)
        var scope = ConditionDecoder.Scope(actions: Self.actions(of: reader), isComplete: true)
        scope.inputs = drafts.known
        if !drafts.isComplete { scope.note(broken: nodes.map(Self.name)) }
        return resolve(drafts, scope, taken)
    }

    /// The inputs of an action's own, which may speak of the manifest's.
    func decode(own nodes: [YAMLNode], beside outer: ConditionDecoder.Scope, _ taken: InputNames)
        -> (fields: [InputField], evaluationOrder: [Int])
    {
        guard !nodes.isEmpty else { return ([], []) }
        let drafts = Drafts(nodes, findings)
        let names = InputNames(of: drafts.fields, beside: taken, findings)
        var scope = outer
        scope.own = drafts.known
        if !drafts.isComplete { scope.note(broken: nodes.map(Self.name)) }
        let result = resolve(drafts, scope, names)
        return (result.fields, result.evaluationOrder ?? [])
    }

    private func resolve(
        _ drafts: consuming Drafts, _ scope: ConditionDecoder.Scope, _ taken: InputNames
    ) -> Result {
        for index in drafts.fields.indices {
            let (reader, name) = (drafts.readers[index], drafts.fields[index].name)
            let decode = { (key: String) -> Condition? in
                guard let node = reader.node(key) else { return nil }
                return ConditionDecoder(
                    key: key, owner: reader.owner, input: name, scope: scope, findings: findings
                ).decode(node)
            }
            drafts.fields[index].visibility = decode("visible_if")
            drafts.fields[index].requirement = decode("required_if")
            drafts.fields[index].freeze = decode("readonly_if")
        }
        let order = evaluationOrder(of: drafts)
        return Result(
            fields: drafts.fields, evaluationOrder: drafts.isComplete ? order : nil, scope: scope,
            taken: taken)
    }

    /// The actions that may be asked for, offered or not.
    private static func actions(of manifest: MappingReader) -> Set<String> {
        var names = Set(Action.Standard.allCases.map(\.rawValue))
        if case .mapping(let entries)? = manifest.node("actions")?.content {
            names.formUnion(entries.map(\.key))
        }
        return names
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
    private func evaluationOrder(of drafts: Drafts) -> [Int]? {
        let fields = drafts.fields
        if fields.allSatisfy({ $0.visibility == nil }) { return Array(fields.indices) }
        let positions = Dictionary(fields.indices.map { (fields[$0].name, $0) }) { first, _ in first }
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
            at: drafts.readers[start].node("visible_if")?.location ?? fields[start].location)
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

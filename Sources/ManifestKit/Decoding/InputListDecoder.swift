/// Reads `inputs` and what holds between them: names, variables, visibility.
struct InputListDecoder {
    /// The inputs in the file's order, and the order in which their visibility can be decided.
    struct Result {
        let fields: [InputField]
        let evaluationOrder: [Int]
    }

    let findings: Findings

    /// The inputs of the manifest under `reader`, or nil if one of them was reported.
    func decode(_ reader: MappingReader) -> Result? {
        guard let elements = reader.elements("inputs", atMost: 1000) else { return nil }
        let drafts = elements.compactMap { InputDecoder(findings: findings).decode($0) }
        var fields: [InputField] = []
        for draft in drafts {
            if let earlier = fields.first(where: { $0.name == draft.field.name }) {
                findings.error(
                    .collision,
                    "input '\(draft.field.name)' is declared twice; it is already on line \(earlier.location.line)",
                    at: draft.field.location)
            } else if let earlier = fields.first(where: { $0.environmentName == draft.field.environmentName })
            {
                findings.error(
                    .collision,
                    "inputs '\(earlier.name)' and '\(draft.field.name)' share the variable '\(draft.field.environmentName)'",
                    at: draft.field.location)
            }
            fields.append(draft.field)
        }
        resolveVisibility(of: &fields, from: drafts, isComplete: drafts.count == elements.count)
        guard drafts.count == elements.count else { return nil }
        guard let order = evaluationOrder(of: fields, drafts) else { return nil }
        return Result(fields: fields, evaluationOrder: order)
    }

    private func resolveVisibility(
        of fields: inout [InputField], from drafts: [InputDecoder.Draft], isComplete: Bool
    ) {
        let byName = Dictionary(fields.map { ($0.name, $0) }) { first, _ in first }
        for index in fields.indices {
            guard let node = drafts[index].visibility else { continue }
            // Where an input could not be read its name may be missing here, and
            // calling it unknown would be a second finding about the first mistake.
            let decoder = ConditionDecoder(
                key: "visible_if", owner: fields[index], inputs: byName, isComplete: isComplete,
                findings: findings)
            fields[index].visibility = decoder.decode(node)
        }
    }

    /// The positions sorted so that each comes after those its visibility depends on; nil for a cycle.
    private func evaluationOrder(of fields: [InputField], _ drafts: [InputDecoder.Draft]) -> [Int]? {
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
            at: drafts[start].visibility?.location ?? fields[start].location)
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

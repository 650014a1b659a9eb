public import ManifestKit

/// Answers whether a condition of a manifest holds for given answers.
///
/// Evaluation is total: whatever is not given is null.
public struct ConditionEvaluator: Sendable {
    private let condition: CompiledCondition
    private let places: [InputName: (index: Int, kind: ValueKind)]

    /// An evaluator of a condition that was decoded with `manifest`.
    ///
    /// - Throws: ``PatternError`` where a pattern of it does not compile; ``ManifestLinter`` says where.
    public init(_ condition: Condition, in manifest: Manifest) throws(PatternError) {
        var patterns = PatternCompiler(for: manifest)
        let places = manifest.places(with: manifest.actions.flatMap(\.ownInputs))
        self.places = places
        self.condition = try CompiledCondition(condition, places, &patterns)
    }

    /// Whether the condition holds.
    ///
    /// - Parameters:
    ///   - answers: canonical texts of visible inputs; a hidden or unanswered one is not among them.
    ///   - context: what is known around the form.
    public func holds(_ answers: [InputName: String], in context: FormContext = FormContext()) -> Bool {
        let count = (places.values.map(\.index).max() ?? -1) + 1
        var values = ConditionValues(inputCount: count, context: context)
        for (name, text) in answers { if let place = places[name] { values[input: place.index] = text } }
        return condition.holds(values)
    }
}

extension Manifest {
    /// Each input's place and kind, by its name.
    var places: [InputName: (index: Int, kind: ValueKind)] { places(with: []) }

    /// The same with inputs of actions behind the manifest's.
    func places(with own: [InputField]) -> [InputName: (index: Int, kind: ValueKind)] {
        let all = (inputs + own).enumerated().map { ($1.name, ($0, $1.type.kind)) }
        return Dictionary(all) { first, _ in first }
    }
}

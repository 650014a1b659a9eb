public import ManifestKit

/// Turns what came in for one application into proof, or into everything that is wrong with it.
///
/// Make one for each manifest and keep it: patterns are compiled once. It holds no
/// state, so any number of threads may use it at once.
public struct InputValidator: Sendable {
    /// The largest environment that inputs may make, names included.
    static let maximumEnvironmentSize = 128 * 1024

    /// The manifest that inputs are held against.
    public let manifest: Manifest
    private let plan: ValidationPlan
    /// The plans of actions that ask something else, by the actions' names.
    private let otherPlans: [String: ValidationPlan]

    /// A validator for `manifest`; refused if one of its patterns does not compile.
    ///
    /// ``ManifestLinter`` says where such a pattern stands.
    public init(manifest: Manifest) throws(PatternError) {
        self.manifest = manifest
        var patterns = PatternCompiler(for: manifest)
        let places = manifest.places
        let plan = try ValidationPlan(manifest, places, &patterns)
        var others: [String: ValidationPlan] = [:]
        for action in manifest.actions where action.inputs != nil || !action.ownInputs.isEmpty {
            others[action.name] = try ValidationPlan(plan, for: action, places, &patterns)
        }
        self.plan = plan
        otherPlans = others
    }

    /// Judges `raw`; all violations are reported, not the first.
    ///
    /// 1. Names that are no input's are violations; an alias stands for its input. Where the context's action lists
    ///    `inputs`, those alone are asked; the others keep what is installed, or their default.
    /// 2. Each input's visibility is decided from the values before it, hidden and
    ///    unanswered ones being null.
    /// 3. A hidden input's value is ignored; what the script sees instead is the
    ///    manifest's to say. Where an answer that decides about it is wrong itself,
    ///    its value is judged all the same, so that nothing comes to light only later.
    /// 4. A visible input's value is judged. Without an answer stands what the
    ///    installed application has, else the default, else what is generated.
    /// 5. What is required, and what may not be changed, is decided from all values.
    /// 6. The manifest's rules are asked, where what they are about is in order.
    /// 7. The environment as a whole is measured.
    ///
    /// - Parameters:
    ///   - raw: what came in, by the inputs' names.
    ///   - context: what is known around the form.
    ///   - generator: makes values where a manifest says `generate`; without one such an input is left unanswered.
    public func validate(
        _ raw: RawInputs, in context: FormContext = FormContext(), generator: ValueGenerator? = nil
    ) -> Validation {
        run(raw, in: context, generator: generator).result(manifest.id)
    }

    /// The steps of ``validate(_:in:generator:)`` up to the last, with all that was found on the way.
    func run(_ raw: RawInputs, in context: FormContext, generator: ValueGenerator?) -> ValidationRun {
        let plan = otherPlans[context.action] ?? plan
        var run = ValidationRun(plan, raw, context, generator)
        for index in plan.order { run.judge(plan.fields[index]) }
        run.judgeWhatIsLeft()
        run.judgeRules()
        return run
    }
}

/// One input, ready to be judged.
///
/// A class: a run passes these around by the hundred, and copies nothing.
final class FieldPlan: Sendable {
    let index: Int
    let field: InputField
    let pattern: Pattern?
    let visibility: CompiledCondition?
    /// The places of the inputs whose answers decide whether this one is asked.
    let deciders: [Int]
    let requirement: CompiledCondition?
    let freeze: CompiledCondition?
    /// Whether it has a condition that is asked when all values are known.
    var hasLateConditions: Bool { requirement != nil || freeze != nil || field.immutability != nil }
    /// The bytes that the variable takes besides its value: its name, the sign, the end.
    let environmentOverhead: Int

    init(
        _ field: InputField, at index: Int, _ places: [InputName: (index: Int, kind: ValueKind)],
        _ patterns: inout PatternCompiler
    ) throws(PatternError) {
        func compiled(_ condition: Condition?) throws(PatternError) -> CompiledCondition? {
            guard let condition else { return nil }
            return try CompiledCondition(condition, places, &patterns)
        }
        self.index = index
        self.field = field
        pattern = if let rule = field.rules.pattern { try patterns.compile(rule.source) } else { nil }
        visibility = try compiled(field.visibility)
        deciders = field.visibility?.fields.compactMap { places[$0]?.index } ?? []
        requirement = try compiled(field.requirement)
        freeze = try compiled(field.freeze)
        environmentOverhead = field.environmentName.utf8.count + 2
    }
}

/// A manifest's inputs and rules, ready to be asked.
struct ValidationPlan: Sendable {
    struct Rule: Sendable {
        let rule: CrossRule
        let assertion: CompiledCondition
        /// The places of the inputs that it is about.
        let inputs: [Int]
    }

    /// The inputs, those of an action's own behind the manifest's.
    let fields: [FieldPlan]
    /// Their places, each after those its visibility depends on.
    let order: [Int]
    /// Whether each input is asked; else it keeps what it has.
    let isAsked: [Bool]
    let rules: [Rule]
    /// Each input's place by every name that it answers to; the manifest's are the same for all actions.
    private let places: [String: Int]
    private let ownPlaces: [String: Int]
    /// Whether any input has a condition that is asked when all values are known.
    let hasLateConditions: Bool
    /// The bytes of the environment that are there whatever is answered.
    let environmentSize: Int

    /// All inputs of the manifest.
    init(
        _ manifest: Manifest, _ kinds: [InputName: (index: Int, kind: ValueKind)],
        _ patterns: inout PatternCompiler
    ) throws(PatternError) {
        var fields: [FieldPlan] = []
        for (index, field) in manifest.inputs.enumerated() {
            fields.append(try FieldPlan(field, at: index, kinds, &patterns))
        }
        var rules: [Rule] = []
        for rule in manifest.rules {
            rules.append(
                Rule(
                    rule: rule, assertion: try CompiledCondition(rule.assertion, kinds, &patterns),
                    inputs: rule.inputs.compactMap { kinds[$0]?.index }))
        }
        // What is the same for every script, and the run's own paths and names, are well below 4 KiB.
        let size = manifest.environment.reduce(4096) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 }
        self.fields = fields
        order = manifest.evaluationOrder
        isAsked = [Bool](repeating: true, count: fields.count)
        self.rules = rules
        places = Self.places(of: fields)
        ownPlaces = [:]
        hasLateConditions = fields.contains(where: \.hasLateConditions)
        environmentSize = size
    }

    /// What one action asks, and the rules that are about any of it.
    ///
    /// A hundred actions may stand beside a thousand inputs: what is the same for all of them is shared.
    init(
        _ whole: ValidationPlan, for action: Action, _ kinds: [InputName: (index: Int, kind: ValueKind)],
        _ patterns: inout PatternCompiler
    ) throws(PatternError) {
        let count = whole.fields.count
        var kinds = kinds
        for (offset, field) in action.ownInputs.enumerated() {
            kinds[field.name] = (count + offset, field.type.kind)
        }
        var own: [FieldPlan] = []
        for (offset, field) in action.ownInputs.enumerated() {
            own.append(try FieldPlan(field, at: count + offset, kinds, &patterns))
        }
        var isAsked = [Bool](repeating: action.inputs == nil, count: count)
        for name in action.inputs ?? [] { if let place = kinds[name] { isAsked[place.index] = true } }
        self.isAsked = isAsked + own.map { _ in true }
        fields = whole.fields + own
        order = whole.order + action.ownEvaluationOrder.map { count + $0 }
        rules = whole.rules.filter { rule in rule.inputs.isEmpty || rule.inputs.contains { isAsked[$0] } }
        places = whole.places
        ownPlaces = Self.places(of: own)
        hasLateConditions = whole.hasLateConditions || own.contains(where: \.hasLateConditions)
        environmentSize = whole.environmentSize
    }

    private static func places(of fields: [FieldPlan]) -> [String: Int] {
        var places: [String: Int] = [:]
        for plan in fields {
            for name in [plan.field.name] + plan.field.aliases { places[name.description] = plan.index }
        }
        return places
    }

    /// The place of an asked input, by any name that it answers to.
    func place(of name: String) -> Int? {
        (ownPlaces[name] ?? places[name]).flatMap { isAsked[$0] ? $0 : nil }
    }

    /// Every name that an asked input answers to.
    var names: [String] { places.keys.filter { place(of: $0) != nil } + ownPlaces.keys }
}

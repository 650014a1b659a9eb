public import ManifestKit

/// What a form looks like with the answers that it has now, for whoever draws one.
///
/// Unlike ``Validation`` it is there whether the answers will do or not. `form.js`
/// comes to the same in a browser.
public struct FormState: Sendable {
    /// One field.
    public struct Field: Sendable {
        /// The input's name.
        public let name: InputName
        /// Whether it is asked at all.
        public let isVisible: Bool
        /// Whether it has to be answered; no field is that is not visible.
        public let isRequired: Bool
        /// Whether it keeps the value that it has.
        public let isReadOnly: Bool
        /// The value that counts, in its canonical spelling: an answer, what is installed, the default or one that
        /// was made; nil for none, and where it is hidden or wrong.
        public let value: ValidatedValue?
        /// What is wrong with it, or nil.
        public let violation: Violation?
    }

    /// The fields that the context's action asks, in the manifest's order.
    public let fields: [Field]
    /// The ids of the groups that are shown.
    public let visibleGroups: Set<String>
    /// What is wrong and is no field's: names that are no input's, and rules that do not hold.
    public let otherViolations: [Violation]
    /// What there is to tell besides.
    public let warnings: [Validation.Warning]

    /// The field called `name`.
    public subscript(name: InputName) -> Field? { fields.first { $0.name == name } }
}

extension InputValidator {
    /// What the form looks like with `raw`.
    ///
    /// - Parameters:
    ///   - raw: what came in so far, by the inputs' names.
    ///   - context: what is known around the form.
    ///   - generator: makes values where a manifest says `generate`; without one such an input has none yet.
    public func state(
        of raw: RawInputs, in context: FormContext = FormContext(), generator: ValueGenerator? = nil
    ) -> FormState {
        let run = run(raw, in: context, generator: generator)
        var answers: [InputName: String] = [:]
        let fields = run.plan.fields.compactMap { plan -> FormState.Field? in
            let (index, field) = (plan.index, plan.field)
            let text = run.values[input: index]
            answers[field.name] = text
            guard run.plan.isAsked[index] else { return nil }
            let isVisible = !run.isHidden[index]
            let isFixed = field.immutability == .afterInstall && context.isInstalled
            return FormState.Field(
                name: field.name, isVisible: isVisible,
                isRequired: isVisible && (field.isRequired || plan.requirement?.holds(run.values) ?? false),
                isReadOnly: isVisible && (isFixed || plan.freeze?.holds(run.values) ?? false),
                value: text.map { field.isSensitive ? .secret(Secret($0)) : .plain($0) },
                violation: run.violations[index])
        }
        let shown = manifest.inputGroups.filter { group in
            guard let condition = group.visibility else { return true }
            // A group's pattern was compiled when the manifest was linted.
            return (try? ConditionEvaluator(condition, in: manifest))?.holds(answers, in: context) ?? true
        }
        return FormState(
            fields: fields, visibleGroups: Set(shown.map(\.id)), otherViolations: run.others,
            warnings: run.warnings.sorted { $0.index < $1.index }.map(\.warning))
    }
}

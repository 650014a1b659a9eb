import ManifestKit

/// One validation under way.
struct ValidationRun {
    let plan: ValidationPlan
    private let raw: RawInputs
    private let context: FormContext
    private let generator: ValueGenerator?

    /// Where each input's value is among those that were given; -1 for nowhere.
    private var given: [Int]
    /// The canonical texts of visible inputs.
    private(set) var values: ConditionValues
    private var results: [ValidatedInput?]
    /// What is wrong with each input.
    private(set) var violations: [Violation?]
    /// Whether each input is hidden by the other answers.
    private(set) var isHidden: [Bool]
    /// Violations that are no input's.
    private(set) var others: [Violation] = []
    private(set) var warnings: [(index: Int, warning: Validation.Warning)] = []
    /// Inputs that are wrong, or of which nobody can say whether they are asked.
    private var unsure: [Int] = []
    /// Inputs that are visible and have no value.
    private var unanswered: [Int] = []

    init(_ plan: ValidationPlan, _ raw: RawInputs, _ context: FormContext, _ generator: ValueGenerator?) {
        self.plan = plan
        self.raw = raw
        self.context = context
        self.generator = generator
        let count = plan.fields.count
        given = [Int](repeating: -1, count: count)
        results = [ValidatedInput?](repeating: nil, count: count)
        violations = [Violation?](repeating: nil, count: count)
        isHidden = [Bool](repeating: false, count: count)
        values = ConditionValues(inputCount: count, context: context)
        for (position, entry) in raw.entries.enumerated() { assign(entry, at: position) }
    }

    /// Finds the input of a name that was sent.
    private mutating func assign(_ entry: RawInputs.Entry, at position: Int) {
        // A name is 63 characters of ASCII at most; longer ones are not even compared.
        guard entry.name.utf8.count <= 63, let index = plan.place(of: entry.name) else {
            // Only the first few: somebody may send thousands.
            let hint =
                others.count < 8 && entry.name.utf8.count <= 63
                ? NearMiss.hint(for: entry.name, among: plan.names.sorted()) : ""
            let owner =
                plan.isAsked.contains(false) ? "action '\(context.action)' asks" : "the application has"
            let message = "\(owner) no input \(Diagnostic.quoted(entry.name))\(hint)"
            return others.append(Violation(field: entry.name, code: .unknownInput, message: message))
        }
        let field = plan.fields[index].field
        guard given[index] < 0 else {
            let message = "'\(entry.name)' is another name of input '\(field.name)', which was given, too"
            return others.append(Violation(field: entry.name, code: .unknownInput, message: message))
        }
        given[index] = position
        if !entry.name.hasSameBytes(as: field.name.description) {
            warn(index, .renamed, "'\(entry.name)' is now called '\(field.name)'")
        } else if let advice = field.deprecation {
            warn(index, .deprecated, "input '\(field.name)' goes away\(advice.isEmpty ? "" : ": \(advice)")")
        }
    }

    private mutating func warn(_ index: Int, _ code: Validation.Warning.Code, _ message: String) {
        let name = plan.fields[index].field.name
        warnings.append((index, Validation.Warning(field: name, code: code, message: message)))
    }

    // MARK: - Inputs, one by one

    mutating func judge(_ plan: FieldPlan) {
        let field = plan.field
        let index = plan.index
        if let visibility = plan.visibility, !visibility.holds(values) {
            isHidden[index] = true
            guard unsure.isEmpty || !plan.deciders.contains(where: unsure.contains) else {
                unsure.append(index)
                guard given[index] >= 0 else { return }
                do throws(InputProblem) { _ = try answer(plan) } catch { report(plan, error) }
                return
            }
            if given[index] >= 0 {
                warn(
                    index, .hidden,
                    "input '\(field.name)' is hidden by the other answers; its value was ignored")
            }
            if let text = substitute(for: field) { keep(text, of: plan, .hidden) }
            return
        }
        guard self.plan.isAsked[index] else {
            guard let (text, _) = standing(of: field) else { return }
            values[input: index] = text
            return keep(text, of: plan, .kept)
        }
        do throws(InputProblem) {
            guard let (text, origin) = try answer(plan) else { return unanswered.append(index) }
            values[input: index] = text
            keep(text, of: plan, origin)
            if field.rules.privilege == .warn, let port = Int(text), port < 1024 {
                warn(
                    index, .privileged,
                    field.isSensitive
                        ? "the port of input '\(field.name)' is one that only root may listen on"
                        : "port \(text) of input '\(field.name)' is one that only root may listen on")
            }
        } catch {
            report(plan, error)
        }
    }

    /// Keeps what is wrong with an input.
    private mutating func report(_ plan: FieldPlan, _ problem: InputProblem) {
        unsure.append(plan.index)
        violations[plan.index] = Violation(
            field: plan.field.name.description, code: problem.code, message: problem.message)
    }

    private mutating func keep(_ text: String, of plan: FieldPlan, _ origin: ValidatedInput.Origin) {
        let field = plan.field
        results[plan.index] = ValidatedInput(
            name: field.name, environmentName: field.environmentName,
            value: field.isSensitive ? .secret(Secret(text)) : .plain(text), origin: origin)
    }

    /// What a script sees of a hidden input.
    private func substitute(for field: InputField) -> String? {
        switch field.whenHidden {
        case .default: field.defaultValue
        case .unset: nil
        case .empty: ""
        }
    }

    /// The canonical text of a visible input, or nil if it was left unanswered.
    private func answer(_ plan: FieldPlan) throws(InputProblem) -> (String, ValidatedInput.Origin)? {
        let field = plan.field
        guard given[plan.index] >= 0,
            let text = try canonicalText(of: raw.entries[given[plan.index]].value, plan)
        else { return try standIn(for: field) }
        try match(text, plan)
        return (text, .answer)
    }

    /// What stands where no answer was given: what is installed, the default, or what is made now.
    private func standIn(for field: InputField) throws(InputProblem) -> (String, ValidatedInput.Origin)? {
        if let standing = standing(of: field) { return standing }
        guard let rule = field.generation, let generator else { return nil }
        guard let text = try? generator.make(rule, for: field) else {
            throw InputProblem(.required, "no value could be made; give one")
        }
        return (text, .generated)
    }

    /// What an input has without being asked.
    private func standing(of field: InputField) -> (String, ValidatedInput.Origin)? {
        if let current = context.current[field.name] { return (current, .installed) }
        return field.defaultValue.map { ($0, .default) }
    }

    /// The value's canonical text, or nil where it is no answer.
    private func canonicalText(of value: RawValue, _ plan: FieldPlan) throws(InputProblem) -> String? {
        let field = plan.field
        var shown: String?
        do throws(ValueProblem) {
            switch (value, field.type) {
            case (.text(let text), let type):
                if text.isEmpty || type.isTrimmed && text.trimmed.isEmpty { return nil }
                shown = text
                return try field.canonicalText(of: text)
            case (.boolean(let value), .boolean): return value ? "true" : "false"
            case (.number(let text), let type) where type.takesNumberRules:
                shown = text
                return try field.canonicalText(of: text)
            case (.list(let items), .multiselect):
                if items.isEmpty { return nil }
                shown = items.joined(separator: ",")
                return try field.canonicalText(ofItems: items)
            default: throw ValueProblem(.type, "is not \(field.type.nativeForms)")
            }
        } catch {
            // Even a single character may not be told of a secret.
            if field.isSensitive, error.rule == .characters || error.rule == .charset {
                throw InputProblem(
                    Violation.Code(error.rule), "the value holds a character that it may not hold")
            }
            let subject = shown.flatMap { field.isSensitive ? nil : Diagnostic.quoted($0) } ?? "the value"
            throw InputProblem(Violation.Code(error.rule), "\(subject) \(error.predicate)")
        }
    }

    private func match(_ text: String, _ plan: FieldPlan) throws(InputProblem) {
        guard let pattern = plan.pattern else { return }
        switch pattern.match(text) {
        case .matches: return
        case .limitReached:
            throw InputProblem(
                .patternLimit,
                "the pattern \(Diagnostic.quoted(pattern.source)) takes too long to match this value")
        case .differs:
            if let message = plan.field.rules.pattern?.message { throw InputProblem(.pattern, message) }
            let subject = plan.field.isSensitive ? "the value" : Diagnostic.quoted(text)
            throw InputProblem(
                .pattern, "\(subject) does not match the pattern \(Diagnostic.quoted(pattern.source))")
        }
    }

    // MARK: - What takes all values

    /// Decides what has to be answered, and what may not be changed.
    mutating func judgeWhatIsLeft() {
        for index in unanswered {
            let plan = plan.fields[index]
            guard plan.field.isRequired || plan.requirement?.holds(values) ?? false else { continue }
            violations[index] = Violation(
                field: plan.field.name.description, code: .required, message: "an answer is required")
        }
        guard plan.hasLateConditions else { return }
        for plan in plan.fields where given[plan.index] >= 0 && violations[plan.index] == nil {
            guard let text = values[input: plan.index],
                !(standing(of: plan.field)?.0.hasSameBytes(as: text) ?? false)
            else { continue }
            let isImmutable = plan.field.immutability == .afterInstall && context.isInstalled
            if isImmutable {
                violations[plan.index] = Violation(
                    field: plan.field.name.description, code: .immutable,
                    message: "the value cannot be changed once the application is installed")
            } else if plan.freeze?.holds(values) ?? false {
                violations[plan.index] = Violation(
                    field: plan.field.name.description, code: .readonly,
                    message: "the value cannot be changed with these answers")
            }
        }
    }

    /// Asks the rules; one about an input that is wrong already would only say so again.
    mutating func judgeRules() {
        for rule in plan.rules {
            guard rule.inputs.allSatisfy({ violations[$0] == nil }), !rule.assertion.holds(values) else {
                continue
            }
            let message = rule.rule.message
            switch rule.rule.severity {
            case .error:
                others.append(
                    Violation(field: rule.rule.fields.first?.description ?? "", code: .rule, message: message)
                )
            case .warning:
                let index = rule.rule.fields.first.flatMap { plan.place(of: $0.description) }
                warnings.append(
                    (
                        index ?? Int.max,
                        Validation.Warning(field: rule.rule.fields.first, code: .rule, message: message)
                    ))
            }
        }
    }

    // MARK: - Result

    func result(_ application: ManifestID) -> Validation {
        let found = violations.compactMap(\.self) + others
        guard found.isEmpty else { return .invalid(found) }
        let inputs = results.compactMap(\.self)
        var size = plan.environmentSize
        for (index, input) in results.enumerated() {
            guard let input else { continue }
            size += plan.fields[index].environmentOverhead + input.value.count
        }
        guard size <= InputValidator.maximumEnvironmentSize else {
            let most = InputValidator.maximumEnvironmentSize
            let message = "all values together make \(size) bytes; at most \(most) are passed on"
            return .invalid([Violation(field: "", code: .size, message: message)])
        }
        return .valid(
            ValidatedInputs(application: application, values: inputs),
            warnings: warnings.count < 2
                ? warnings.map(\.warning) : warnings.sorted { $0.index < $1.index }.map(\.warning))
    }
}

/// A violation before its field is known.
private struct InputProblem: Error {
    let code: Violation.Code
    let message: String

    init(_ code: Violation.Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension InputType {
    /// What a value of this type may be sent as.
    fileprivate var nativeForms: String {
        switch self {
        case .boolean: "true or false"
        case .integer, .port: "a whole number"
        case .number: "a number"
        case .duration: "a duration, as text or in seconds"
        case .size: "a size, as text or in bytes"
        case .multiselect: "a list of texts"
        default: "a text"
        }
    }
}

extension ValidatedValue {
    /// The bytes of the text.
    fileprivate var count: Int {
        switch self {
        case .plain(let text): text.utf8.count
        case .secret(let secret): secret.count
        }
    }
}

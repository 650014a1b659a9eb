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
    private let patterns: [InputName: Pattern]

    /// A validator for `manifest`; refused if one of its patterns does not compile.
    ///
    /// ``ManifestLinter`` says where such a pattern stands.
    public init(manifest: Manifest) throws(PatternError) {
        var patterns: [InputName: Pattern] = [:]
        for input in manifest.inputs {
            guard let rule = input.rules.pattern else { continue }
            patterns[input.name] = try Pattern(rule.source)
        }
        self.manifest = manifest
        self.patterns = patterns
    }

    /// Judges `raw`; all violations are reported, not the first.
    ///
    /// 1. Names that are no input's are violations.
    /// 2. Each input's visibility is decided from the values before it, hidden and
    ///    unanswered ones being null.
    /// 3. A hidden input's value is ignored; what the script sees instead is the
    ///    manifest's to say.
    /// 4. A visible input's value is judged; without an answer its default stands in.
    /// 5. The environment as a whole is measured.
    public func validate(_ raw: RawInputs) -> Validation {
        var run = Run(patterns: patterns, raw: raw)
        for index in manifest.evaluationOrder { run.judge(manifest.inputs[index], at: index) }
        let unknown = raw.entries.filter { entry in
            InputName(entry.name).flatMap(manifest.input(named:)) == nil
        }
        let values = run.values.sorted { $0.key < $1.key }.map(\.value)
        var violations = run.violations.sorted { $0.key < $1.key }.map(\.value)
        violations += unknown.map { entry in
            Violation(
                field: entry.name, code: .unknownInput,
                message: "the application has no input \(Diagnostic.quoted(entry.name))")
        }
        let size = values.reduce(0) { $0 + $1.environmentSize }
        if size > Self.maximumEnvironmentSize {
            violations.append(
                Violation(
                    field: "", code: .size,
                    message:
                        "all values together make \(size) bytes; at most \(Self.maximumEnvironmentSize) are passed on"
                ))
        }
        guard violations.isEmpty else { return .invalid(violations) }
        let warnings = run.ignored.sorted().map { Validation.Warning(field: manifest.inputs[$0].name) }
        return .valid(ValidatedInputs(application: manifest.id, values: values), warnings: warnings)
    }
}

/// One validation under way.
private struct Run {
    let patterns: [InputName: Pattern]
    let raw: RawInputs
    /// The canonical text of every input that is visible and has one; what conditions see.
    private var known: [InputName: String] = [:]
    var values: [Int: ValidatedInput] = [:]
    var violations: [Int: Violation] = [:]
    var ignored: [Int] = []

    init(patterns: [InputName: Pattern], raw: RawInputs) {
        self.patterns = patterns
        self.raw = raw
    }

    mutating func judge(_ input: InputField, at index: Int) {
        let given = raw[input.name.description]
        guard input.visibility?.holds({ known[$0] }) ?? true else {
            if given != nil { ignored.append(index) }
            if let text = substitute(for: input) { values[index] = validated(input, text, isHidden: true) }
            return
        }
        do throws(InputProblem) {
            guard let text = try answer(given, for: input) else { return }
            known[input.name] = text
            values[index] = validated(input, text, isHidden: false)
        } catch {
            violations[index] = Violation(
                field: input.name.description, code: error.code, message: error.message)
        }
    }

    /// What a script sees of a hidden input.
    private func substitute(for input: InputField) -> String? {
        switch input.whenHidden {
        case .default: input.defaultValue
        case .unset: nil
        case .empty: ""
        }
    }

    /// The canonical text of a visible input, or nil if it was left unanswered and may be.
    private func answer(_ given: RawValue?, for input: InputField) throws(InputProblem) -> String? {
        guard let text = try given.map({ raw throws(InputProblem) in try sourceText(of: raw, for: input) }),
            !isNoAnswer(text, to: input)
        else {
            if let text = input.defaultValue { return text }
            if input.isRequired { throw InputProblem(code: .required, message: "an answer is required") }
            return nil
        }
        let canonical: String
        do throws(ValueProblem) {
            canonical = try input.canonicalText(of: text)
        } catch {
            let subject = input.isSensitive ? "the value" : Diagnostic.quoted(text)
            throw InputProblem(code: Violation.Code(error.rule), message: "\(subject) \(error.predicate)")
        }
        try match(canonical, of: input)
        return canonical
    }

    /// An empty text is no answer, and neither is one of spaces where they are trimmed.
    private func isNoAnswer(_ text: String, to input: InputField) -> Bool {
        switch input.type {
        case .string, .email: text.trimmed.isEmpty
        case .integer, .boolean, .password, .select, .port: text.isEmpty
        }
    }

    /// The value's text where a native value of its kind may stand for the input's type.
    private func sourceText(of value: RawValue, for input: InputField) throws(InputProblem) -> String {
        switch (value, input.type) {
        case (.text(let text), _): return text
        case (.boolean(let value), .boolean): return value ? "true" : "false"
        case (.number(let text), .integer), (.number(let text), .port): return text
        default: throw InputProblem(code: .type, message: "the value is not \(input.type.nativeForms)")
        }
    }

    private func match(_ text: String, of input: InputField) throws(InputProblem) {
        guard let pattern = patterns[input.name] else { return }
        switch pattern.match(text) {
        case .matches: return
        case .limitReached:
            throw InputProblem(
                code: .patternLimit,
                message: "the pattern \(Diagnostic.quoted(pattern.source)) takes too long to match this value"
            )
        case .differs:
            let subject = input.isSensitive ? "the value" : Diagnostic.quoted(text)
            let message =
                input.rules.pattern?.message
                ?? "\(subject) does not match the pattern \(Diagnostic.quoted(pattern.source))"
            throw InputProblem(code: .pattern, message: message)
        }
    }

    private func validated(_ input: InputField, _ text: String, isHidden: Bool) -> ValidatedInput {
        ValidatedInput(
            name: input.name, environmentName: input.environmentName,
            value: input.isSensitive ? .secret(Secret(text)) : .plain(text), isHidden: isHidden)
    }
}

/// A violation before its field is known.
private struct InputProblem: Error {
    let code: Violation.Code
    let message: String
}

extension InputType {
    /// What a value of this type may be sent as.
    fileprivate var nativeForms: String {
        switch self {
        case .boolean: "true or false"
        case .integer, .port: "a whole number"
        case .string, .password, .select, .email: "a text"
        }
    }
}

extension ValidatedInput {
    /// The bytes the variable takes: its name, the sign, the value, the end.
    fileprivate var environmentSize: Int {
        let size =
            switch value {
            case .plain(let text): text.utf8.count
            case .secret(let secret): secret.count
            }
        return environmentName.utf8.count + size + 2
    }
}

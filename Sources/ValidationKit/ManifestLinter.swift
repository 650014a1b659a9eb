public import ManifestKit
import Synchronization

/// Judges what a manifest means where that takes running its patterns, and gives advice.
public enum ManifestLinter {
    /// What there is to say about a manifest that was decoded without errors, in source order.
    public static func lint(_ manifest: Manifest) -> [Diagnostic] {
        var run = LintRun(manifest: manifest)
        for input in manifest.inputs + manifest.actions.flatMap(\.ownInputs) { run.judge(input) }
        for pattern in manifest.conditionPatterns { _ = run.pattern(of: pattern.rule, pattern.owner) }
        if let mark = manifest.looseVersionLocation {
            run.report(
                .note, .style,
                "say which system's version this is with 'versions', as in versions: {ubuntu: \">=20.04\"}",
                at: mark)
        }
        return run.findings.inSourceOrder()
    }
}

/// One call of ``ManifestLinter/lint(_:)``.
private struct LintRun {
    /// What each match may take.
    private static let steps: UInt32 = 2_000

    let manifest: Manifest
    private(set) var findings: [Diagnostic] = []
    /// How many matches may take all that a value of a form may: a thousand inputs may not take a thousand times that.
    private var longMatches = 1

    private var patterns: PatternCompiler

    init(manifest: Manifest) {
        self.manifest = manifest
        patterns = PatternCompiler(for: manifest)
    }

    mutating func report(
        _ severity: Diagnostic.Severity, _ code: DiagnosticCode, _ message: String, at mark: SourceMark
    ) {
        findings.append(Diagnostic(severity, code, message, at: manifest.location(of: mark)))
    }

    mutating func judge(_ input: InputField) {
        let pattern = input.rules.pattern.flatMap { self.pattern(of: $0, "input '\(input.name)'") }
        if input.rules.pattern != nil, pattern == nil { return }
        if let pattern, let rule = input.rules.pattern, !judge(pattern, rule, of: input) { return }
        judgeValues(of: input, pattern)
        judgeGeneration(of: input, pattern)
    }

    // MARK: Patterns

    /// The pattern that a rule spells; what is wrong with it is reported.
    mutating func pattern(of rule: PatternRule, _ owner: String) -> Pattern? {
        // One finding says it for all that are behind.
        if patterns.isFull { return nil }
        do throws(PatternError) {
            return try patterns.compile(rule.source)
        } catch {
            report(
                .error, error.code == .malformed ? .pattern : .patternUnsupported,
                "pattern of \(owner) \(error.predicate)", at: rule.location(ofCharacter: error.offset))
            return nil
        }
    }

    /// Holds a pattern against its input's default; whether there is no error.
    private mutating func judge(_ pattern: Pattern, _ rule: PatternRule, of input: InputField) -> Bool {
        if !(rule.source.hasPrefix("^") && rule.source.hasSuffix("$")) {
            report(
                .note, .style,
                "pattern of input '\(input.name)' has to match the whole value; write '^…$' to show it",
                at: rule.location)
        }
        // An empty default stands for no answer, which no pattern is asked about.
        guard let text = input.defaultValue, !text.isEmpty, let mark = input.defaultLocation else {
            return true
        }
        let problem: String
        switch match(pattern, text) {
        case .matches: return true
        case .differs: problem = "does not match its pattern \(Diagnostic.quoted(rule.source))"
        case .limitReached: problem = "takes its pattern \(Diagnostic.quoted(rule.source)) too long to match"
        }
        report(
            .error, .defaultValue,
            input.isSensitive
                ? "default of the sensitive input '\(input.name)' \(problem)"
                : "default \(Diagnostic.quoted(text)) of input '\(input.name)' \(problem)",
            at: mark)
        return false
    }

    /// A value that can be chosen and is refused then, and an example that would be.
    private mutating func judgeValues(of input: InputField, _ pattern: Pattern?) {
        if let pattern, let rule = input.rules.pattern,
            let value = input.rules.allowedValues?.prefix(100).first(where: {
                match(pattern, $0.value) == .differs
            })
        {
            report(
                .error, .allowedValues,
                "allowed value \(Diagnostic.quoted(value.value)) of input '\(input.name)' does not match the input's pattern",
                at: rule.location)
        }
        guard let example = input.display.example, !input.isSensitive else { return }
        var problem: String?
        do throws(ValueProblem) {
            let text = try input.canonicalText(of: example)
            if let pattern, match(pattern, text) == .differs {
                problem = "does not match the input's pattern"
            }
        } catch {
            problem = error.predicate
        }
        if let problem {
            report(
                .warning, .style, "example \(Diagnostic.quoted(example)) of input '\(input.name)' \(problem)",
                at: input.location)
        }
    }

    private mutating func match(_ pattern: Pattern, _ text: String) -> Pattern.Answer {
        let answer = pattern.match(text, steps: Self.steps)
        guard answer == .limitReached, longMatches > 0 else { return answer }
        longMatches -= 1
        return pattern.match(text)
    }

    // MARK: Generated values

    /// What is made has to satisfy the input's own rules, whatever it is made of.
    private mutating func judgeGeneration(of input: InputField, _ pattern: Pattern?) {
        guard let rule = input.generation, let mark = input.generationLocation else { return }
        for text in Self.samples(of: rule, for: input, pattern) {
            guard let text else {
                return report(
                    .error, .rule, "'generate' of input '\(input.name)' finds no value that its rules allow",
                    at: mark)
            }
            var problem: String?
            do throws(ValueProblem) {
                _ = try input.canonicalText(of: text)
                if let pattern, match(pattern, text) != .matches {
                    problem = "does not match the input's pattern"
                }
            } catch {
                problem = error.predicate
            }
            if let problem {
                return report(
                    .error, .rule, "'generate' of input '\(input.name)' makes a value that \(problem)",
                    at: mark)
            }
        }
    }

    /// Values as the rule makes them, nil where it makes none; fewer where they are long.
    private static func samples(
        of rule: GenerationRule, for input: InputField, _ pattern: Pattern?
    ) -> [String?] {
        // Where no pattern looks at the characters, their number is all that can be wrong.
        if pattern == nil, rule.kind.takesLength {
            let sign = rule.kind == .password ? String(rule.alphabet.prefix(1)) : "a"
            return [String(repeating: sign, count: rule.length)]
        }
        // Any bytes will do: the values are judged and thrown away.
        let seed = Mutex<UInt8>(0)
        let generator = ValueGenerator { count in
            seed.withLock { seed in
                (0..<count).map { _ in
                    seed = seed &* 73 &+ 41
                    return seed
                }
            }
        }
        let count = pattern == nil && rule.kind == .uuid ? 1 : max(1, min(16, 512 / rule.length))
        return (0..<count).map { _ in try? generator.make(rule, for: input) }
    }
}

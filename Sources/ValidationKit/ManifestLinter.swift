public import ManifestKit
import Synchronization

/// Judges what a manifest means where that takes running its patterns, and gives advice.
public enum ManifestLinter {
    /// What there is to say about a manifest that was decoded without errors, in source order.
    public static func lint(_ manifest: Manifest) -> [Diagnostic] {
        var findings = manifest.inputs.flatMap(lint)
        for pattern in manifest.conditionPatterns {
            if let finding = compile(pattern.rule, of: pattern.owner).finding { findings.append(finding) }
        }
        if let location = manifest.looseVersionLocation {
            findings.append(
                Diagnostic(
                    .note, .style,
                    "say which system's version this is with 'versions', as in versions: {ubuntu: \">=20.04\"}",
                    at: location))
        }
        return findings.inSourceOrder()
    }

    /// The pattern that a rule spells, or what is wrong with it.
    private static func compile(_ rule: PatternRule, of owner: String) -> (
        pattern: Pattern?, finding: Diagnostic?
    ) {
        do throws(PatternError) {
            return (try Pattern(rule.source), nil)
        } catch {
            let code: DiagnosticCode = error.code == .malformed ? .pattern : .patternUnsupported
            let place = rule.location(ofCharacter: error.offset)
            return (nil, Diagnostic(.error, code, "pattern of \(owner) \(error.predicate)", at: place))
        }
    }

    private static func lint(_ input: InputField) -> [Diagnostic] {
        var findings = lintPattern(of: input)
        if let finding = lintGeneration(of: input, isUsable: !findings.contains(where: \.isError)) {
            findings.append(finding)
        }
        return findings
    }

    /// What is made has to satisfy the input's own rules, whatever it is made of.
    private static func lintGeneration(of input: InputField, isUsable: Bool) -> Diagnostic? {
        guard let rule = input.generation, let location = input.generationLocation, isUsable else {
            return nil
        }
        let pattern = input.rules.pattern.flatMap { try? Pattern($0.source) }
        let seed = Mutex<UInt8>(0)
        for _ in 0..<16 {
            let generator = ValueGenerator { count in
                // Any bytes will do: the values are judged and thrown away.
                (0..<count).map { _ in
                    seed.withLock { seed in
                        seed = seed &* 73 &+ 41
                        return seed
                    }
                }
            }
            guard let text = try? generator.make(rule, for: input) else {
                return Diagnostic(
                    .error, .rule, "'generate' of input '\(input.name)' finds no value that its rules allow",
                    at: location)
            }
            var problem: String?
            do throws(ValueProblem) {
                _ = try input.canonicalText(of: text)
                if let pattern, pattern.match(text) != .matches {
                    problem = "does not match the input's pattern"
                }
            } catch {
                problem = error.predicate
            }
            if let problem {
                return Diagnostic(
                    .error, .rule, "'generate' of input '\(input.name)' makes a value that \(problem)",
                    at: location)
            }
        }
        return nil
    }

    private static func lintPattern(of input: InputField) -> [Diagnostic] {
        guard let rule = input.rules.pattern else { return [] }
        let (compiled, finding) = compile(rule, of: "input '\(input.name)'")
        guard let pattern = compiled else { return finding.map { [$0] } ?? [] }
        var findings: [Diagnostic] = []
        if !(rule.source.hasPrefix("^") && rule.source.hasSuffix("$")) {
            findings.append(
                Diagnostic(
                    .note, .style,
                    "pattern of input '\(input.name)' has to match the whole value; write '^…$' to show it",
                    at: rule.location))
        }
        // An empty default stands for no answer, which no pattern is asked about.
        if let text = input.defaultValue, !text.isEmpty, let location = input.defaultLocation {
            let problem: String? =
                switch pattern.match(text) {
                case .matches: nil
                case .differs: "does not match its pattern \(Diagnostic.quoted(rule.source))"
                case .limitReached: "takes its pattern \(Diagnostic.quoted(rule.source)) too long to match"
                }
            if let problem {
                findings.append(
                    Diagnostic(
                        .error, .defaultValue,
                        input.isSensitive
                            ? "default of the sensitive input '\(input.name)' \(problem)"
                            : "default \(Diagnostic.quoted(text)) of input '\(input.name)' \(problem)",
                        at: location))
            }
        }
        return findings
    }
}

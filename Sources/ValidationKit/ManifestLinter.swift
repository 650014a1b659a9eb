public import ManifestKit
import Synchronization

/// Judges what a manifest means where that takes running its patterns, and gives advice.
public enum ManifestLinter {
    /// What there is to say about a manifest that was decoded without errors, in source order.
    public static func lint(_ manifest: Manifest) -> [Diagnostic] {
        var matcher = Matcher()
        var findings: [Diagnostic] = []
        for input in manifest.inputs + manifest.actions.flatMap(\.ownInputs) {
            findings += lint(input, &matcher)
        }
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

    /// Matches all values of one manifest: a thousand inputs may not take a thousand times what one may.
    private struct Matcher {
        /// What each match may take.
        private static let steps: UInt32 = 2_000
        /// How many matches may take all that a value of a form may.
        private var left = 1

        mutating func match(_ pattern: Pattern, _ text: String) -> Pattern.Answer {
            let answer = pattern.match(text, steps: Self.steps)
            guard answer == .limitReached, left > 0 else { return answer }
            left -= 1
            return pattern.match(text)
        }
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

    private static func lint(_ input: InputField, _ matcher: inout Matcher) -> [Diagnostic] {
        var findings = lintPattern(of: input, &matcher)
        if let finding = lintGeneration(of: input, isUsable: !findings.contains(where: \.isError), &matcher) {
            findings.append(finding)
        }
        return findings
    }

    /// What is made has to satisfy the input's own rules, whatever it is made of.
    private static func lintGeneration(
        of input: InputField, isUsable: Bool, _ matcher: inout Matcher
    ) -> Diagnostic? {
        guard let rule = input.generation, let location = input.generationLocation, isUsable else {
            return nil
        }
        let pattern = input.rules.pattern.flatMap { try? Pattern($0.source) }
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
        // Where no pattern looks at the characters, their number is all that can be wrong.
        let isAnyOfItsLength = pattern == nil && rule.kind.takesLength
        let count =
            isAnyOfItsLength || pattern == nil && rule.kind == .uuid ? 1 : max(1, min(16, 512 / rule.length))
        for _ in 0..<count {
            let made =
                isAnyOfItsLength
                ? String(
                    repeating: String(rule.kind == .password ? rule.alphabet.prefix(1) : "a"),
                    count: rule.length)
                : try? generator.make(rule, for: input)
            guard let text = made else {
                return Diagnostic(
                    .error, .rule, "'generate' of input '\(input.name)' finds no value that its rules allow",
                    at: location)
            }
            var problem: String?
            do throws(ValueProblem) {
                _ = try input.canonicalText(of: text)
                if let pattern, matcher.match(pattern, text) != .matches {
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

    private static func lintPattern(of input: InputField, _ matcher: inout Matcher) -> [Diagnostic] {
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
                switch matcher.match(pattern, text) {
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

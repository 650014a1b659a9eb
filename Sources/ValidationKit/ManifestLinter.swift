public import ManifestKit

/// Judges what a manifest means where that takes running its patterns, and gives advice.
public enum ManifestLinter {
    /// What there is to say about a manifest that was decoded without errors, in source order.
    public static func lint(_ manifest: Manifest) -> [Diagnostic] {
        var findings = manifest.inputs.flatMap(lint)
        if let location = manifest.looseVersionLocation {
            findings.append(
                Diagnostic(
                    .note, .style,
                    "say which system's version this is with 'versions', as in versions: {ubuntu: \">=20.04\"}",
                    at: location))
        }
        return findings.inSourceOrder()
    }

    private static func lint(_ input: InputField) -> [Diagnostic] {
        guard let rule = input.rules.pattern else { return [] }
        let pattern: Pattern
        do throws(PatternError) {
            pattern = try Pattern(rule.source)
        } catch {
            let code: DiagnosticCode = error.code == .malformed ? .pattern : .patternUnsupported
            let message = "pattern of input '\(input.name)' \(error.predicate)"
            return [Diagnostic(.error, code, message, at: rule.location(ofCharacter: error.offset))]
        }
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
                        "default \(Diagnostic.quoted(text)) of input '\(input.name)' \(problem)",
                        at: location))
            }
        }
        return findings
    }
}

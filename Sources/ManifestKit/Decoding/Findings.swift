/// Collects what is found in one file while it is decoded.
///
/// One instance serves one call of ``Manifest/decode(_:file:)`` and never leaves it.
final class Findings {
    /// After this many the rest is counted as one: nobody reads more, and a hostile file could hold thousands.
    private static let maximum = 200
    /// After this many words that were looked at, none is suggested any more.
    private static let maximumComparisons = 10_000

    let file: String
    /// Seed mode: unknown keys are warnings.
    var isLenient = true
    /// Patterns that conditions use; they are compiled and judged where there is an engine.
    var patterns: [Manifest.ConditionPattern] = []
    /// Scripts that the manifest names; where there is a folder, they have to be in it.
    var scripts: [LocatedText] = []
    private var errors: [Found] = []
    private var others: [Found] = []
    private var count = 0
    /// Whether there were more errors, or more of the others, than are kept.
    private var hasMoreErrors = false
    private var hasMoreOthers = false
    private var comparisons = 0

    /// A finding, and how many were found before it.
    private struct Found {
        let diagnostic: Diagnostic
        let number: Int
    }

    init(file: String) { self.file = file }

    /// The beginning of the file.
    var start: SourceMark { SourceMark(line: 1, column: 1) }

    /// Everything found, in source order: errors before all, and a line that stands for the rest.
    var diagnostics: [Diagnostic] {
        let all = (errors + others).sorted { $0.number < $1.number }.map(\.diagnostic).inSourceOrder()
        var room = Self.maximum - errors.count
        let shown = all.filter { finding in
            if finding.isError { return true }
            room -= 1
            return room >= 0
        }
        guard hasMoreErrors || hasMoreOthers || shown.count < all.count, let last = shown.last else {
            return shown
        }
        let severity: Diagnostic.Severity = hasMoreErrors ? .error : .warning
        return shown
            + [Diagnostic(severity, .limit, "there are more findings than are shown", at: last.location)]
    }

    /// The suggestion of the known word that is nearest to `word`, for the end of a sentence.
    func hint(for word: String, among known: some Collection<String>) -> String {
        guard errors.count < Self.maximum, comparisons < Self.maximumComparisons else { return "" }
        comparisons += known.count
        return NearMiss.hint(for: word, among: known)
    }

    func error(_ code: DiagnosticCode, _ message: @autoclosure () -> String, at location: SourceMark) {
        add(.error, code, message, at: location)
    }

    func warning(_ code: DiagnosticCode, _ message: @autoclosure () -> String, at location: SourceMark) {
        add(.warning, code, message, at: location)
    }

    private func add(
        _ severity: Diagnostic.Severity, _ code: DiagnosticCode, _ message: () -> String,
        at location: SourceMark
    ) {
        let isError = severity == .error
        guard (isError ? errors : others).count < Self.maximum else {
            if isError { hasMoreErrors = true } else { hasMoreOthers = true }
            return
        }
        let diagnostic = Diagnostic(severity, code, message(), at: location.location(in: file))
        count += 1
        if isError {
            errors.append(Found(diagnostic: diagnostic, number: count))
        } else {
            others.append(Found(diagnostic: diagnostic, number: count))
        }
    }
}

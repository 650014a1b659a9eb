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
    private var list: [Diagnostic] = []
    /// The gravest of the findings that are not shown.
    private var hidden: Diagnostic.Severity?
    private var comparisons = 0

    init(file: String) { self.file = file }

    /// The beginning of the file.
    var start: SourceMark { SourceMark(line: 1, column: 1) }

    /// Everything found, in source order.
    var diagnostics: [Diagnostic] {
        let found = list.inSourceOrder()
        guard let hidden, let last = found.last else { return found }
        return found
            + [Diagnostic(hidden, .limit, "there are more findings than are shown", at: last.location)]
    }

    /// The suggestion of the known word that is nearest to `word`, for the end of a sentence.
    func hint(for word: String, among known: some Collection<String>) -> String {
        guard list.count < Self.maximum, comparisons < Self.maximumComparisons else { return "" }
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
        if list.count < Self.maximum {
            list.append(Diagnostic(severity, code, message(), at: location.location(in: file)))
        } else if hidden != .error {
            hidden = severity
        }
    }
}

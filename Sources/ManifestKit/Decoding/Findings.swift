/// Collects what is found in one file while it is decoded.
///
/// One instance serves one call of ``Manifest/decode(_:file:)`` and never leaves it.
final class Findings {
    /// After this many the rest is counted as one: nobody reads more, and a hostile file could hold thousands.
    private static let maximum = 200

    let file: String
    /// Seed mode: unknown keys are warnings.
    var isLenient = true
    /// Patterns that conditions use; they are compiled and judged where there is an engine.
    var patterns: [Manifest.ConditionPattern] = []
    /// Scripts that the manifest names; where there is a folder, they have to be in it.
    var scripts: [LocatedText] = []
    private var list: [Diagnostic] = []

    init(file: String) { self.file = file }

    /// The beginning of the file.
    var start: SourceLocation { SourceLocation(file: file) }

    /// Whether nothing more is told; what takes work to say need not be said.
    var isFull: Bool { list.count > Self.maximum }

    /// Everything found, in source order.
    var diagnostics: [Diagnostic] { list.inSourceOrder() }

    func error(_ code: DiagnosticCode, _ message: String, at location: SourceLocation) {
        add(Diagnostic(.error, code, message, at: location))
    }

    func warning(_ code: DiagnosticCode, _ message: String, at location: SourceLocation) {
        add(Diagnostic(.warning, code, message, at: location))
    }

    private func add(_ diagnostic: Diagnostic) {
        if list.count < Self.maximum {
            list.append(diagnostic)
        } else if list.count == Self.maximum {
            list.append(
                Diagnostic(.error, .limit, "there are more findings than are shown", at: diagnostic.location))
        }
    }
}

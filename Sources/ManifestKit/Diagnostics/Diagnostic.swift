/// One finding about an author's file: what is wrong, where, and what would be right.
///
/// Findings are values. All of a file are reported together, in source order.
public struct Diagnostic: Hashable, Sendable, Encodable, CustomStringConvertible {
    /// How much a finding weighs.
    public enum Severity: String, Sendable, Encodable {
        /// The file is unusable until this is changed.
        case error
        /// The file is usable, and probably does not mean what was intended.
        case warning
        /// The file is right, and could say it better.
        case note
    }

    /// How much the finding weighs.
    public let severity: Severity
    /// The stable name of the kind of finding.
    public let code: DiagnosticCode
    /// One sentence for the author.
    public let message: String
    /// Where the finding is.
    public let location: SourceLocation

    package init(_ severity: Severity, _ code: DiagnosticCode, _ message: String, at location: SourceLocation)
    {
        self.severity = severity
        self.code = code
        self.message = message
        self.location = location
    }

    /// The finding on one line: `path:line:column: error: sentence`.
    public var description: String { "\(location): \(severity.rawValue): \(message)" }

    /// Whether the finding makes the file unusable.
    public var isError: Bool { severity == .error }
}

extension Sequence<Diagnostic> {
    /// The findings in source order; those of one place stay in the order they were made.
    package func inSourceOrder() -> [Diagnostic] {
        enumerated().sorted { first, second in
            let (left, right) = (first.element.location, second.element.location)
            return (left.line, left.column, first.offset) < (right.line, right.column, second.offset)
        }.map(\.element)
    }
}

extension Diagnostic {
    /// `text` in single quotes, for a sentence: shortened, and with nothing a terminal would act upon.
    package static func quoted(_ text: String) -> String {
        var result = "'"
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if count == 60 {
                result += "…"
                break
            }
            if Characters.isForbiddenInOneLine(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "'"
    }
}

public import ManifestKit

/// What came of validating inputs.
public enum Validation: Sendable {
    /// The inputs satisfy the manifest; there may be something to say about them all the same.
    case valid(ValidatedInputs, warnings: [Warning])
    /// They do not: everything that is wrong, in the order of the manifest.
    case invalid([Violation])

    /// A value that was sent and made no difference.
    public struct Warning: Sendable, Hashable, CustomStringConvertible {
        /// The input's name.
        public let field: InputName
        /// One sentence for the person at the form.
        public var message: String {
            "input '\(field)' is hidden by the other answers; its value was ignored"
        }
        /// The warning on one line.
        public var description: String { message }
    }

    /// The proof, or nil if there are violations.
    public var inputs: ValidatedInputs? {
        if case .valid(let inputs, _) = self { inputs } else { nil }
    }

    /// What is wrong; empty if nothing is.
    public var violations: [Violation] {
        if case .invalid(let violations) = self { violations } else { [] }
    }

    /// The values that were ignored.
    public var warnings: [Warning] {
        if case .valid(_, let warnings) = self { warnings } else { [] }
    }
}

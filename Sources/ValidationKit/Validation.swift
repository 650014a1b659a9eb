public import ManifestKit

/// What came of validating inputs.
public enum Validation: Sendable {
    /// The inputs satisfy the manifest; there may be something to say about them all the same.
    case valid(ValidatedInputs, warnings: [Warning])
    /// They do not: everything that is wrong, in the order of the manifest.
    case invalid([Violation])

    /// Something to tell about inputs that are in order.
    public struct Warning: Sendable, Hashable, CustomStringConvertible {
        /// The stable name of what is told; programs match on these.
        public enum Code: String, Sendable, CaseIterable {
            /// The input is hidden by the other answers, and its value was ignored.
            case hidden
            /// The input was given under a name that it had before.
            case renamed
            /// The input goes away.
            case deprecated
            /// The port is one that only root may listen on.
            case privileged
            /// A rule of the manifest does not hold, and only tells so.
            case rule
        }

        /// The input's name; nil for none in particular.
        public let field: InputName?
        /// What is told.
        public let code: Code
        /// One sentence for the person at the form.
        public let message: String
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

    /// What there is to tell all the same.
    public var warnings: [Warning] {
        if case .valid(_, let warnings) = self { warnings } else { [] }
    }
}

import ManifestKit

/// One thing that is wrong with the values of a form.
public struct Violation: Sendable, Hashable, CustomStringConvertible {
    /// The stable name of what is wrong; programs match on these.
    public enum Code: String, Sendable, CaseIterable {
        /// No answer was given, and one is needed.
        case required
        /// The manifest has no input of this name.
        case unknownInput = "unknown_input"
        /// The value is not of the input's type.
        case type
        /// The value holds a character that one line of text may not hold.
        case characters
        /// The value, or all values together, are too many bytes.
        case size
        /// The text is too short.
        case minLength = "min_length"
        /// The text is too long.
        case maxLength = "max_length"
        /// The number is too small.
        case minValue = "min_value"
        /// The number is too large.
        case maxValue = "max_value"
        /// The value is not among those that are allowed.
        case allowedValues = "allowed_values"
        /// The value is among those that are refused.
        case deniedValues = "denied_values"
        /// The value does not match the input's pattern.
        case pattern
        /// The pattern could not be matched within its limits.
        case patternLimit = "pattern_limit"

        init(_ rule: ValueProblem.Rule) {
            self =
                switch rule {
                case .type: .type
                case .characters: .characters
                case .size: .size
                case .minLength: .minLength
                case .maxLength: .maxLength
                case .minValue: .minValue
                case .maxValue: .maxValue
                case .allowedValues: .allowedValues
                case .deniedValues: .deniedValues
                }
        }
    }

    /// The name of the value, as it was sent; empty for all of them together.
    public let field: String
    /// What is wrong.
    public let code: Code
    /// One sentence for the person at the form; never the value of a sensitive input.
    public let message: String

    /// The violation on one line: `server_name: …`.
    public var description: String { field.isEmpty ? message : "\(field): \(message)" }
}

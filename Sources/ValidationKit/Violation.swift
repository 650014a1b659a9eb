import ManifestKit

/// One thing that is wrong with the values of a form.
public struct Violation: Sendable, Hashable, Encodable, CustomStringConvertible {
    /// The stable name of what is wrong; programs match on these.
    public enum Code: String, Sendable, CaseIterable, Encodable {
        /// No answer was given, and one is needed.
        case required
        /// The manifest has no input of this name.
        case unknownInput = "unknown_input"
        /// The value may not be changed once the application is installed.
        case immutable
        /// The value may not be changed with these answers.
        case readonly
        /// One of the manifest's rules does not hold.
        case rule
        /// The value is not of the input's type.
        case type
        /// The value holds a character that its type may not hold.
        case characters
        /// The value holds characters beyond ASCII, or ones that are not composed.
        case charset
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
        /// The number is no multiple of the step.
        case multipleOf = "multiple_of"
        /// The value is not among those that are allowed.
        case allowedValues = "allowed_values"
        /// The value is among those that are refused.
        case deniedValues = "denied_values"
        /// The list has too few items.
        case minItems = "min_items"
        /// The list has too many items.
        case maxItems = "max_items"
        /// The list has an item twice.
        case uniqueItems = "unique_items"
        /// The address has another scheme.
        case scheme
        /// The path lies elsewhere.
        case under
        /// The port is one that only root may listen on.
        case privileged
        /// The value does not match the input's pattern.
        case pattern
        /// The pattern could not be matched within its limits.
        case patternLimit = "pattern_limit"

        init(_ rule: ValueProblem.Rule) {
            guard let code = Code(rawValue: rule.rawValue) else {
                preconditionFailure("no violation is called '\(rule.rawValue)'")
            }
            self = code
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

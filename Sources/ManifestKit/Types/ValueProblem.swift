/// Why a value is not acceptable to its input, without the value.
package struct ValueProblem: Error, Hashable, Sendable {
    /// The rule that the value breaks; its raw value is the stable name that programs match on.
    package enum Rule: String, Sendable, CaseIterable {
        case type, characters, charset, size, scheme, under, privileged
        case minLength = "min_length"
        case maxLength = "max_length"
        case minValue = "min_value"
        case maxValue = "max_value"
        case multipleOf = "multiple_of"
        case allowedValues = "allowed_values"
        case deniedValues = "denied_values"
        case minItems = "min_items"
        case maxItems = "max_items"
        case uniqueItems = "unique_items"
    }

    package let rule: Rule
    /// The rest of a sentence that begins with the value: `is not a port (1–65535)`.
    package let predicate: String

    package init(_ rule: Rule, _ predicate: String) {
        self.rule = rule
        self.predicate = predicate
    }

    /// A value that is not of its type at all.
    static func type(_ predicate: String) -> ValueProblem { ValueProblem(.type, predicate) }
}

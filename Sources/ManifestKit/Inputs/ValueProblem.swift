/// Why a value is not acceptable to its input, without the value.
package struct ValueProblem: Error, Hashable, Sendable {
    /// The rule that the value breaks.
    package enum Rule: Sendable {
        case type, characters, size, minLength, maxLength, minValue, maxValue, allowedValues, deniedValues
    }

    package let rule: Rule
    /// The rest of a sentence that begins with the value: `is not a port (1–65535)`.
    package let predicate: String

    package init(_ rule: Rule, _ predicate: String) {
        self.rule = rule
        self.predicate = predicate
    }
}

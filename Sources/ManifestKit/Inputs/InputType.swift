/// What kind of value an input takes.
public enum InputType: String, Sendable, CaseIterable {
    /// One line of text.
    case string
    /// A whole number of 64 bits.
    case integer
    /// `true` or `false`.
    case boolean
    /// One line of text that is never shown again.
    case password
    /// One of the listed values.
    case select
    /// An address for mail.
    case email
    /// The number of a TCP or UDP port.
    case port

    /// Whether YAML's numbers and booleans are no values of this type.
    package var isText: Bool { !takesNumberRules && self != .boolean }

    /// Whether the length of the text can be limited, and a pattern asked of it.
    package var takesTextRules: Bool { self == .string || self == .password || self == .email }

    /// Whether a smallest and a largest number can be given.
    package var takesNumberRules: Bool { self == .integer || self == .port }

    /// Whether values can be listed, as allowed or as denied.
    package var takesListedValues: Bool { self != .boolean && self != .password }
}

extension InputType {
    /// The largest value of any input, in bytes.
    package static let maximumSize = 32 * 1024

    /// The one spelling that scripts are given of `text`, or why it is no value of this type.
    ///
    /// Nothing is coerced: `08080`, `+1` and `yes` are refused, not repaired. Only
    /// spaces around a text of one line go away; never those of a password, which
    /// would change it unseen.
    package func canonicalText(of text: String) throws(ValueProblem) -> String {
        guard text.utf8.count <= Self.maximumSize else {
            throw ValueProblem(.size, "is longer than \(Self.maximumSize) bytes")
        }
        if let bad = text.unicodeScalars.first(where: Characters.isForbiddenInOneLine) {
            throw ValueProblem(
                .characters,
                "holds the character \(Characters.name(of: bad)), which one line of text may not hold")
        }
        switch self {
        case .string: return text.trimmed
        case .select: return text
        case .integer:
            guard Int64(exactDecimal: text) != nil else { throw ValueProblem(.type, "is not a whole number") }
            return text
        case .boolean:
            guard text == "true" || text == "false" else {
                throw ValueProblem(.type, "is not 'true' or 'false'")
            }
            return text
        case .port:
            guard let number = Int64(exactDecimal: text), (1...65535).contains(number) else {
                throw ValueProblem(.type, "is not a port (1–65535)")
            }
            return text
        case .email:
            guard EmailAddress.isWellFormed(text.trimmed) else {
                throw ValueProblem(.type, "is not an e-mail address")
            }
            return text.trimmed
        case .password:
            guard text.unicodeScalars.count >= 4 else {
                throw ValueProblem(.minLength, "is shorter than 4 characters")
            }
            guard text.utf8.count <= 1024 else { throw ValueProblem(.size, "is longer than 1024 bytes") }
            return text
        }
    }
}

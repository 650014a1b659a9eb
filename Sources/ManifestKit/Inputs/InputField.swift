/// One input of an application: what to ask, and which answers are acceptable.
public struct InputField: Sendable {
    /// How long the value of a sensitive input is kept for later runs.
    public enum Retention: String, Sendable, CaseIterable {
        /// As long as the application is installed.
        case whileInstalled = "while_installed"
        /// Not at all; another run asks again.
        case never
    }

    /// What a script sees of an input that is hidden.
    public enum HiddenValue: String, Sendable, CaseIterable {
        /// Its default if it has one, else nothing.
        case `default`
        /// Nothing: the variable is not set.
        case unset
        /// The empty text.
        case empty
    }

    /// The input's name, unique in its manifest.
    public let name: InputName
    /// What kind of value it takes.
    public let type: InputType
    /// What a person reads beside the field; the name if the manifest says nothing else.
    public let label: String
    /// More about the input.
    public let description: String?
    /// What an empty field shows.
    public let placeholder: String?
    /// Whether an answer has to be given while the input is visible.
    public let isRequired: Bool
    /// The canonical text that stands in for a missing answer.
    public internal(set) var defaultValue: String?
    /// What a value has to satisfy beyond its type.
    public let rules: InputRules
    /// Whether the value is sealed, masked and never returned.
    public let isSensitive: Bool
    /// How long a sensitive value is kept; nil for all others.
    public let retention: Retention?
    /// The variable that scripts find the value in.
    public let environmentName: String
    /// When the input is shown; nil for always.
    public internal(set) var visibility: Condition?
    /// What scripts see while it is hidden.
    public let whenHidden: HiddenValue

    /// Where the input begins in the file.
    package let location: SourceLocation
    /// Where its default is written.
    package internal(set) var defaultLocation: SourceLocation?
}

extension InputField {
    /// The canonical text of `text`, or why it is no value of this input.
    ///
    /// Everything but the pattern is judged here; patterns need a regular
    /// expression engine, which ValidationKit has.
    package func canonicalText(of text: String) throws(ValueProblem) -> String {
        let canonical = try type.canonicalText(of: text)
        if type.takesTextRules { try checkLength(of: canonical) }
        if type.takesNumberRules, let number = Int64(canonical) { try checkRange(of: number) }
        if let allowed = rules.allowedValues,
            !allowed.contains(where: { $0.value.hasSameBytes(as: canonical) })
        {
            throw ValueProblem(.allowedValues, "is not one of " + Self.list(allowed))
        }
        if rules.deniedValues.contains(where: { $0.hasSameBytes(as: canonical) }) {
            throw ValueProblem(.deniedValues, "is not to be used here; choose another value")
        }
        return canonical
    }

    private func checkLength(of text: String) throws(ValueProblem) {
        let count = text.unicodeScalars.count
        if let least = rules.minLength, count < least {
            throw ValueProblem(.minLength, "is shorter than \(least) character\(least == 1 ? "" : "s")")
        }
        if let most = rules.maxLength, count > most {
            throw ValueProblem(.maxLength, "is longer than \(most) character\(most == 1 ? "" : "s")")
        }
    }

    private func checkRange(of number: Int64) throws(ValueProblem) {
        if let least = rules.minValue, number < least {
            throw ValueProblem(.minValue, "is less than \(least)")
        }
        if let most = rules.maxValue, number > most { throw ValueProblem(.maxValue, "is more than \(most)") }
    }

    /// The values for a sentence, cut where a sentence would become a page.
    private static func list(_ values: [AllowedValue]) -> String {
        let shown = values.prefix(8).map { Diagnostic.quoted($0.value) }.joined(separator: ", ")
        return values.count > 8 ? "the \(values.count) allowed values (\(shown), …)" : shown
    }
}

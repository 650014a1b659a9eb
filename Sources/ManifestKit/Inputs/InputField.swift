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

    /// Whether a later configure may change the value.
    public enum Immutability: String, Sendable, CaseIterable {
        /// Not once the application is installed.
        case afterInstall = "after_install"
    }

    /// The input's name, unique in its manifest.
    public let name: InputName
    /// What kind of value it takes.
    public let type: InputType
    /// What a person sees of it.
    public let display: Display
    /// Whether an answer has to be given while the input is visible, whatever the other answers are.
    public let isRequired: Bool
    /// When an answer has to be given besides; nil for never.
    public internal(set) var requirement: Condition?
    /// When the input is shown; nil for always.
    public internal(set) var visibility: Condition?
    /// When the input keeps the value it has; nil for never.
    public internal(set) var freeze: Condition?
    /// The canonical text that stands in for a missing answer.
    public internal(set) var defaultValue: String?
    /// How a value is made where none is given; nil for not at all.
    public internal(set) var generation: GenerationRule?
    /// What a value has to satisfy beyond its type.
    public let rules: InputRules
    /// Whether the value is sealed, masked and never returned.
    public let isSensitive: Bool
    /// How long a sensitive value is kept; nil for all others.
    public let retention: Retention?
    /// Whether a later configure may change the value; nil for yes.
    public let immutability: Immutability?
    /// The variable that scripts find the value in.
    public let environmentName: String
    /// What scripts see while it is hidden.
    public let whenHidden: HiddenValue
    /// Names it had before, which are still answered to.
    public let aliases: [InputName]
    /// What to use instead of an input that goes away, possibly empty; nil for one that stays.
    public let deprecation: String?

    /// Where the input begins in the file.
    package let location: SourceMark
    /// Where its group is named.
    var groupLocation: SourceMark?
    /// Where its names of before are listed.
    var aliasLocation: SourceMark?
    /// Where its default is written.
    package internal(set) var defaultLocation: SourceMark?
    /// Where it is written how a value is made.
    package internal(set) var generationLocation: SourceMark?

    /// What a person sees of an input.
    public struct Display: Sendable, Hashable {
        /// What stands beside the field; the name if the manifest says nothing else.
        public let label: String
        /// More about the input.
        public let description: String?
        /// What an empty field shows.
        public let placeholder: String?
        /// A value that would do.
        public let example: String?
        /// What to think of before answering.
        public let warning: String?
        /// What the number counts.
        public let unit: String?
        /// The heading it stands below.
        public let group: String?
        /// Whether most people need not see it.
        public let isAdvanced: Bool
    }
}

extension InputField {
    /// The canonical text of `text`, or why it is no value of this input.
    ///
    /// Everything but the pattern is judged here; patterns need a regular
    /// expression engine, which ValidationKit has.
    package func canonicalText(of text: String) throws(ValueProblem) -> String {
        let canonical = try type.canonicalText(of: text)
        if type == .multiselect {
            try rules.check(items: ListValue.items(of: canonical))
            return canonical
        }
        if type.takesTextRules { try rules.check(text: canonical, type) }
        if type.takesNumberRules { try rules.check(number: canonical, type) }
        try rules.check(listed: canonical)
        return canonical
    }

    /// The canonical text of a list's items, or why they are no value of this input.
    package func canonicalText(ofItems items: [String]) throws(ValueProblem) -> String {
        if let item = items.first(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: ",")) }) {
            throw ValueProblem(
                .allowedValues, item.isEmpty ? "has an empty item" : "has an item with a comma")
        }
        return try canonicalText(of: items.joined(separator: ","))
    }
}

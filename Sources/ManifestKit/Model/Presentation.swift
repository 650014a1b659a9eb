// What only people read.

/// A heading of the form, with inputs below it; display only.
public struct InputGroup: Sendable {
    /// The group's name, unique in its manifest.
    public let id: String
    /// The heading.
    public let label: String
    /// More about it.
    public let description: String?
    /// Whether it begins closed.
    public let isCollapsed: Bool
    /// When it is shown; nil for always.
    public let visibility: Condition?
}

/// What a packaging revision changed.
public struct ChangelogEntry: Sendable, Hashable {
    /// The revision.
    public let revision: Int
    /// What changed.
    public let notes: String
    /// Whether something that worked before may not work any more.
    public let isBreaking: Bool
    /// Whether it closes a hole.
    public let isSecurity: Bool
}

/// Something that has to hold between several answers.
public struct CrossRule: Sendable {
    /// What it means that a rule does not hold.
    public enum Severity: String, Sendable, CaseIterable {
        /// The answers are refused.
        case error
        /// The answers are taken, and the message is told.
        case warning
    }

    /// The rule's name, unique in its manifest.
    public let id: String
    /// What has to hold.
    public let assertion: Condition
    /// What a person reads where it does not.
    public let message: String
    /// The inputs beside which the message stands.
    public let fields: [InputName]
    /// What it means that it does not hold.
    public let severity: Severity

    /// Every input that it is about, possibly twice.
    package var inputs: [InputName] { assertion.fields + fields }
}

/// Why an agent turned a job away before anything ran.
///
/// Operators match on these; think twice before adding one.
public enum RefusalReason: String, Hashable, Sendable, CaseIterable {
    /// The order's time was over, by the panel's clock.
    case expired
    /// The agent's repository does not hold the application.
    case notListed = "not_listed"
    /// The application's files on the server are not the ones the panel named.
    case digestMismatch = "digest_mismatch"
    /// The server does not meet the manifest's `os_requirements` or `resource_requirements`.
    case osUnsupported = "os_unsupported"
    /// The inputs do not satisfy the manifest on the server.
    case inputsInvalid = "inputs_invalid"
    /// A sealed input does not open with this agent's key for this job.
    case sealInvalid = "seal_invalid"
    /// A time limit of the order is outside what is allowed.
    case limits
    /// The order's format version is unknown to this agent.
    case unsupportedVersion = "unsupported_version"
    /// The server cannot run it as promised (no cgroup, no disk space).
    case policy
    /// The agent died of the message each time that it looked at it.
    case poison
}

/// A refusal: the reason and one sentence for people, without any secret.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The stable reason.
    public let reason: RefusalReason
    /// What exactly did not fit.
    public let message: String

    /// Characters a sentence has at most: it travels in one message, whatever it names.
    private static let longest = 2000

    /// A refusal with its sentence, which is cut short where it is too long to be told.
    public init(_ reason: RefusalReason, _ message: String) {
        self.reason = reason
        let isShort = message.unicodeScalars.count <= Self.longest
        self.message = isShort ? message : Substring(message.unicodeScalars.prefix(Self.longest)) + "…"
    }

    /// `reason: message`.
    public var description: String { "\(reason.rawValue): \(message)" }
}

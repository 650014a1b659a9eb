/// Where a job stands.
///
/// Seven states, for ever; why a job ended is a ``JobReason``.
public enum JobState: String, Hashable, Sendable, CaseIterable {
    /// Accepted and on its way to the agent.
    /// In: the request's commit, or a retry that is due. Out: the agent's claim,
    /// a cancel, the agent's refusal.
    case queued
    /// The agent has claimed the current attempt. In: a claim taken in by the
    /// panel. Out: only the agent's record of the end, or a named operator.
    case running
    /// The last attempt failed and another is to come. In: a failure that may be
    /// retried. Out: its time, or a cancel.
    case waiting
    /// The script ended with 0. Final.
    case succeeded
    /// The script ran and did not succeed. Final.
    case failed
    /// Someone called it off. Final.
    case cancelled
    /// The agent turned it away; nothing ran. Final.
    case refused

    /// Whether nothing can change any more.
    public var isFinal: Bool {
        switch self {
        case .queued, .running, .waiting: false
        case .succeeded, .failed, .cancelled, .refused: true
        }
    }
}

/// Why a job ended.
///
/// Operators match on these; think twice before adding one.
public enum JobReason: String, Hashable, Sendable, CaseIterable {
    /// The script ended with a code other than 0.
    case exit
    /// A signal that the platform did not send killed the script.
    case signal
    /// The platform's timer ran out.
    case timeout
    /// The script ended with 0, and a health check of the application did not pass.
    case unhealthy
    /// The kernel killed for want of memory.
    case outOfMemory = "out_of_memory"
    /// Nobody saw the end: runner died, server restarted, state lost.
    case interrupted
    /// A named operator gave it up.
    case abandoned
    /// An attempt ran and failed, and the agent turned the next one away.
    case retryRefused = "retry_refused"

    /// Cancelled, and no instruction had run.
    case beforeStart = "before_start"
    /// Cancelled while the script ran.
    case running
    /// Cancelled after a failed attempt and before the next one.
    case betweenAttempts = "between_attempts"

    /// Refused: the order's time was over.
    case expired
    /// Refused: the application is not in the agent's repository.
    case notListed = "not_listed"
    /// Refused: the application's files differ from what the panel named.
    case digestMismatch = "digest_mismatch"
    /// Refused: the server does not meet `os_requirements` or `resource_requirements`.
    case osUnsupported = "os_unsupported"
    /// Refused: the inputs do not satisfy the server's manifest.
    case inputsInvalid = "inputs_invalid"
    /// Refused: a sealed input did not open.
    case sealInvalid = "seal_invalid"
    /// Refused: a time limit outside what is allowed.
    case limits
    /// Refused: a format version that the agent does not know.
    case unsupportedVersion = "unsupported_version"
    /// Refused: the server cannot run it as promised.
    case policy
    /// Refused: the agent died of the message each time that it looked at it.
    case poison
    /// Refused: the server's agent was revoked.
    case revoked

    /// The same reason on the job's side.
    public init(_ refusal: RefusalReason) {
        switch refusal {
        case .expired: self = .expired
        case .notListed: self = .notListed
        case .digestMismatch: self = .digestMismatch
        case .osUnsupported: self = .osUnsupported
        case .inputsInvalid: self = .inputsInvalid
        case .sealInvalid: self = .sealInvalid
        case .limits: self = .limits
        case .unsupportedVersion: self = .unsupportedVersion
        case .policy: self = .policy
        case .poison: self = .poison
        }
    }

    /// The one final state that this reason explains.
    public var state: JobState {
        switch self {
        case .exit, .signal, .timeout, .unhealthy, .outOfMemory, .interrupted, .abandoned, .retryRefused:
            .failed
        case .beforeStart, .running, .betweenAttempts: .cancelled
        case .expired, .notListed, .digestMismatch, .osUnsupported, .inputsInvalid, .sealInvalid, .limits,
            .unsupportedVersion, .policy, .poison, .revoked:
            .refused
        }
    }
}

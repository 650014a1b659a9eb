/// What can happen to a job.
///
/// Events of an agent carry the attempt's number, a fencing token.
public enum JobEvent: Hashable, Sendable {
    /// The agent wants to start the attempt and waits for the permit.
    case claimed(attempt: Int)
    /// The script was let go, by the server's clock.
    case began(attempt: Int, at: Timestamp)
    /// The attempt is over, as the agent recorded it.
    case finished(attempt: Int, AttemptResult)
    /// The agent turned the attempt away; nothing ran.
    case refused(attempt: Int, Refusal)
    /// The agent followed a cancel before anything ran.
    case withdrawn(attempt: Int)
    /// Someone asked to call the job off.
    case cancelRequested
    /// A named operator gave the job up, and says so in a sentence.
    case abandoned(String)
    /// The server's agent was revoked before any claim of the attempt was answered.
    case revoked
    /// The time of the next attempt has come.
    case retryDue

    /// The attempt that an agent speaks of, or nil for the panel's own events.
    public var attempt: Int? {
        switch self {
        case .claimed(let attempt), .began(let attempt, _), .finished(let attempt, _),
            .refused(let attempt, _),
            .withdrawn(let attempt):
            attempt
        case .cancelRequested, .abandoned, .revoked, .retryDue: nil
        }
    }

    /// The event's name in tables and audit lines.
    public var name: String {
        switch self {
        case .claimed: "claimed"
        case .began: "began"
        case .finished: "finished"
        case .refused: "refused"
        case .withdrawn: "withdrawn"
        case .cancelRequested: "cancel_requested"
        case .abandoned: "abandoned"
        case .revoked: "revoked"
        case .retryDue: "retry_due"
        }
    }
}

/// A job as the panel keeps it.
///
/// Only ``JobRecord/applying(_:at:)`` changes its state.
public struct JobRecord: Hashable, Sendable {
    /// The job's name.
    ///
    /// Set when accepted.
    public let id: JobID
    /// The server it is for.
    ///
    /// Set when accepted.
    public let agent: AgentID
    /// Application, revision and digest as the panel's repository had them.
    ///
    /// Set when accepted.
    public let application: ApplicationStamp
    /// `install` and, later, the manifest's other actions.
    ///
    /// Set when accepted.
    public let action: String
    /// Canonical text of the inputs that are not sensitive.
    ///
    /// Set when accepted.
    public let inputs: [String: String]
    /// The sensitive inputs.
    ///
    /// Set when accepted. When the job is final only those stay that its terms retain, until a later
    /// success of the application on the server.
    public var sealed: [String: SealedInput]
    /// Who asked.
    ///
    /// Set when accepted.
    public let actor: String
    /// When the panel accepted it.
    ///
    /// Set when accepted.
    public let createdAt: Timestamp
    /// Nothing starts after it.
    ///
    /// Set when accepted.
    public let expiresAt: Timestamp
    /// Limits and retry as the manifest had them.
    ///
    /// Set when accepted.
    public let terms: JobTerms
    /// The client's key and what was asked under it; nil where it gave none.
    ///
    /// Set when accepted.
    public internal(set) var request: RequestStamp?
    /// The job that this one repeats, or nil.
    ///
    /// Set when accepted.
    public internal(set) var rerunOf: JobID?
    /// Whether this record learned of it from the agent, after a restoration from a backup.
    ///
    /// Set when taken in.
    public let isRecoveredFromAgent: Bool

    /// Where it stands.
    ///
    /// Changed by every event that is not late.
    public internal(set) var state: JobState
    /// Why it ended; nil until final and for `succeeded`.
    public internal(set) var reason: JobReason?
    /// One sentence for people beside the reason, where there is more to say.
    public internal(set) var detail: String?
    /// The script's exit code: 124 for a timeout, 128 + n for signal n; nil where none is known.
    public internal(set) var exitCode: Int?
    /// The current attempt.
    ///
    /// 1 from the start, raised by each retry.
    public internal(set) var attempt: AttemptRecord
    /// When the first script of the job was let go, by the server's clock.
    public internal(set) var beganAt: Timestamp?
    /// When it became final, by the panel's clock.
    ///
    /// Set with the final state.
    public internal(set) var finishedAt: Timestamp?
    /// When a cancel was asked for.
    ///
    /// Set once.
    public internal(set) var cancelRequestedAt: Timestamp?
    /// When the next attempt is due.
    ///
    /// Set while `waiting`.
    public internal(set) var retryAt: Timestamp?
    /// How many attempts ended without anybody's seeing it.
    ///
    /// Raised by each.
    public internal(set) var interruptions = 0

    /// A job as it is accepted: queued, its first attempt offered.
    public init(
        id: JobID, agent: AgentID, application: ApplicationStamp, action: String, inputs: [String: String],
        sealed: [String: SealedInput], actor: String, createdAt: Timestamp, expiresAt: Timestamp,
        terms: JobTerms, request: RequestStamp? = nil, rerunOf: JobID? = nil,
        isRecoveredFromAgent: Bool = false
    ) {
        self.id = id
        self.agent = agent
        self.application = application
        self.action = action
        self.inputs = inputs
        self.sealed = sealed
        self.actor = actor
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.terms = terms
        self.request = request
        self.rerunOf = rerunOf
        self.isRecoveredFromAgent = isRecoveredFromAgent
        state = .queued
        attempt = AttemptRecord(id: AttemptID(job: id, number: 1), offeredAt: createdAt)
    }
}

/// Which request it was: the same key of the same actor is the same job.
///
/// It goes with the order, for the panel's eyes alone, so that one that was restored from a backup hears of it again.
public struct RequestStamp: Hashable, Sendable {
    /// The client's idempotency key.
    public let key: String
    /// HMAC-SHA256 over what was asked, 64 hexadecimal digits.
    public let digest: String

    /// A stamp with its parts.
    public init(key: String, digest: String) {
        self.key = key
        self.digest = digest
    }
}

/// Which application exactly: what the panel showed and the agent must have.
public struct ApplicationStamp: Hashable, Sendable {
    /// The application's id.
    public let id: String
    /// The packaging revision.
    public let revision: Int
    /// SHA-256 over manifest and files, 64 hexadecimal digits.
    public let contentDigest: String
    /// The script that the action runs.
    public let script: String

    /// A stamp with its parts.
    public init(id: String, revision: Int, contentDigest: String, script: String) {
        self.id = id
        self.revision = revision
        self.contentDigest = contentDigest
        self.script = script
    }
}

/// One attempt as the panel knows it; forward only.
public struct AttemptRecord: Hashable, Sendable {
    /// How far it has come.
    public enum Phase: String, Hashable, Sendable, CaseIterable {
        /// Its order is committed and may be on its way.
        case offered
        /// An agent has it on disk.
        case claimed
        /// Its script was let go.
        case began
        /// Its result is known.
        case ended
    }

    /// The job and the number.
    public let id: AttemptID
    /// How far it has come.
    public internal(set) var phase: Phase = .offered
    /// When its order was committed, by the panel's clock.
    public let offeredAt: Timestamp
    /// When its claim was taken in, by the panel's clock.
    public internal(set) var claimedAt: Timestamp?
    /// When the script was let go, by the server's clock.
    public internal(set) var beganAt: Timestamp?
    /// When its end was taken in, by the panel's clock.
    public internal(set) var endedAt: Timestamp?
    /// The agent's record of the end; nil where nothing ran.
    public internal(set) var result: AttemptResult?

    /// An attempt as it is offered.
    init(id: AttemptID, offeredAt: Timestamp) {
        self.id = id
        self.offeredAt = offeredAt
    }
}

/// A server's agent as the panel knows it.
public struct AgentRecord: Hashable, Sendable {
    /// Its name.
    public let id: AgentID
    /// When its first authentic beat came.
    public let firstSeenAt: Timestamp
    /// The epoch of its streams.
    public var epoch: Int
    /// The last number given to a message for it.
    public var lastSent: Int
    /// The head of the chain of messages for it.
    public var downHead: ChainHead
    /// The last message that is on its disk, by its beats.
    public var received: Int
    /// The last of its events that is on the panel's disk.
    public var cursor: Int
    /// The head of the chain of its events.
    public var upHead: ChainHead
    /// The run of the agent that events or beats came from last.
    public var session: String
    /// When the last beat was seen, by the panel's clock.
    public var lastBeatAt: Timestamp
    /// Since when it has not been heard of; nil while it is.
    public var unreachableSince: Timestamp?
    /// Why nothing of it is believed any more; nil for an agent in good standing.
    public var quarantined: String?
    /// Since when an operator keeps it from starting anything; nil where it may.
    public var pause: Pause?
    /// Since when this panel, restored from a backup, waits for the agent to tell what became of its jobs; nil where
    /// it does not.
    public var recoveringSince: Timestamp?
    /// When its key was revoked; nil where that never happened, or a key given since is in use.
    public var revokedAt: Timestamp?
    /// Which of the keys that can be derived for its name counts; raised by each revocation.
    public var keyGeneration: Int
    /// The id of the key that its last beat was signed with, which is the one to sign with for it; nil before any.
    public var keyID: String?
    /// The agent's version and the host's facts, as its last beat had them.
    public var facts: [String: String]

    /// An operator's word that nothing is to start on a server.
    public struct Pause: Hashable, Sendable {
        /// Since when.
        public let at: Timestamp
        /// Why, in the operator's words, or nil.
        public let note: String?

        /// A pause with its parts.
        public init(at: Timestamp, note: String?) {
            self.at = at
            self.note = note
        }
    }

    /// Whether its words count and it is given any.
    public var isTrusted: Bool { quarantined == nil && revokedAt == nil }

    /// Whether it has still to tell a restored panel what it did.
    public var isRecovering: Bool { recoveringSince != nil && revokedAt == nil }

    /// Whether its beats mean anything: they may bring a revoked one back, and a quarantined one is released by hand.
    var isWatched: Bool { quarantined == nil || revokedAt != nil }

    /// An agent as first seen.
    public init(id: AgentID, firstSeenAt: Timestamp, session: String, facts: [String: String]) {
        self.id = id
        self.firstSeenAt = firstSeenAt
        self.session = session
        self.facts = facts
        keyGeneration = 1
        epoch = 1
        lastSent = 0
        downHead = ChainHead(genesis: .down, agent: id, epoch: 1)
        received = 0
        cursor = 0
        upHead = ChainHead(genesis: .up, agent: id, epoch: 1)
        lastBeatAt = firstSeenAt
    }

    /// Begins a new history in both directions, numbered from 1.
    ///
    /// An epoch is named by its second, so that two restorations of one backup begin two.
    mutating func beginEpoch(at moment: Timestamp) {
        epoch = max(epoch + 1, Int(moment.milliseconds / 1000))
        lastSent = 0
        downHead = ChainHead(genesis: .down, agent: id, epoch: epoch)
        received = 0
        cursor = 0
        upHead = ChainHead(genesis: .up, agent: id, epoch: epoch)
    }

    /// Takes over what an operator or the panel decided against the agent in another record: a key that was revoked, a
    /// pause, a quarantine.
    mutating func takeOver(restrictionsOf other: Self) {
        if other.keyGeneration > keyGeneration {
            keyGeneration = other.keyGeneration
            keyID = nil
            revokedAt = other.revokedAt
        }
        // The agent takes up no epoch but a later one than its own.
        epoch = max(epoch, other.epoch)
        pause = pause ?? other.pause
        quarantined = quarantined ?? other.quarantined
    }
}

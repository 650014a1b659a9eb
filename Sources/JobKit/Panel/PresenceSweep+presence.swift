extension PresenceSweep {
    /// What is known of an agent right now; forgotten with the process.
    public struct Presence: Sendable {
        /// The newest beat that was believed.
        public let beat: Beat
        /// When it was first seen here, by the panel's clock: shown, and no measure of anything.
        public let seenAt: Timestamp
        /// The same by the sweep's own time, which nobody sets.
        let seenAfter: Duration
        /// The id of the key it was signed with.
        public let keyID: String
        /// How long ago that was, when this was asked for.
        public internal(set) var age = Duration.zero

        /// By how much the agent's clock is ahead, in milliseconds; what no number holds is the last that does.
        public var skewMilliseconds: Int64 {
            let difference = beat.clock.milliseconds.subtractingReportingOverflow(seenAt.milliseconds)
            guard difference.overflow else { return difference.partialValue }
            return beat.clock < seenAt ? .min : .max
        }

        /// Whether that is more than certificates, package signatures and logs bear: two minutes.
        public var isSkewed: Bool { skewMilliseconds.magnitude > 120_000 }

        /// Whether the next beat is overdue, though not so long that the agent counts as unreachable.
        public var isLate: Bool { age > PresenceSweep.punctuality }

        /// Whether the agent has received more than the panel's record says was ever sent to it: the record is an old one.
        func isAhead(of agent: AgentRecord) -> Bool {
            beat.received > StreamPosition(epoch: agent.epoch, number: agent.lastSent)
        }

        /// Whether a beat was made after this one.
        ///
        /// It names a later acknowledgement, or the same one and is a later beat of the same session. In that order
        /// no beat comes twice, however many sessions' beats somebody has kept and shows in turn.
        func isFollowed(by next: Beat) -> Bool {
            let (last, heard) = (beat.heard ?? 0, next.heard ?? 0)
            guard heard == last else { return heard > last }
            return next.session == beat.session && next.count > beat.count
        }
    }

    /// What there is to tell an operator.
    public enum Event: Sendable {
        /// An agent with a valid key was heard of for the first time.
        case discovered(AgentID)
        /// An agent has not been heard of since then.
        case unreachable(AgentID, since: Timestamp)
        /// An agent is back.
        case returned(AgentID)
        /// An agent whose key had been revoked is there with a new one.
        case readmitted(AgentID)
        /// Two agents work in one name, which both were given: one is a copy of the other. Neither is believed any more.
        case duplicated(AgentID)
        /// The panel died of an agent's beats; the agent is quarantined.
        case poisonous(AgentID)
        /// An agent's clock is off by more than two minutes; told once.
        case skewed(AgentID, milliseconds: Int64)
        /// Somebody rings and beats in an agent's name with a key that is not the agent's; told once.
        case unbelievable(AgentID)
        /// An agent laid more on the wire than anybody needs; told once, until it does no more.
        ///
        /// `isShutOut` says whether its own access to the wire was taken away; where it has none, anyone may have
        /// done it.
        case flooded(AgentID, WireBurden, isShutOut: Bool)
        /// An agent has received more than this panel's record says was ever sent: the record is an old one.
        case setBack(AgentID, received: StreamPosition, sent: StreamPosition)
        /// All agents were looked at, which took so long.
        case swept(agents: Int, in: Duration)
        /// The wire failed; the next sweep tries again.
        case linkFailed(QueueError)
        /// The wire answers again.
        case linkRestored
        /// The record could not be read or written for now; the next sweep tries again.
        case storeFailed(any Error)
    }
}

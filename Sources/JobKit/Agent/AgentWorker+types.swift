extension AgentWorker {
    /// What there is to tell an operator.
    public enum Event: Sendable {
        /// The agent took up its work, with that many attempts under way.
        case recovered(session: String, attempts: Int)
        /// Scripts of an agent before this one had lost their attempts' folders; nobody can tell how they went, and what
        /// lived of them is ended.
        case cleared([AttemptID])
        /// The wire failed; tried again until it answers.
        case linkFailed(QueueError)
        /// The wire answers again.
        case linkRestored
        /// The next message cannot be taken in: a number is missing before it, or it is not to be believed.
        case stuck(reason: String)
        /// No usable word of the panel has come for so many seconds; nothing new is started meanwhile.
        ///
        /// `setBackTo` is the last event that the panel says it has, where it had said more before: its
        /// record is an old one.
        case unanswered(seconds: Int, setBackTo: Int?)
        /// The panel's word is there again.
        case answered
        /// Nothing is started any more.
        case halted(AgentMachine.Halt)
        /// The archive of what was done here cannot be read; tried again until it can: a restored panel waits for it.
        case historyUnreadable(JournalError)
        /// A script is about to be started.
        case starting(AttemptID, application: String)
        /// The host cannot start anything at the moment; the attempt waits for it, and is claimed anew then.
        case postponed(AttemptID)
        /// The host turned an attempt away.
        case refused(AttemptID, Refusal)
        /// An order that agents die of is in the journal, and no more of it is looked at than its name.
        case setAside
        /// A script is over.
        case ended(AttemptID, AttemptResult)
    }

    /// What a worker is told about its host once.
    public struct Identity: Sendable {
        /// The agent's name.
        public let agent: AgentID
        /// The machine, as the system names it; a journal moves to no other.
        public let machine: String
        /// The boot, as the kernel names it.
        public let bootID: String
        /// The agent's version.
        public let version: String
        /// Reads the host's facts for the panel, with every beat.
        public let facts: @Sendable () -> [String: String]

        /// An identity with its parts.
        public init(
            agent: AgentID, machine: String, bootID: String, version: String,
            facts: @escaping @Sendable () -> [String: String]
        ) {
            self.agent = agent
            self.machine = machine
            self.bootID = bootID
            self.version = version
            self.facts = facts
        }
    }
}

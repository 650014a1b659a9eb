extension AgentMachine {
    /// What was decided, to be done in the order of its ``steps``.
    public struct Decisions: Sendable {
        /// Lines for the journal.
        public let lines: [JournalEntry]
        /// What has to be done on the server and the wire.
        public let effects: [Effect]
        /// The last event and the last message that the lines tell of.
        let event, message: StreamPosition

        /// The one order in which an agent may die between any two steps: nothing that follows from a line is done, and
        /// nobody is told of it, before the line is on the disk.
        public var steps: [Step] {
            [.write(lines), .tell(event: event, message: message), .carryOut(effects)]
        }
    }

    /// A step towards what was decided.
    public enum Step: Sendable {
        /// Write these lines; they are on the disk before the next step.
        case write([JournalEntry])
        /// Events may be reported up to and with this one, and beats tell of the messages up to and with that.
        case tell(event: StreamPosition, message: StreamPosition)
        /// Carry these out, one after another or together.
        case carryOut([Effect])
    }
}

import Synchronization

/// Writes acknowledgements, each with a higher generation than any before it.
///
/// It writes none before it knows which start of the panel this is: agents heed
/// no generation that they have seen.
public final class Acknowledger: Sendable {
    private let keyring: Keyring
    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())

    private struct State {
        /// The last one given; nil before the beginning.
        var generation: Int?
        /// The one before the first of this run.
        var beginning = 0
        /// How far generations had come at each of the last marks.
        var marks: [Int] = []
        /// How far they had come at the newest mark that is forgotten.
        var forgotten = 0
    }

    /// An acknowledger that does not know yet which start of the panel this is.
    public init(keyring: Keyring, now: @escaping @Sendable () -> Timestamp) {
        self.keyring = keyring
        self.now = now
    }

    /// Begins, with the number of this start as the panel's record counts it.
    func begin(run: Int) {
        state.withLock { state in
            guard state.generation == nil else { return }
            state.beginning = Acknowledgement.generation(before: run)
            state.generation = state.beginning
        }
    }

    /// The generation of the last acknowledgement; 0 before any.
    var last: Int { state.withLock { $0.generation ?? 0 } }

    /// Whether it knows which start this is.
    var hasBegun: Bool { state.withLock { $0.generation != nil } }

    /// The acknowledgement of where an agent's record stands, signed; nil before the beginning.
    func envelope(for agent: AgentRecord, need: Int?) -> [UInt8]? {
        let next = state.withLock { state in
            state.generation = state.generation.map { $0 + 1 }
            return state.generation
        }
        guard let generation = next else { return nil }
        let acknowledgement = Acknowledgement(
            agent: agent.id, generation: generation, cursor: agent.cursor, head: agent.upHead, need: need,
            epoch: agent.epoch, sent: agent.lastSent, isHeld: agent.pause != nil, panelTime: now())
        return acknowledgement.signed(with: keyring.signing(agent)).bytes
    }

    /// Marks the moment; what was written before the last `count` marks is not recent any more.
    func mark(keeping count: Int) {
        state.withLock { state in
            guard let generation = state.generation else { return }
            state.marks.append(generation)
            if state.marks.count > count { state.forgotten = state.marks.removeFirst() }
        }
    }

    /// Whether an acknowledgement of that generation was written by this run, and not too many marks ago.
    func isRecent(_ generation: Int) -> Bool {
        state.withLock { state in
            guard let last = state.generation else { return false }
            return generation > max(state.forgotten, state.beginning) && generation <= last
        }
    }
}

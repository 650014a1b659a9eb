import Synchronization

/// Collects the names of agents that want attention; a loop takes them all at once.
///
/// A name beyond the limit is dropped: whoever wants something rings again.
final class AgentBell: Sendable {
    private let waiting = Mutex<Set<AgentID>>([])
    private let bell = Doorbell()
    private let limit: Int

    init(limit: Int = .max) { self.limit = limit }

    /// One element whenever there may be names to take.
    var rings: AsyncStream<Void> { bell.rings }

    /// Adds a name and wakes the loop.
    func ring(_ agents: some Sequence<AgentID>) {
        waiting.withLock { waiting in
            for agent in agents where waiting.count < limit { waiting.insert(agent) }
        }
        bell.ring()
    }

    /// All names since the last call.
    func take() -> Set<AgentID> {
        waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}

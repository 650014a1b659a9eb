import Synchronization

/// Collects the names of agents that want attention; a loop takes them all at once.
final class AgentBell: Sendable {
    private let waiting = Mutex<Set<AgentID>>([])
    private let bell = Doorbell()

    /// One element whenever there may be names to take.
    var rings: AsyncStream<Void> { bell.rings }

    /// Adds a name and wakes the loop.
    func ring(_ agents: some Sequence<AgentID>) {
        waiting.withLock { $0.formUnion(agents) }
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

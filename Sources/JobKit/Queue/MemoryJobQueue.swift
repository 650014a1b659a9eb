import Synchronization

/// A wire in memory, for tests, demonstrations and the simulator.
///
/// Passes the same suite as the one on Redis, down to the refusal of repeated
/// numbers. ``flush()`` loses everything, as `FLUSHALL` does.
public final class MemoryJobQueue: PanelLink {
    private struct Waiter {
        let agent: AgentID
        let id: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var down: [AgentID: MemoryStream] = [:]
        var up: [AgentID: MemoryStream] = [:]
        var acknowledgements: [AgentID: (mark: Int, bytes: [UInt8])] = [:]
        var beats: [AgentID: [UInt8]] = [:]
        var marks = 0
        var waiters: [Waiter] = []
        var nextWaiter = 0
        var listeners: [Int: AsyncStream<AgentID>.Continuation] = [:]
        var nextListener = 0
        /// How often each agent rang since that was asked for.
        var ringCounts: [AgentID: Int] = [:]
    }

    private let state = Mutex(State())
    private let sleep: @Sendable (Int) async -> Void

    /// An empty wire.
    ///
    /// - Parameter sleep: waits that many seconds; an agent's wait for news ends by it.
    public init(sleep: @escaping @Sendable (Int) async -> Void = { try? await Task.sleep(for: .seconds($0)) })
    {
        self.sleep = sleep
    }

    /// Always answers.
    public func check() async throws(QueueError) {}

    /// The agent's end of the wire.
    public func link(for agent: AgentID) -> some AgentLink { MemoryAgentLink(queue: self, agent: agent) }

    /// Loses everything, as `FLUSHALL` does.
    public func flush() {
        state.withLock { state in
            state.down = [:]
            state.up = [:]
            state.acknowledgements = [:]
            state.beats = [:]
        }
    }

    /// Adds entries to agents' down streams.
    public func send(_ entries: [(agent: AgentID, entry: StreamEntry)]) async throws(QueueError) -> [Addition]
    {
        let (additions, waiters) = state.withLock { state in
            let additions = entries.map { state.down[$0.agent, default: MemoryStream()].add($0.entry) }
            return (additions, Self.takeWaiters(of: Set(entries.map(\.agent)), from: &state))
        }
        for waiter in waiters { waiter.continuation.resume() }
        return additions
    }

    /// Drops an agent's down stream.
    public func restartDown(_ agent: AgentID) async throws(QueueError) {
        state.withLock { $0.down[agent] = nil }
    }

    /// Forgets entries up to and with the position.
    public func trimDown(_ agent: AgentID, through position: StreamPosition) async throws(QueueError) {
        state.withLock { $0.down[agent]?.entries.removeAll { $0.position <= position } }
    }

    /// Entries of agents' up streams behind the given places.
    public func events(
        after places: [AgentID: StreamPosition], limit: Int
    ) async throws(QueueError) -> [AgentID: [StreamEntry]] {
        state.withLock { state in
            var found: [AgentID: [StreamEntry]] = [:]
            for (agent, place) in places {
                let entries = (state.up[agent]?.entries ?? []).filter { $0.position > place }.prefix(limit)
                if !entries.isEmpty { found[agent] = Array(entries) }
            }
            return found
        }
    }

    /// Replaces agents' acknowledgements and forgets the events that they cover.
    public func acknowledge(
        _ acknowledgements: [(agent: AgentID, envelope: [UInt8], through: StreamPosition)]
    ) async throws(QueueError) {
        let waiters = state.withLock { state in
            for (agent, envelope, place) in acknowledgements {
                state.marks += 1
                state.acknowledgements[agent] = (state.marks, envelope)
                state.up[agent]?.entries.removeAll { $0.position <= place }
            }
            return Self.takeWaiters(of: Set(acknowledgements.map(\.agent)), from: &state)
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    /// The newest beat of each agent that has one.
    public func beats(of agents: [AgentID]) async throws(QueueError) -> [AgentID: [UInt8]] {
        state.withLock { state in state.beats.filter { agents.contains($0.key) } }
    }

    /// What lies in agents' up streams and beats, and how often they rang.
    public func burdens(of agents: [AgentID]) async throws(QueueError) -> [AgentID: WireBurden] {
        state.withLock { state in
            defer { state.ringCounts = [:] }
            return agents.reduce(into: [:]) { burdens, agent in
                let byteCount = state.up[agent]?.entries.reduce(0) { $0 + $1.bytes.count }
                burdens[agent] = WireBurden(
                    byteCount: (byteCount ?? 0) + (state.beats[agent]?.count ?? 0),
                    ringCount: state.ringCounts[agent] ?? 0)
            }
        }
    }

    /// Drops an agent's up stream and beat; in memory nobody has an access of their own.
    public func shutOut(_ agent: AgentID) async throws(QueueError) -> Bool {
        restartUp(agent)
        state.withLock { $0.beats[agent] = nil }
        return false
    }

    /// Names of agents that have rung.
    public func rings() -> AsyncStream<AgentID> {
        AsyncStream { continuation in
            let id = state.withLock { state in
                state.nextListener += 1
                state.listeners[state.nextListener] = continuation
                return state.nextListener
            }
            continuation.onTermination = { [self] _ in
                state.withLock { _ = $0.listeners.removeValue(forKey: id) }
            }
        }
    }

    private static func takeWaiters(of agents: Set<AgentID>, from state: inout State) -> [Waiter] {
        let woken = state.waiters.filter { agents.contains($0.agent) }
        state.waiters.removeAll { agents.contains($0.agent) }
        return woken
    }

    fileprivate func ring(_ agent: AgentID) {
        let listeners = state.withLock { state in
            state.ringCounts[agent, default: 0] += 1
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.yield(agent) }
    }

    fileprivate func addUp(_ entries: [StreamEntry], of agent: AgentID) -> [Addition] {
        state.withLock { state in entries.map { state.up[agent, default: MemoryStream()].add($0) } }
    }

    fileprivate func up(of agent: AgentID, at position: StreamPosition) -> [UInt8]? {
        state.withLock { $0.up[agent]?.entries.first { $0.position == position }?.bytes }
    }

    fileprivate func restartUp(_ agent: AgentID) { state.withLock { $0.up[agent] = nil } }

    fileprivate func setBeat(_ envelope: [UInt8], of agent: AgentID) {
        state.withLock { $0.beats[agent] = envelope }
    }

    fileprivate func delivery(to agent: AgentID, after place: StreamPosition, mark: AcknowledgementMark?)
        -> Delivery
    {
        state.withLock { Self.delivery(in: $0, to: agent, after: place, mark: mark) }
    }

    private static func delivery(
        in state: State, to agent: AgentID, after place: StreamPosition, mark: AcknowledgementMark?
    ) -> Delivery {
        var delivery = Delivery()
        delivery.entries = (state.down[agent]?.entries ?? []).filter { $0.position > place }
        if let (number, bytes) = state.acknowledgements[agent], mark?.rawValue != String(number) {
            delivery.acknowledgement = (bytes, AcknowledgementMark(String(number)))
        }
        return delivery
    }

    /// Waits for something to come for the agent, or for the time to pass, or for the task to be cancelled.
    fileprivate func wait(
        for agent: AgentID, after place: StreamPosition, mark: AcknowledgementMark?, seconds: Int
    ) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.sleep(seconds) }
            group.addTask { await self.park(id, agent: agent, after: place, mark: mark) }
            await group.next()
            group.cancelAll()
        }
    }

    private func park(_ id: Int, agent: AgentID, after place: StreamPosition, mark: AcknowledgementMark?)
        async
    {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    let delivery = Self.delivery(in: state, to: agent, after: place, mark: mark)
                    guard delivery == Delivery(), !Task.isCancelled else { return true }
                    state.waiters.append(Waiter(agent: agent, id: id, continuation: continuation))
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume()
        }
    }
}

private struct MemoryAgentLink: AgentLink {
    let queue: MemoryJobQueue
    let agent: AgentID

    func receive(
        after place: StreamPosition, acknowledgement: AcknowledgementMark?, waiting seconds: Int
    ) async throws(QueueError) -> Delivery {
        let delivery = queue.delivery(to: agent, after: place, mark: acknowledgement)
        if delivery != Delivery() || seconds == 0 { return delivery }
        await queue.wait(for: agent, after: place, mark: acknowledgement, seconds: seconds)
        return queue.delivery(to: agent, after: place, mark: acknowledgement)
    }

    func report(_ entries: [StreamEntry]) async throws(QueueError) -> [Addition] {
        let additions = queue.addUp(entries, of: agent)
        queue.ring(agent)
        return additions
    }

    func event(at position: StreamPosition) async throws(QueueError) -> [UInt8]? {
        queue.up(of: agent, at: position)
    }

    func restartUp() async throws(QueueError) { queue.restartUp(agent) }

    func beat(_ envelope: [UInt8]) async throws(QueueError) {
        queue.setBeat(envelope, of: agent)
        queue.ring(agent)
    }
}

/// Sends what is committed: from the outbox to the wire, in order, until agents have it.
///
/// What it remembers is only how far it has sent; forgetting that sends again,
/// and the wire refuses the repetition.
public actor JobDispatcher {
    /// What there is to tell an operator.
    public enum Event: Sendable {
        /// Messages went out to that many agents.
        case sent(messages: Int, agents: Int)
        /// The wire failed; tried again until it answers.
        case linkFailed(QueueError)
        /// The record could not be read for now; tried again until it can.
        case storeFailed(any Error)
        /// An agent's stream is made again from the first message it lacks.
        case restarted(AgentID)
    }

    private static let batch = 64

    private let store: any JobStore
    private let link: any PanelLink
    private let clock: any Clock<Duration>
    private let onEvent: @Sendable (Event) -> Void
    private let bell = AgentBell()
    private var sent: [AgentID: Int] = [:]
    private var restarts: Set<AgentID> = []

    /// A dispatcher with all its parts.
    public init(
        store: any JobStore, link: any PanelLink, clock: any Clock<Duration>,
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.store = store
        self.link = link
        self.clock = clock
        self.onEvent = onEvent
    }

    /// Tells that there is something new in an agent's outbox.
    public nonisolated func ring(_ agent: AgentID) { bell.ring([agent]) }

    /// Makes an agent's stream again: it says that it lacks something, or stands still.
    public func restart(_ agent: AgentID) {
        restarts.insert(agent)
        bell.ring([agent])
    }

    /// How far messages to an agent have been sent since this panel started; nil for not at all.
    public func lastSent(to agent: AgentID) -> Int? { sent[agent] }

    /// Sends until cancelled; what an earlier run left is sent at once.
    ///
    /// - Throws: what the store throws.
    public func run() async throws {
        try await begin()
        for await _ in bell.rings { try await turn() }
    }

    /// Takes up what an earlier run left.
    package func begin() async throws { bell.ring(try await store.read { try $0.agents().map(\.id) }) }

    /// Sends to every agent that was rung for since the last turn.
    package func turn() async throws {
        let agents = bell.take()
        do {
            try await send(to: agents)
        } catch let error as QueueError {
            onEvent(.linkFailed(error))
            bell.ring(agents)
            try? await clock.sleep(for: .milliseconds(500))
        } catch  where error.isPassingStoreFailure {
            onEvent(.storeFailed(error))
            bell.ring(agents)
            try? await clock.sleep(for: .seconds(1))
        }
    }

    private func send(to agents: Set<AgentID>) async throws {
        for agent in restarts.intersection(agents) {
            try await link.restartDown(agent)
            restarts.remove(agent)
            sent[agent] = nil
            onEvent(.restarted(agent))
        }
        let places = sent.filter { agents.contains($0.key) }
        let entries = try await store.read { store in
            try agents.flatMap { agent -> [OutboxEntry] in
                try store.outbox(of: agent, after: places[agent] ?? 0, limit: Self.batch)
            }
        }
        guard !entries.isEmpty else { return }
        CrashPoint.publishBeforeXadd.pass()
        _ = try await link.send(
            entries.map { ($0.agent, StreamEntry(position: $0.position, bytes: $0.envelope)) })
        CrashPoint.publishAfterXadd.pass()
        for entry in entries { sent[entry.agent] = max(sent[entry.agent] ?? 0, entry.position.number) }
        onEvent(.sent(messages: entries.count, agents: Set(entries.map(\.agent)).count))
        // Of the others there was no more; what is committed meanwhile rings for itself.
        let counts = Dictionary(grouping: entries, by: \.agent).mapValues(\.count)
        bell.ring(counts.filter { $0.value == Self.batch }.keys)
    }
}

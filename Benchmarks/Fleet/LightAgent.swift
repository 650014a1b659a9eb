import JobKit
import OpenSSLCrypto
import RedisQueue

/// An agent with production's own decisions and connections; its journal and its server are in memory.
///
/// Both outlive a stop, as a disk does.
actor LightAgent {
    private let id: AgentID
    private let keys: AgentKeys
    private let url: String
    private let journal = MemoryAgentJournal()
    private let now: @Sendable () -> Moment
    private var run: Task<Void, any Error>?

    nonisolated let host: CountingHost

    init(_ id: AgentID, root: RootKey, url: String, now: @escaping @Sendable () -> Moment) {
        self.id = id
        self.url = url
        self.now = now
        keys = root.keys(for: id)
        host = CountingHost { now().wall }
    }

    func start() throws {
        let identity = AgentWorker.Identity(agent: id, machine: "fleet", bootID: "fleet", version: "fleet") {
            ["os_id": "debian", "os_version": "12", "arch": "x86_64"]
        }
        let link = try RedisJobQueue(url: url, name: "\(id)").link(for: id)
        let worker = AgentWorker(
            identity: identity, session: Hex.encode(try RandomBytes.generate(16)), keys: [keys],
            journal: journal, link: link, host: host, clock: ContinuousClock(), now: now)
        run = Task { try await worker.run() }
    }

    /// Returns when it has stopped.
    ///
    /// - Throws: why it had ended by itself.
    func stop() async throws {
        run?.cancel()
        do { try await run?.value } catch is CancellationError {}
        run = nil
    }
}

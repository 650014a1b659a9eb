package import JobKit
import OpenSSLCrypto
package import ValidationKit

/// A panel and an agent, complete but for disk, network and processes.
package struct MemoryHouse: Sendable {
    package let store: any JobStore
    package let queue: MemoryJobQueue
    package let host: MemoryAttemptHost
    package let journal: any AgentJournal
    package let desk: JobDesk
    package let dispatcher: JobDispatcher
    package let ingestor: ReportIngestor
    package let sweep: PresenceSweep
    package let changes = Broadcast<JobRecord>()
    package let agentEvents = Broadcast<AgentWorker.Event>()
    package let discoveries = Broadcast<AgentID>()

    private let notes: any CrashNotes
    private let agentLink: any AgentLink
    private let clock: any Clock<Duration> = ContinuousClock()

    package init(
        store: any JobStore = MemoryJobStore(), journal: any AgentJournal = MemoryAgentJournal(),
        notes: any CrashNotes = MemoryCrashNotes(), jobLife: Int = 3600,
        link panelLink: (MemoryJobQueue) -> any PanelLink = { $0 },
        agentLink: (any AgentLink) -> any AgentLink = { $0 },
        readiness: @escaping @Sendable (AttemptID) async -> Bool = { _ in true },
        script: @escaping MemoryAttemptHost.Script
    ) {
        let now: @Sendable () -> Timestamp = { Self.now().wall }
        let (changes, discoveries) = (changes, discoveries)
        self.store = store
        self.journal = journal
        self.notes = notes
        queue = MemoryJobQueue()
        self.agentLink = agentLink(queue.link(for: Fixtures.agent))
        host = MemoryAttemptHost(readiness: readiness, script: script)
        let link = panelLink(queue)
        let keyring = Fixtures.keyring
        dispatcher = JobDispatcher(store: store, link: link, clock: clock)
        ingestor = ReportIngestor(
            store: store, link: link, keyring: keyring,
            acknowledger: Acknowledger(keyring: keyring, now: now), clock: clock, now: now
        ) { event in
            if case .changed(let job) = event { changes.tell(job) }
        }
        sweep = PresenceSweep(
            store: store, link: link, keyring: keyring, dispatcher: dispatcher, ingestor: ingestor,
            clock: clock,
            now: now
        ) { event in
            if case .discovered(let agent) = event { discoveries.tell(agent) }
        }
        desk = JobDesk(
            store: store, keyring: keyring, jobLife: jobLife, now: now,
            random: { count in try RandomBytes.generate(count) },
            onAccepted: { [dispatcher] in dispatcher.ring($0) })
    }

    /// Runs panel and agent while `body` runs.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws
        -> Value
    {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await dispatcher.run(); return nil
            }
            group.addTask {
                try await ingestor.run(); return nil
            }
            group.addTask {
                try await sweep.run(); return nil
            }
            group.addTask {
                try await worker().run(); return nil
            }
            group.addTask {
                _ = await discoveries.first { _ in true }
                return try await body()
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            preconditionFailure("the body returns a value")
        }
    }

    /// Asks for an application on the test agent.
    package func submit(
        _ application: Application, _ inputs: RawInputs, key: String? = nil, agent: AgentID = Fixtures.agent
    ) async throws -> JobDesk.Answer {
        try await desk.submit(
            JobDesk.Request(
                application: application, contentDigest: try application.installer.contentDigest(),
                agent: agent,
                inputs: inputs, actor: "token:test",
                idempotencyKey: key.map { IdempotencyKey($0, of: inputs) }))
    }

    /// A script that writes one line and ends with this code.
    package static func script(exit code: Int, output: String = "hello\n") -> MemoryAttemptHost.Script {
        { _ in
            [
                .began(at: Fixtures.time),
                .log(LogRecord(number: 1, at: Fixtures.time, bytes: Array(output.utf8))),
                .ended(
                    AttemptResult(ending: .exited(code: code), beganAt: Fixtures.time, endedAt: Fixtures.time)
                ),
            ]
        }
    }

    private func worker() -> AgentWorker {
        let agentEvents = agentEvents
        return AgentWorker(
            identity: .init(
                agent: Fixtures.agent, machine: "test-machine", bootID: "boot", version: "test",
                facts: { ["os_id": "debian", "os_version": "12", "arch": "x86_64"] }),
            session: Fixtures.session, keys: Fixtures.keys, journal: journal,
            link: agentLink, host: host, clock: clock, now: { Self.now() }, notes: notes,
            onEvent: { agentEvents.tell($0) })
    }

    private static func now() -> Moment {
        let elapsed = ContinuousClock.now - start
        let milliseconds =
            elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
        return Moment(wall: Fixtures.time.advanced(byMilliseconds: milliseconds), boot: milliseconds)
    }

    private static let start = ContinuousClock.now
}

extension IdempotencyKey {
    /// A key for these answers.
    package init(_ text: String, of inputs: RawInputs) {
        self.init(text, of: inputs.entries.map { Array("\($0.name)=\($0.value.text ?? "")".utf8) })
    }
}

extension RawValue {
    fileprivate var text: String? {
        if case .text(let text) = self { text } else { nil }
    }
}

import JobKit
import TestSupport
import ValidationKit

/// The panel's parts over its record, as one run of it has them.
struct SimulatedPanel {
    let desk: JobDesk
    let servers: ServerDesk
    let dispatcher: JobDispatcher
    let ingestor: ReportIngestor
    let sweep: PresenceSweep
    let wire: SimulatedWire

    init(
        _ store: SimulatedStore, _ wire: SimulatedWire, _ clock: SimulatedClock, _ keyring: Keyring,
        jobLife: Int, seed: UInt64
    ) {
        self.wire = wire
        let now: @Sendable () -> Timestamp = { clock.timestamp }
        let dispatcher = JobDispatcher(store: store, link: wire, clock: clock)
        self.dispatcher = dispatcher
        let ingestor = ReportIngestor(
            store: store, link: wire, keyring: keyring,
            acknowledger: Acknowledger(keyring: keyring, now: now),
            clock: clock, now: now)
        self.ingestor = ingestor
        servers = ServerDesk(store: store, now: now) { try? await ingestor.acknowledge([$0]) }
        sweep = PresenceSweep(
            store: store, link: wire, keyring: keyring, dispatcher: dispatcher, ingestor: ingestor,
            clock: clock,
            now: now)
        let random = SeededBytes(seed: seed)
        desk = JobDesk(
            store: store, keyring: keyring, jobLife: jobLife, now: now, random: { random.take($0) },
            onAccepted: { dispatcher.ring($0) })
    }

    func submit(_ subject: World.Subject, to agent: AgentID, key: String) async throws -> JobID {
        let answer = try await desk.submit(
            JobDesk.Request(
                application: subject.application, contentDigest: subject.digest, agent: agent,
                inputs: ["server_name": .text("example.com")], actor: "token:simulator",
                idempotencyKey: IdempotencyKey(key, of: [])))
        switch answer {
        case .accepted(let job, _), .repeated(let job): return job.id
        default: throw Violation("G1: a right request was answered '\(answer)'")
        }
    }

    func cancel(_ job: JobID) async throws { _ = try await desk.cancel(job, actor: "token:simulator") }

    func abandon(_ job: JobID) async throws {
        _ = try await desk.abandon(job, operator: "simulator", note: "by chance")
    }

    func release(_ agent: AgentID) async throws {
        _ = try await servers.release(agent, actor: "token:simulator")
    }

    func pause(_ agent: AgentID) async throws {
        _ = try await servers.pause(agent, note: nil, actor: "token:simulator")
    }

    func resume(_ agent: AgentID) async throws {
        _ = try await servers.resume(agent, actor: "token:simulator")
    }

    /// One of its loops takes a turn.
    func step(_ kind: Int) async throws {
        for agent in wire.takeRings() { await sweep.hear(agent) }
        switch kind {
        case 0..<6: try await dispatcher.turn()
        case 6..<13: try await ingestor.turn()
        case 13..<18: try await sweep.turn()
        case 18: try await dispatcher.begin()
        default: try await sweep.meetTurn()
        }
    }

    /// All of them do.
    func turn() async throws {
        for agent in wire.takeRings() { await sweep.hear(agent) }
        try await sweep.meetTurn()
        try await sweep.turn()
        try await dispatcher.begin()
        try await dispatcher.turn()
        try await ingestor.turn()
    }
}

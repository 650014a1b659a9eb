import JobKit
import ManifestKit
import TestSupport
import ValidationKit

/// What may happen in a world.
package enum Scenario: String, CaseIterable, Sendable {
    /// Everything dies, the wire loses and repeats; one agent.
    case crashes
    /// The same, and somebody owns the wire.
    case attacked
    /// A server is copied; nothing is lost.
    case cloned
    /// The panel is set back to an older record, and restored from it.
    case restored
}

/// What a schedule came to.
package struct Outcome: Sendable {
    package let seed: UInt64
    package let violation: String?
    package let beginnings: Int
    package let faults: Int
    package let steps: Int
    /// How many jobs came to each end.
    package let ends: [String: Int]
}

/// A panel, a wire and servers, moved step by step by one seed.
///
/// The panel's desk, dispatcher, ingestor and sweep, the agent's machine and every message are those of production.
package struct World {
    /// What all worlds install.
    package struct Subject: Sendable {
        let application: Application
        let digest: String

        /// The application in `folder`.
        package init(folder: String) throws {
            let loaded = Application.load(folder: folder)
            guard let application = loaded.value else { throw Violation("\(loaded.diagnostics)") }
            self.application = application
            digest = try application.installer.contentDigest()
        }
    }

    private static let agent: AgentID = {
        guard let agent = AgentID("agent-001") else { preconditionFailure("an agent's name") }
        return agent
    }()
    private static let keyring: Keyring = {
        guard let key = RootKey(Array("the root key of all simulated worlds".utf8)) else {
            preconditionFailure("a long root key")
        }
        return Keyring(key)
    }()

    private let subject: Subject
    private let scenario: Scenario
    private let clock = SimulatedClock()
    private let store: SimulatedStore
    private let wire: SimulatedWire
    private var panel: SimulatedPanel
    private var servers: [SimulatedServer]
    private var oracle = Oracle()
    private var generator: SeededGenerator
    private let wanted: Int
    /// Seconds that jobs may wait, those that never start among them.
    private let jobLife: Int
    /// An older record of the panel.
    private var backup: MemoryJobStore?
    /// Whether the panel works with an older record, and nobody has told its agents.
    private var isSetBack = false
    private var requests = 0
    private var faults = 0
    private var steps = 0

    private init(_ subject: Subject, _ scenario: Scenario, seed: UInt64) {
        self.subject = subject
        self.scenario = scenario
        generator = SeededGenerator(seed: seed &* 2_654_435_761 &+ 12_345)
        store = SimulatedStore(seed: generator.next())
        wire = SimulatedWire(seed: generator.next(), clock: clock)
        wanted = Int.random(in: 2...5, using: &generator)
        jobLife = [60, 600, 86_400].randomElement(using: &generator) ?? 600
        panel = SimulatedPanel(store, wire, clock, Self.keyring, jobLife: jobLife, seed: generator.next())
        servers = [
            SimulatedServer(
                agent: Self.agent, keys: Self.keyring.keys(for: Self.agent), seed: generator.next(),
                clock: clock,
                wire: wire)
        ]
    }

    /// Runs a schedule from its beginning until nothing is left to do.
    package static func run(_ subject: Subject, _ scenario: Scenario, seed: UInt64) async -> Outcome {
        var world = World(subject, scenario, seed: seed)
        var violation: String?
        do {
            try await world.meet()
            try await world.suffer()
            try await world.heal()
        } catch {
            violation = "\(error)"
        }
        return Outcome(
            seed: seed, violation: violation, beginnings: world.oracle.beginnings, faults: world.faults,
            steps: world.steps, ends: world.oracle.ends)
    }

    // MARK: The three acts

    /// The panel and the agent get to know each other.
    private mutating func meet() async throws {
        for _ in 0..<20 {
            try await turn()
            if try await store.record.read({ try $0.agents().isEmpty }) == false { return }
        }
        throw Violation("the panel did not come to know its agent")
    }

    /// Everything goes wrong.
    private mutating func suffer() async throws {
        wire.failures = 0.08
        store.crashes = scenario == .cloned ? 0.002 : 0.01
        for _ in 0..<260 {
            clock.advance(by: Int64.random(in: 0...700, using: &generator))
            steps += 1
            if Double.random(in: 0..<1, using: &generator) < 0.06 { try await fault() }
            if oracle.answeredCount < wanted, Double.random(in: 0..<1, using: &generator) < 0.06 {
                _ = try await submit()
            }
            if scenario == .attacked, Double.random(in: 0..<1, using: &generator) < 0.25 {
                Attacker.act(on: wire)
            }
            if Double.random(in: 0..<1, using: &generator) < 0.4 {
                let kind = Int.random(in: 0..<20, using: &generator)
                try await guarded { try await $0.step(kind) }
            } else {
                let index = servers.indices.randomElement(using: &generator) ?? 0
                servers[index].step()
            }
            try await look()
        }
    }

    /// Nothing goes wrong any more; everything comes to its end.
    private mutating func heal() async throws {
        wire.failures = 0
        wire.isDown = false
        store.crashes = 0
        if isSetBack { try await restore() }
        try await panel.resume(Self.agent)
        if scenario == .restored { try await panel.release(Self.agent) }
        // A restored panel answers when it has heard of what came before.
        for _ in 0..<600 where oracle.answeredCount < wanted {
            if try await submit() { continue }
            clock.advance(by: 1_500)
            try await turn()
        }
        guard oracle.answeredCount >= wanted else {
            throw Violation("G1: a request is never answered; \(try await standing())")
        }
        // Copies may have ended the exchange for good: there only so long as it takes to find them out.
        for round in 0..<(scenario == .cloned ? 150 : 600) {
            clock.advance(by: 1_500)
            try await turn()
            if round.isMultiple(of: 5), try await isOver(), try await areCopiesFound() { break }
        }
        // A copied server may have ended the exchange for good; that nothing began twice, and that somebody noticed,
        // is what counts there.
        guard scenario != .cloned else {
            if try await areCopiesFound() { return }
            throw Violation(
                "G3: two servers work in one name, and nobody noticed; \(try await standing())")
        }
        let jobs = try await store.record.read { try $0.jobs(JobQuery(limit: 100)) }
        for server in servers {
            if let halt = server.halt {
                throw Violation("G1: \(server.name) halted: \(halt.rawValue); \(try await standing())")
            }
        }
        do { try oracle.checkSettled(jobs) } catch { throw Violation("\(error); \(try await standing())") }
        for attempt in oracle.attempts {
            try oracle.check(
                try await store.record.read { try $0.log(of: attempt, afterRecord: 0, limit: 1_000) },
                of: attempt)
        }
    }

    /// Whether the panel or one of two servers of one name has noticed.
    private func areCopiesFound() async throws -> Bool {
        let agents = try await store.record.read { try $0.agents() }
        return servers.count < 2 || !agents.allSatisfy(\.isTrusted) || !servers.allSatisfy { $0.halt == nil }
    }

    private func isOver() async throws -> Bool {
        let open = try await store.record.read {
            try $0.jobs(JobQuery(limit: 100)).contains { !$0.state.isFinal }
        }
        return !open && servers.allSatisfy(\.isSettled)
    }

    /// Where both sides stand, for who reads of a violation.
    private func standing() async throws -> String {
        let agents = try await store.record.read { try $0.agents() }
        let panel = agents.map {
            "panel: events through \($0.cursor), messages through \($0.lastSent), \($0.quarantined ?? "not quarantined")"
        }
        return (panel + servers.map(\.standing)).joined(separator: "; ")
    }

    private mutating func turn() async throws {
        steps += 1
        try await guarded { try await $0.turn() }
        // Nobody is always the last to speak.
        for index in servers.indices.shuffled(using: &generator) { servers[index].turn() }
        try await look()
    }

    // MARK: Parts

    /// Runs a piece of the panel; where it dies, another one starts from the record.
    private mutating func guarded(_ body: (SimulatedPanel) async throws -> Void) async throws {
        do {
            try await body(panel)
        } catch is PanelCrash {
            faults += 1
            restartPanel()
        }
    }

    private mutating func restartPanel() {
        panel = SimulatedPanel(store, wire, clock, Self.keyring, jobLife: jobLife, seed: generator.next())
    }

    /// A client's request, made until there is an answer, and sometimes once more; whether it was answered.
    private mutating func submit() async throws -> Bool {
        if requests == 0 || oracle.isAnswered(requests) && Int.random(in: 0..<4, using: &generator) > 0 {
            requests += 1
        }
        if isSetBack { oracle.askUnknowing(requests) }
        do {
            let job = try await panel.submit(subject, to: Self.agent, key: "request \(requests)")
            try oracle.accept(job, for: requests)
            return true
        } catch is RecoveryPending {
            return false
        } catch is PanelCrash {
            faults += 1
            restartPanel()
            // What was committed may run, though nobody was told.
            for job in try await store.record.read({ try $0.jobs(JobQuery(limit: 100)) }) {
                oracle.notice(job.id)
            }
            return false
        }
    }

    private mutating func cancel() async throws {
        // A panel that was set back and does not know it may say of a job that ran that it did not.
        guard !isSetBack, let job = try await openJob(where: { $0.cancelRequestedAt == nil }) else { return }
        do { try await guarded { try await $0.cancel(job.id) } } catch is RecoveryPending {}
    }

    /// Makes a backup, or puts the last one in place: as it is meant to be done, or without telling anyone.
    private mutating func setBack() async throws {
        guard let older = backup, Bool.random(using: &generator) else {
            if !isSetBack { backup = MemoryJobStore(copying: store.record) }
            return
        }
        store.record = MemoryJobStore(copying: older)
        isSetBack = true
        oracle.setBack(to: try await jobs(), at: clock.timestamp)
        if Bool.random(using: &generator) { try await restore() } else { restartPanel() }
    }

    /// Begins a new epoch with all agents, as the panel's `--restore` does.
    private mutating func restore() async throws {
        // An epoch is named by its second.
        clock.advance(by: 1_000)
        let moment = clock.timestamp
        _ = try await store.record.write { try $0.beginNewEpochs(at: moment) }
        isSetBack = false
        oracle.setBack(to: try await jobs(), at: moment)
        restartPanel()
        try await guarded { try await $0.release(Self.agent) }
    }

    private func jobs() async throws -> [JobRecord] {
        try await store.record.read { try $0.jobs(JobQuery(limit: 1_000)) }
    }

    private mutating func abandon() async throws {
        guard let job = try await openJob() else { return }
        try await guarded { try await $0.abandon(job.id) }
    }

    private mutating func openJob(
        where fits: @escaping @Sendable (JobRecord) -> Bool = { _ in true }
    ) async throws -> JobRecord? {
        let open = try await store.record.read { store in
            try store.jobs(JobQuery(limit: 100)).filter { !$0.state.isFinal && fits($0) }
        }
        return open.randomElement(using: &generator)
    }

    private mutating func fault() async throws {
        faults += 1
        let index = servers.indices.randomElement(using: &generator) ?? 0
        let mayLose = scenario != .cloned
        if scenario == .restored, Int.random(in: 0..<5, using: &generator) == 0 { return try await setBack() }
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<16: restartPanel()
        case 16..<34: servers[index].crash()
        case 34..<46: servers[index].killRunner()
        case 46..<52: servers[index].reboot()
        case 52..<54: servers[index].loseFolder()
        case 54..<61: if mayLose { wire.flush() }
        case 61..<70: if mayLose { wire.rollBack() }
        case 70..<76: wire.isDown.toggle()
        case 76..<84: wire.save()
        case 84..<88: servers[index].setClock()
        case 88..<90: try await guarded { try await $0.pause(Self.agent) }
        case 90..<91: try await guarded { try await $0.resume(Self.agent) }
        case 91..<93: try await abandon()
        case 93..<95: clock.advance(by: Int64.random(in: 20_000...120_000, using: &generator))
        default: try await cancel()
        }
        if scenario == .cloned, servers.count == 1, Int.random(in: 0..<10, using: &generator) == 0,
            let twin = servers[0].cloned(name: "twin", seed: generator.next())
        {
            servers.append(twin)
        }
    }

    private func record(for sight: SimulatedServer.Sight) async throws -> JobRecord? {
        switch sight {
        case .began(let attempt, _): try await store.record.read { try $0.job(attempt.job) }
        case .permitted, .wrote, .done, .ended, .struck: nil
        }
    }

    /// Looks at the scripts, and at what the panel says.
    private mutating func look() async throws {
        for index in servers.indices {
            for sight in servers[index].takeSights() {
                let job = try await record(for: sight)
                let pause = try await store.record.read { try $0.agent(Self.agent) }?.pause
                try oracle.see(sight, on: servers[index], job, pause, at: clock.timestamp)
            }
        }
        try oracle.check(try await store.record.read { try $0.jobs(JobQuery(limit: 100)) })
    }
}

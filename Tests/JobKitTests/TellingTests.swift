import JobKit
import Synchronization
import TestSupport
import Testing
import ValidationKit

/// A wire that takes no acknowledgement of more than an agent's first event.
private struct MuteLink: PanelLink {
    let queue: MemoryJobQueue

    func acknowledge(
        _ acknowledgements: [(agent: AgentID, envelope: [UInt8], through: StreamPosition)]
    ) async throws(QueueError) {
        guard acknowledgements.allSatisfy({ $0.through.number <= 1 }) else {
            throw QueueError("the wire is cut")
        }
        try await queue.acknowledge(acknowledgements)
    }

    func send(_ entries: [(agent: AgentID, entry: StreamEntry)]) async throws(QueueError) -> [Addition] {
        try await queue.send(entries)
    }
    func restartDown(_ agent: AgentID) async throws(QueueError) { try await queue.restartDown(agent) }
    func trimDown(_ agent: AgentID, through position: StreamPosition) async throws(QueueError) {
        try await queue.trimDown(agent, through: position)
    }
    func events(
        after places: [AgentID: StreamPosition], limit: Int
    ) async throws(QueueError) -> [AgentID: [StreamEntry]] {
        try await queue.events(after: places, limit: limit)
    }
    func beats(of agents: [AgentID]) async throws(QueueError) -> [AgentID: [UInt8]] {
        try await queue.beats(of: agents)
    }
    func burdens(of agents: [AgentID]) async throws(QueueError) -> [AgentID: WireBurden] {
        try await queue.burdens(of: agents)
    }
    func shutOut(_ agent: AgentID) async throws(QueueError) -> Bool { try await queue.shutOut(agent) }
    func check() async throws(QueueError) { try await queue.check() }
    func rings() -> AsyncStream<AgentID> { queue.rings() }
}

@Suite("What is committed is told", .timeLimit(.minutes(1))) struct TellingTests {
    /// Who waits for a job's end has it though its agent cannot be answered yet.
    @Test func thoughTheWireTakesNoAcknowledgement() async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        let house = MemoryHouse(link: MuteLink.init, script: MemoryHouse.script(exit: 0))
        try await house.run {
            let answer = try await house.submit(application, ["server_name": .text("example.com")])
            guard case .accepted(let job, _) = answer else {
                Issue.record("\(answer)")
                return
            }
            let told = await house.changes.first { $0.id == job.id && $0.state.isFinal }
            #expect(told.state == .succeeded)
        }
    }

    /// It lies there until its agent replaces it, and every ring has it looked at again.
    @Test func onceOfAnEventThatIsNotToBeBelieved() async throws {
        let (store, queue) = (MemoryJobStore(), MemoryJobQueue())
        let told = Mutex<[EnvelopeError]>([])
        try await store.write {
            try $0.save(AgentRecord(id: Fixtures.agent, firstSeenAt: Fixtures.time, session: "s", facts: [:]))
        }
        let ingestor = ReportIngestor(
            store: store, link: queue, keyring: Fixtures.keyring,
            acknowledger: Acknowledger(keyring: Fixtures.keyring, now: { Fixtures.time }),
            clock: ContinuousClock(), now: { Fixtures.time }
        ) { event in
            if case .unbelievable(_, let error) = event { told.withLock { $0.append(error) } }
        }
        let agent = queue.link(for: Fixtures.agent)
        let large = [UInt8](repeating: 1, count: SignedEnvelope.maximumUp + 1)
        for bytes: [UInt8] in [[1], large] {
            try await agent.restartUp()
            _ = try await agent.report([
                StreamEntry(position: StreamPosition(epoch: 1, number: 1), bytes: bytes)
            ])
            for _ in 1...3 {
                ingestor.ring([Fixtures.agent])
                try await ingestor.turn()
            }
        }
        #expect(told.withLock { $0 } == [.malformed, .tooLarge])
    }
}

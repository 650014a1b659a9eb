import JobKit
import Synchronization
import TestSupport
import Testing

/// A wire on which somebody rings in thousands of names that nobody has.
private final class FloodedLink: PanelLink {
    static let ringCount = 20_000
    let isHeard = Broadcast<Void>()
    let looks = Mutex<[Int]>([])
    private let rung = Atomic(0)

    func rings() -> AsyncStream<AgentID> {
        AsyncStream { [self] in
            let number = rung.wrappingAdd(1, ordering: .relaxed).newValue
            if number > Self.ringCount { isHeard.tell(()) }
            return number > Self.ringCount ? nil : AgentID.sample("stranger-\(number)")
        }
    }

    func beats(of agents: [AgentID]) async throws(QueueError) -> [AgentID: [UInt8]] {
        if !agents.isEmpty { looks.withLock { $0.append(agents.count) } }
        return [:]
    }

    func send(_ entries: [(agent: AgentID, entry: StreamEntry)]) async throws(QueueError) -> [Addition] { [] }
    func restartDown(_ agent: AgentID) async throws(QueueError) {}
    func trimDown(_ agent: AgentID, through position: StreamPosition) async throws(QueueError) {}
    func events(after places: [AgentID: StreamPosition], limit: Int) async throws(QueueError)
        -> [AgentID: [StreamEntry]]
    { [:] }
    func acknowledge(
        _ acknowledgements: [(agent: AgentID, envelope: [UInt8], through: StreamPosition)]
    ) async throws(QueueError) {}
    func burdens(of agents: [AgentID]) async throws(QueueError) -> [AgentID: WireBurden] { [:] }
    func shutOut(_ agent: AgentID) async throws(QueueError) -> Bool { false }
    func check() async throws(QueueError) {}
}

@Suite("A flood of rings", .timeLimit(.minutes(1))) struct BellFloodTests {
    @Test func ofStrangersIsLookedAtInFewRounds() async throws {
        let (store, link, keyring) = (MemoryJobStore(), FloodedLink(), Fixtures.keyring)
        let clock = ContinuousClock()
        let ingestor = ReportIngestor(
            store: store, link: link, keyring: keyring,
            acknowledger: Acknowledger(keyring: keyring, now: { Fixtures.time }), clock: clock,
            now: { Fixtures.time })
        let sweep = PresenceSweep(
            store: store, link: link, keyring: keyring,
            dispatcher: JobDispatcher(store: store, link: link, clock: clock), ingestor: ingestor,
            clock: clock, now: { Fixtures.time })
        let run = Task { try await sweep.run() }
        _ = await link.isHeard.first { true }
        run.cancel()
        let looks = link.looks.withLock { $0 }
        #expect(looks.count < FloodedLink.ringCount / 100)
        #expect(looks.allSatisfy { $0 <= 128 })
    }
}

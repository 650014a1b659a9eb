import JobKit
import Synchronization
import TestSupport
import Testing
import ValidationKit

@Suite("An agent at work, over a bad wire and on an old journal", .timeLimit(.minutes(1)))
struct AgentWorkerTests {
    /// Runs one job to its end.
    private func run(_ house: MemoryHouse) async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        try await house.run {
            guard
                case .accepted(let job, _) = try await house.submit(
                    application, ["server_name": .text("example.com")])
            else {
                Issue.record("the job was not accepted")
                return
            }
            let final = await house.changes.first { $0.id == job.id && $0.state.isFinal }
            #expect(final.state == .succeeded)
        }
    }

    /// A mark that was damaged on its way is refused by an honest wire for ever: it is forgotten.
    @Test func hearsAgainAfterAMarkThatNoWireUnderstands() async throws {
        try await run(MemoryHouse(agentLink: DamagingLink.init, script: MemoryHouse.script(exit: 0)))
    }

    /// However often an agent is started before it has written as many lines: what it finds counts.
    @Test func rewritesAJournalThatGrewOverManyRuns() async throws {
        let identity = JournalEntry.identity(agent: Fixtures.agent, machine: "test-machine")
        let journal = MemoryAgentJournal([identity] + Array(repeating: .acknowledged(0), count: 5000))
        try await run(MemoryHouse(journal: journal, script: MemoryHouse.script(exit: 0)))
        #expect(try await journal.load().count < 100)
    }

    /// What names thousands of inputs still goes into one message.
    @Test func tellsARefusalInOneMessage() {
        let refusal = Refusal(.inputsInvalid, String(repeating: "é", count: 100_000))
        #expect(refusal.message.utf8.count < 10_000 && refusal.message.hasSuffix("é…"))
        #expect(Refusal(.policy, "short").message == "short")
    }
}

/// Damages the mark of the first acknowledgement, and refuses that mark from then on.
private final class DamagingLink: AgentLink {
    private static let damaged = AcknowledgementMark("17q0-0")
    private let link: any AgentLink
    private let isDone = Atomic(false)

    init(_ link: any AgentLink) { self.link = link }

    func receive(
        after place: StreamPosition, acknowledgement: AcknowledgementMark?, waiting seconds: Int
    ) async throws(QueueError) -> Delivery {
        guard acknowledgement != Self.damaged else { throw QueueError("ERR Invalid stream ID") }
        var delivery = try await link.receive(
            after: place, acknowledgement: acknowledgement, waiting: seconds)
        if let word = delivery.acknowledgement, !isDone.exchange(true, ordering: .relaxed) {
            delivery.acknowledgement = (word.bytes, Self.damaged)
        }
        return delivery
    }

    func report(_ entries: [StreamEntry]) async throws(QueueError) -> [Addition] {
        try await link.report(entries)
    }
    func event(at position: StreamPosition) async throws(QueueError) -> [UInt8]? {
        try await link.event(at: position)
    }
    func restartUp() async throws(QueueError) { try await link.restartUp() }
    func beat(_ envelope: [UInt8]) async throws(QueueError) { try await link.beat(envelope) }
}

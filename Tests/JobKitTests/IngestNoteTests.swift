import TestSupport
import Testing

@testable import JobKit

@Suite("What a panel may have died of") struct IngestNoteTests {
    private let one = AgentID.sample("agent-001"), two = AgentID.sample("agent-002")

    /// The note of a panel that has these in hand, after the deaths before.
    private func death(with events: [AgentID: Int], after note: IngestNote = IngestNote()) -> IngestNote {
        var note = note
        note.take(events.mapValues { StreamPosition(epoch: 1, number: $0) })
        return IngestNote(after: note.bytes)
    }

    @Test func suspectsAllThatWereInHandTogetherAndCountsNoDeath() {
        let note = death(with: [one: 7, two: 9])
        #expect(note.inHand.isEmpty)
        #expect(note.suspicions.mapValues(\.deaths) == [one: 0, two: 0])
        #expect(note.portions(of: [one, two]).first == [])
        #expect(Set(note.portions(of: [one, two]).dropFirst()) == [[one], [two]])
    }

    @Test func takesSuspectsLast() {
        let note = death(with: [two: 9])
        #expect(note.portions(of: [one, two]) == [[one], [two]])
    }

    @Test func condemnsAtTheThirdDeathOverOneEvent() {
        var note = IngestNote()
        for count in 1...3 {
            #expect(note.poisoned.isEmpty)
            note = death(with: [two: 9], after: note)
            #expect(note.suspicions[two]?.deaths == count)
        }
        #expect(note.poisoned.keys.map { $0 } == [two])
    }

    @Test func beginsAnewWithAnotherEvent() {
        let note = death(with: [two: 10], after: death(with: [two: 9], after: death(with: [two: 9])))
        #expect(
            note.suspicions[two]
                == IngestNote.Suspicion(event: StreamPosition(epoch: 1, number: 10), deaths: 1))
    }

    /// In a new epoch events are numbered anew.
    @Test func countsNoDeathsOfAnotherEpoch() {
        var note = death(with: [two: 9], after: death(with: [two: 9]))
        let event = StreamPosition(epoch: 2, number: 9)
        note.take([two: event])
        #expect(
            IngestNote(after: note.bytes).suspicions[two] == IngestNote.Suspicion(event: event, deaths: 1))
    }

    /// The panel ends of it as surely as of a trap; of a disk that fails it ends with whatever is in hand.
    @Test(arguments: [(FailingStore.Failure.trap, true), (.refusal, true), (.disk, false)])
    func countsAnEndByAnErrorToo(_ failure: FailingStore.Failure, counts: Bool) async throws {
        let (queue, notes) = (MemoryJobQueue(), MemoryCrashNotes())
        let record = MemoryJobStore()
        try await record.write {
            try $0.save(AgentRecord(id: Fixtures.agent, firstSeenAt: Fixtures.time, session: "s", facts: [:]))
        }
        let entry = StreamEntry(position: StreamPosition(epoch: 1, number: 1), bytes: [1])
        _ = try await queue.link(for: Fixtures.agent).report([entry])
        for deaths in 1...2 {
            let ingestor = ReportIngestor(
                store: FailingStore(record: record, failure: failure), link: queue, keyring: Fixtures.keyring,
                acknowledger: Acknowledger(keyring: Fixtures.keyring, now: { Fixtures.time }),
                clock: ContinuousClock(), now: { Fixtures.time }, notes: notes)
            ingestor.ring([Fixtures.agent])
            await #expect(throws: (any Error).self) { try await ingestor.turn() }
            let note = IngestNote(after: notes.load())
            #expect(note.inHand.isEmpty)
            #expect(note.suspicions[Fixtures.agent]?.deaths == (counts ? deaths : nil))
        }
    }

    @Test func suspectsNobodyWhomItOutlived() {
        var note = death(with: [one: 7, two: 9])
        note.take([two: StreamPosition(epoch: 1, number: 9)])
        note.putDown()
        #expect(IngestNote(after: note.bytes).suspicions.keys.map { $0 } == [one])
    }

    @Test(arguments: ["", "{", "[]", #"{"in_hand":[{"agent":"a b","event":1}],"suspects":[]}"#, "\u{0}\u{0}"])
    func makesNothingOfANoteItCannotRead(_ text: String) {
        #expect(IngestNote(after: Array(text.utf8)) == IngestNote())
    }
}

private struct StoreTrouble: StoreFailure {
    let isPassing = false
    let isOfContent: Bool
}

/// A record that takes no events in.
struct FailingStore: JobStore {
    enum Failure: Error { case trap, refusal, disk }
    let record: MemoryJobStore
    let failure: Failure

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Value
    ) async throws -> Value {
        try await record.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Value
    ) async throws -> Value {
        // The count of the panel's starts is written, and no events are.
        if Value.self == EventBatch.Outcome.self {
            throw failure == .trap ? failure : StoreTrouble(isOfContent: failure == .refusal)
        }
        return try await record.write(body)
    }
}

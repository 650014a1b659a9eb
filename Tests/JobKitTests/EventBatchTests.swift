import TestSupport
import Testing

@testable import JobKit

/// An agent is believed what it tells of its own jobs, within bounds.
@Suite("Events that are taken in") struct EventBatchTests {
    private let store = MemoryJobStore()

    /// Takes in records of a job's log, one event each.
    private func ingest(_ sizes: [Int], of job: JobRecord) async throws -> EventBatch.Outcome {
        try await store.write { store in
            try store.insert(job)
            let agent = AgentRecord(
                id: Fixtures.agent, firstSeenAt: Fixtures.time, session: "s", facts: [:])
            try store.save(agent)
            var (head, outcome) = (agent.upHead, EventBatch.Outcome())
            let events = sizes.enumerated().map { index, size in
                let record = LogRecord(
                    number: index + 1, at: Fixtures.time, bytes: [UInt8](repeating: 65, count: size))
                let uplink = Uplink(
                    agent: agent.id, position: StreamPosition(epoch: 1, number: index + 1), previous: head,
                    session: "s", event: .log(job.attempt.id, [record]))
                head = ChainHead(after: uplink.payload)
                return VerifiedEvent(uplink: uplink, payload: uplink.payload)
            }
            try EventBatch(agent: agent.id, events: events, keyring: Fixtures.keyring, now: Fixtures.time)
                .apply(to: store, &outcome)
            return outcome
        }
    }

    @Test func takesNoMoreOutputThanAnyAgentKeeps() async throws {
        let job = try Fixtures.job().after(.claimed(attempt: 1), .began(attempt: 1, at: Fixtures.time))
        let half = LogExtent.maximumBytes / 2
        let outcome = try await ingest([half, half, LogExtent.maximumBytes % 2, 1], of: job)
        #expect(outcome.quarantined.map(\.1).first?.contains("larger than any agent keeps") == true)
        let extent = try await store.read { try $0.logExtent(of: job.attempt.id) }
        #expect(extent == LogExtent(records: 3, bytes: LogExtent.maximumBytes))
    }

    /// Of a job that was given up it is still worth knowing what became, where it had been claimed.
    @Test(arguments: [true, false]) func takesOutputOfAGivenUpJobThatWasClaimed(isClaimed: Bool) async throws
    {
        let offered = Fixtures.job()
        let given = try (isClaimed ? offered.after(.claimed(attempt: 1)) : offered).after(.abandoned("x"))
        let outcome = try await ingest([5], of: given)
        #expect(outcome.quarantined.isEmpty)
        let extent = try await store.read { try $0.logExtent(of: given.attempt.id) }
        #expect(extent.records == (isClaimed ? 1 : 0))
    }
}

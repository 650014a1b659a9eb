import TestSupport
import Testing

@testable import JobKit

/// What a restored panel believes of the orders that an agent tells of, and of the requests they were.
extension EpochTests {
    /// A client that asks again gets the job that it had first.
    @Test func learnsUnderWhichKeysItWasAsked() async throws {
        try await meetAgent(isRecovering: true)
        let stamps = ["a", "a", "b"].map { RequestStamp(key: $0, digest: "d") }
        let summaries = stamps.enumerated().map { told(Fixtures.order(UInt8($0 + 1)), .withdrawn, $1) }
        _ = try await ingest([.inventory(summaries, live: [])])
        try await store.read { store throws in
            func found(_ key: String) throws -> JobID? { try store.job(of: "token:test", under: key)?.id }
            #expect(try found("a") == Fixtures.jobID(1))
            #expect(try found("b") == Fixtures.jobID(3))
            #expect(try store.job(Fixtures.jobID(2))?.request == stamps[1])
        }
    }

    /// A record that was put back by hand took the request for a new one; its job never began.
    @Test func callsOffTheSecondJobOfARequest() async throws {
        try await meetAgent(isRecovering: true)
        let request = RequestStamp(key: "k", digest: "d")
        let second = JobRecord.sample(9, actor: "token:test", request: request)
        try await store.write { try $0.insert(second) }
        _ = try await ingest([
            .inventory([told(Fixtures.order(1), .ended(.sample(.exited(code: 0))), request)], live: [])
        ])
        try await store.read { store throws in
            #expect(try store.job(second.id)?.reason == .beforeStart)
            #expect(try store.job(of: "token:test", under: "k")?.id == Fixtures.jobID(1))
            #expect(try store.outbox(of: Fixtures.agent, after: 0, limit: 9) == [])
        }
    }

    /// An agent speaks for itself, of what it was given.
    @Test func learnsOfNoJobsThatItDidNotGive() async throws {
        try await meetAgent(isRecovering: true)
        var (other, invented, altered) = (
            Fixtures.order(1), Fixtures.order(2), told(Fixtures.order(3), nil).order
        )
        other.voucher = try Fixtures.keyring.voucher.make(for: other, of: Fixtures.otherAgent, nil)
        invented.voucher = Array(repeating: 7, count: 60)
        altered.actor = "token:somebody"
        let outcome = try await ingest([
            .inventory(
                [other, invented, altered].map { AttemptSummary(order: $0, end: .withdrawn) }, live: [])
        ])
        #expect(outcome.quarantined.isEmpty, "its panel may have another root secret since")
        for number in 1...3 { #expect(try await state(UInt8(number)) == nil) }
        let trail = try await store.read { try $0.audit(after: 0, limit: 99) }
        // One of them goes on there.
        let later = try await ingest([.began(other.attempt, at: Fixtures.time)])
        #expect(later.quarantined.isEmpty)
        let line = trail.first { $0.draft.action == "agent.unknown_orders" }
        #expect(line?.draft.detail == ["orders": "3"])
    }

    /// An agent that never comes to the end of its inventory writes no trail without end.
    @Test func writesOrdersThatNobodyKnowsDownABoundedNumberOfTimes() async throws {
        try await meetAgent(isRecovering: true)
        var invented = Fixtures.order(1)
        invented.voucher = Array(repeating: 7, count: 60)
        let part = AgentEvent.inventory([AttemptSummary(order: invented, end: .withdrawn)], live: nil)
        _ = try await ingest(Array(repeating: part, count: 150))
        let trail = try await store.read { try $0.audit(after: 0, limit: 999) }
        #expect(trail.count { $0.draft.action == "agent.unknown_orders" } == 100)
    }

    /// A line of the agent's archive that is damaged says nothing; what is told of later attempts holds.
    @Test(arguments: [1, 2]) func goesOnBehindAttemptsThatAreNotTold(known attempt: Int) async throws {
        try await meetAgent(isRecovering: true)
        var job = try Fixtures.job(1, isIdempotent: true).after(.claimed(attempt: 1))
        if attempt == 2 {
            let failed = AttemptResult.sample(.exited(code: 75))
            job = try job.after(.began(attempt: 1, at: Fixtures.time)).after(.finished(attempt: 1, failed))
        }
        let known = job
        try await store.write { try $0.insert(known) }
        let outcome = try await ingest([
            .inventory([summary(1, attempt: 3, .ended(.sample(.exited(code: 0))))], live: [])
        ])
        #expect(outcome.quarantined.isEmpty)
        #expect(try await state(1) == "succeeded ")
    }
}

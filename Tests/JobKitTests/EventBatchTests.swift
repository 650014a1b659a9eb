import TestSupport
import Testing

@testable import JobKit

/// An agent is believed what it tells of its own jobs, within bounds.
@Suite("Events that are taken in") struct EventBatchTests {
    private let store = MemoryJobStore()
    private let attempt = Fixtures.job().attempt.id
    private let success = AgentEvent.ended(
        Fixtures.job().attempt.id,
        AttemptResult(ending: .exited(code: 0), beganAt: Fixtures.time, endedAt: Fixtures.time))
    private let failure = AgentEvent.ended(
        Fixtures.job().attempt.id,
        AttemptResult(ending: .exited(code: 1), beganAt: Fixtures.time, endedAt: Fixtures.time))
    private var claim: AgentEvent { .claimed(attempt) }
    private var beginning: AgentEvent { .began(attempt, at: Fixtures.time) }

    private func insert(_ job: JobRecord = Fixtures.job()) async throws {
        try await store.write { store in
            try store.insert(job)
            try store.save(
                AgentRecord(id: Fixtures.agent, firstSeenAt: Fixtures.time, session: "s", facts: [:]))
        }
    }

    /// Takes in the agent's next events, all in one transaction; what it was quarantined for, or nil.
    private func ingest(_ events: [AgentEvent]) async throws -> String? {
        try await store.write { store in
            let agent = try #require(try store.agent(Fixtures.agent))
            var (head, outcome) = (agent.upHead, EventBatch.Outcome())
            let verified = events.enumerated().map { index, event in
                let uplink = Uplink(
                    agent: agent.id, position: StreamPosition(epoch: 1, number: agent.cursor + index + 1),
                    previous: head, session: "s", event: event)
                head = ChainHead(after: uplink.payload)
                return VerifiedEvent(uplink: uplink, payload: uplink.payload)
            }
            try EventBatch(agent: agent.id, events: verified, keyring: Fixtures.keyring, now: Fixtures.time)
                .apply(to: store, &outcome)
            return outcome.quarantined.first?.1
        }
    }

    private func output(_ texts: [Int: String]) -> AgentEvent {
        .log(
            attempt,
            texts.sorted { $0.key < $1.key }.map {
                LogRecord(number: $0.key, at: Fixtures.time, bytes: Array($0.value.utf8))
            })
    }

    private func job() async throws -> JobRecord {
        try #require(try await store.read { try $0.job(attempt.job) })
    }

    private func log() async throws -> [String] {
        try await store.read { try $0.log(of: attempt, afterRecord: 0, limit: 9) }.map {
            String(decoding: $0.bytes, as: UTF8.self)
        }
    }

    @Test func takesNoMoreOutputThanAnyAgentKeeps() async throws {
        try await insert(Fixtures.job().after(.claimed(attempt: 1), .began(attempt: 1, at: Fixtures.time)))
        let half = LogExtent.maximumBytes / 2
        let sizes = [half, LogExtent.maximumBytes - half - 1, 1, 1]
        let why = try await ingest(
            sizes.enumerated().map { output([$0.offset + 1: String(repeating: "A", count: $0.element)]) })
        #expect(why?.contains("larger than any agent keeps") == true)
        let extent = try await store.read { try $0.logExtent(of: attempt) }
        #expect(extent == LogExtent(records: 3, bytes: LogExtent.maximumBytes))
    }

    /// The bound on bytes would bound no number of them.
    @Test func takesNoOutputWithoutBytes() async throws {
        try await insert(Fixtures.job().after(.claimed(attempt: 1), .began(attempt: 1, at: Fixtures.time)))
        let why = try await ingest([output([1: "a"]), output([2: "b", 3: ""])])
        #expect(why == "log of attempt '\(attempt)' has a record without bytes")
        #expect(try await log() == ["a"])
    }

    /// Of a job that was given up it is still worth knowing what became, where it had been claimed.
    @Test(arguments: [true, false]) func takesOutputOfAGivenUpJobThatWasClaimed(isClaimed: Bool) async throws
    {
        let offered = Fixtures.job()
        try await insert((isClaimed ? offered.after(.claimed(attempt: 1)) : offered).after(.abandoned("x")))
        #expect(try await ingest([output([1: "after all"])]) == nil)
        #expect(try await log() == (isClaimed ? ["after all"] : []))
    }

    // MARK: - The permit

    /// Of an attempt that was started before the panel had answered its claim; each after the claim, with it.
    private var unpermitted: [AgentEvent] {
        let lost = AttemptResult(ending: .interrupted(.stateLost), beganAt: nil, endedAt: Fixtures.time)
        return [beginning, output([1: "x"]), .ended(attempt, lost)]
    }

    /// J30: the answer to a claim is the permit; who tells of a beginning together with the claim did not wait for it.
    @Test(arguments: 0..<3) func j30BelievesNothingOfAnAttemptWithoutPermit(_ index: Int) async throws {
        try await insert()
        let why = try await ingest([claim, unpermitted[index], success])
        #expect(why == "attempt '\(attempt)' was started before its claim was answered")
        #expect(try await job().state == .running)
        #expect(try await job().attempt.phase == .claimed)
        #expect(try await log() == [])
    }

    /// A claim that was answered may be made again, as by an agent that was started anew.
    @Test func takesWhatComesAfterAnAnsweredClaim() async throws {
        try await insert()
        #expect(try await ingest([claim]) == nil)
        #expect(try await ingest([claim, beginning, output([1: "x"]), success]) == nil)
        #expect(try await job().state == .succeeded)
        #expect(try await log() == ["x"])
    }

    // MARK: - What comes too late, or out of place

    /// J30: a second end of an attempt is a line in the audit trail, and no change.
    @Test func j30KeepsTheFirstEnd() async throws {
        try await insert()
        #expect(try await ingest([claim]) == nil)
        #expect(try await ingest([beginning, success]) == nil)
        let ended = try await job()
        #expect(try await ingest([failure]) == nil)
        #expect(try await job() == ended)
        let trail = try await store.read { try $0.audit(after: 0, limit: 99) }
        #expect(trail.last?.draft.action == "job.late")
    }

    /// No line of the trail is ever deleted: what an agent says again and again is written down once.
    @Test func writesWhatComesTooLateDownOnce() async throws {
        try await insert()
        #expect(try await ingest([claim]) == nil)
        #expect(try await ingest([beginning, success]) == nil)
        let other = AgentEvent.claimed(AttemptID(job: attempt.job, number: 7))
        for _ in 1...3 { #expect(try await ingest([claim, other, failure, claim]) == nil) }
        let trail = try await store.read { try $0.audit(after: 0, limit: 99) }
        let late = trail.map(\.draft).filter { $0.action == "job.late" }
        #expect(late.map { $0.detail["event"] } == ["claimed", "finished"])
    }

    /// J31: what is written after the end is not part of the log whose digest the end told.
    @Test func j31TakesNoOutputOfAFinishedAttempt() async throws {
        try await insert()
        #expect(try await ingest([claim]) == nil)
        #expect(try await ingest([beginning, output([1: "x"]), success]) == nil)
        #expect(try await ingest([output([2: "y"])]) == nil)
        #expect(try await log() == ["x"])
    }

    /// J31: records that are there already stay as they are, whatever they are said to be now.
    @Test func j31KeepsTheFirstTextOfARecord() async throws {
        try await insert()
        #expect(try await ingest([claim]) == nil)
        #expect(try await ingest([beginning, output([1: "a", 2: "b"])]) == nil)
        #expect(try await ingest([output([2: "other", 3: "c"])]) == nil)
        #expect(try await log() == ["a", "b", "c"])
    }

    /// J31: a record that none comes before, or within one event, is none of an honest agent's.
    @Test(arguments: [[3: "c"], [1_000_000_000: "x"], [2: "b", 4: "d"], [Int.max: "x"]])
    func j31TakesNoOutputWithAGap(_ texts: [Int: String]) async throws {
        try await insert()
        #expect(try await ingest([claim]) == nil)
        #expect(try await ingest([beginning, output([1: "a"])]) == nil)
        #expect(try await ingest([output(texts)])?.contains("do not follow record 1") == true)
        #expect(try await log() == ["a"])
    }
}

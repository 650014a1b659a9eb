import JobKit
import OpenSSLCrypto
import TestSupport
import Testing

@Suite("What the oracle complains of") struct TruthTests {
    /// A way in which a record may lie, and what is said about it.
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let complaint: String
        let tell: @Sendable (inout Truth) -> Void

        init(_ name: String, _ complaint: String, _ tell: @escaping @Sendable (inout Truth) -> Void) {
            testDescription = name
            self.complaint = complaint
            self.tell = tell
        }
    }

    private static let id = Fixtures.jobID()
    private static let output = Array("hello\n".utf8)

    private static let success: [JobEvent] = [
        .claimed(attempt: 1), .began(attempt: 1, at: Fixtures.time),
        .finished(attempt: 1, result(.exited(code: 0))),
    ]

    /// What a panel holds after these events of one job, and a witness of a script that ran to its end.
    private static func truth(after events: [JobEvent]) throws -> Truth {
        var job = Fixtures.job()
        var drafts = [AuditDraft(at: Fixtures.time, actor: "token:test", action: "job.accepted", job: id)]
        for event in events {
            guard case .changed(let next) = try job.applying(event, at: Fixtures.time) else { continue }
            job = next
            drafts.append(
                AuditDraft(
                    at: Fixtures.time, actor: "agent:agent-001", action: "job.\(event.name)", job: id,
                    detail: ["state": next.state.rawValue, "attempt": "1"]))
        }
        var truth = Truth()
        truth.accepted = [id]
        truth.jobs = [job]
        truth.attempts[id] = [
            Truth.Attempt(
                record: job.attempt, log: [LogRecord(number: 1, at: Fixtures.time, bytes: output)])
        ]
        truth.audit = chained(drafts)
        truth.witness = ["began \(id) 1", "done \(id) 1"]
        return truth
    }

    private static func chained(_ drafts: [AuditDraft]) -> [AuditEntry] {
        drafts.reduce(into: []) { entries, draft in
            entries.append(AuditEntry(draft, after: entries.last.map { ($0.number, $0.digest) }))
        }
    }

    @Test func believesWhatIsTrue() throws {
        #expect(try Self.truth(after: Self.success).complaints.isEmpty)
    }

    private static func result(_ ending: AttemptResult.Ending) -> AttemptResult {
        AttemptResult(
            ending: ending, beganAt: Fixtures.time, endedAt: Fixtures.time,
            durationMilliseconds: ending == .timedOut ? Int64(Fixtures.job().terms.timeoutSeconds) * 1000 : 1,
            log: .init(
                records: 1, bytes: output.count, cutBytes: 0, digest: Hex.encode(SHA256.digest(output))))
    }

    private static var early: AttemptResult {
        var result = result(.timedOut)
        result.durationMilliseconds = 1
        return result
    }

    /// Ended from outside between its first instruction and its first word; given up by a person.
    @Test(
        arguments: [
            ([.cancelRequested, .finished(attempt: 1, result(.cancelled))], []),
            ([.finished(attempt: 1, result(.timedOut))], []),
            ([.abandoned("gone")], ["began \(id) 1", "done \(id) 1"]),
        ] as [([JobEvent], [String])])
    func believesAnEndFromOutside(after events: [JobEvent], witness: [String]) throws {
        var truth = try Self.truth(after: Self.success.prefix(2) + events)
        truth.witness = witness
        #expect(truth.complaints.isEmpty)
    }

    private static let lies = [
        Lie("a job is lost", "is not in the record") { $0.jobs = [] },
        Lie("a script began twice", "was told 2 times") { $0.witness.append("began \(id) 1") },
        Lie("a script was not done", "its script was not done") { $0.witness.removeLast() },
        Lie("a script never began", "never began") { $0.witness = [] },
        Lie("a script of nobody's", "nobody asked for") { $0.witness.append("began \(id) 2") },
        Lie("a log with a gap", "has a gap") { $0.attempts[id]?[0].log[0] = record(2, output) },
        Lie("a log with a piece twice", "is not the one") {
            $0.attempts[id]?[0].log.append(record(2, output))
        },
        Lie("another log", "is not the one") {
            $0.attempts[id]?[0].log[0] = record(1, Array("HELLO\n".utf8))
        },
        Lie("a line of the trail is gone", "breaks at line 3") { $0.audit.remove(at: 1) },
        Lie("a trail without the claim", "knows of no claim") { truth in
            truth.audit = chained(truth.audit.map(\.draft).filter { $0.action != "job.claimed" })
        },
        Lie("a trail with two ends", "ends 2 times") { truth in
            truth.audit = chained(truth.audit.map(\.draft) + [truth.audit[3].draft])
        },
    ]

    private static func record(_ number: Int, _ bytes: [UInt8]) -> LogRecord {
        LogRecord(number: number, at: Fixtures.time, bytes: bytes)
    }

    @Test(arguments: lies) func findsALie(_ lie: Lie) throws {
        var truth = try Self.truth(after: Self.success)
        lie.tell(&truth)
        let complaints = truth.complaints
        #expect(complaints.contains { $0.contains(lie.complaint) }, "\(complaints)")
    }

    @Test(
        arguments: [
            ([.claimed(attempt: 1)], "has no end"),
            (
                [.claimed(attempt: 1), .refused(attempt: 1, Refusal(.policy, ""))],
                "is refused, and its script began"
            ),
            ([.refused(attempt: 1, Refusal(.expired, ""))], "is refused, and its script began"),
            ([.cancelRequested], "is cancelled, and its script began"),
            (Array(success.prefix(2)), "began, and has no result"),
            (
                success.prefix(2) + [.finished(attempt: 1, result(.interrupted(.runnerDied)))],
                "nothing was struck"
            ),
            (success.prefix(2) + [.finished(attempt: 1, result(.cancelled))], "nobody asked for it"),
            (success.prefix(2) + [.finished(attempt: 1, early)], "is out of time after 1 ms"),
        ] as [([JobEvent], String)])
    func findsAnUntrueEnd(after events: [JobEvent], complaint: String) throws {
        let complaints = try Self.truth(after: events).complaints
        #expect(complaints.contains { $0.contains(complaint) }, "\(complaints)")
    }
}

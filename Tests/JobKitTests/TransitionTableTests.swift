import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

/// Every state × every event, compared whole with the table beside this file.
///
/// `RECORD_SNAPSHOTS=1` writes the table anew, and the run that writes it fails.
@Suite struct TransitionTableTests {
    private static let path = "\(#filePath.dropLast("TransitionTableTests.swift".count))transition-table.txt"

    private static let result = AttemptResult(
        ending: .exited(code: 0), beganAt: Fixtures.time, endedAt: Fixtures.time)

    private static func ended(_ ending: AttemptResult.Ending) -> AttemptResult {
        AttemptResult(ending: ending, beganAt: Fixtures.time, endedAt: Fixtures.time)
    }

    /// Each state a job can be in, with how it got there.
    private static func states() throws -> [(name: String, record: JobRecord)] {
        func after(_ events: [JobEvent], isIdempotent: Bool = true) throws -> JobRecord {
            try events.reduce(Fixtures.job(isIdempotent: isIdempotent)) { job, event in
                guard case .changed(let next) = try job.applying(event, at: Fixtures.time) else {
                    throw Unexpected.late(event.name)
                }
                return next
            }
        }
        let claimed = JobEvent.claimed(attempt: 1)
        let began = JobEvent.began(attempt: 1, at: Fixtures.time)
        let interrupted = [claimed, .finished(attempt: 1, ended(.interrupted(.stateLost)))]
        return [
            ("queued", try after([])),
            ("running (claimed)", try after([claimed])),
            ("running (claimed, cancel asked)", try after([claimed, .cancelRequested])),
            ("running (began)", try after([claimed, began])),
            ("running (began, cancel asked)", try after([claimed, began, .cancelRequested])),
            (
                "running (claimed, after an interruption)",
                try after(interrupted + [.retryDue, .claimed(attempt: 2)])
            ),
            ("waiting (after an interruption)", try after(interrupted)),
            ("running (began, not idempotent)", try after([claimed, began], isIdempotent: false)),
            ("waiting", try after([claimed, began, .finished(attempt: 1, ended(.exited(code: 2)))])),
            (
                "queued (second attempt)",
                try after([claimed, began, .finished(attempt: 1, ended(.exited(code: 2))), .retryDue])
            ),
            ("succeeded", try after([claimed, began, .finished(attempt: 1, result)])),
            ("failed", try after([claimed, began, .finished(attempt: 1, ended(.exited(code: 1)))])),
            ("cancelled", try after([.cancelRequested])),
            ("refused", try after([.refused(attempt: 1, Refusal(.digestMismatch, "changed"))])),
        ]
    }

    private static let events: [(name: String, event: JobEvent)] = [
        ("claimed", .claimed(attempt: 1)),
        ("began", .began(attempt: 1, at: Fixtures.time)),
        ("finished, exit 0", .finished(attempt: 1, result)),
        ("finished, exit 1", .finished(attempt: 1, ended(.exited(code: 1)))),
        ("finished, exit 2", .finished(attempt: 1, ended(.exited(code: 2)))),
        ("finished, exit 124 by itself", .finished(attempt: 1, ended(.exited(code: 124)))),
        ("finished, unhealthy", .finished(attempt: 1, ended(.unhealthy))),
        ("finished, signal", .finished(attempt: 1, ended(.signalled(number: 9)))),
        ("finished, timed out", .finished(attempt: 1, ended(.timedOut))),
        ("finished, cancelled", .finished(attempt: 1, ended(.cancelled))),
        ("finished, interrupted", .finished(attempt: 1, ended(.interrupted(.runnerDied)))),
        ("refused", .refused(attempt: 1, Refusal(.expired, "too late"))),
        ("withdrawn", .withdrawn(attempt: 1)),
        ("of a later attempt", .claimed(attempt: 9)),
        ("cancel asked", .cancelRequested),
        ("abandoned", .abandoned("given up by alice: the server burnt")),
        ("revoked", .revoked),
        ("retry due", .retryDue),
    ]

    private enum Unexpected: Error { case late(String) }

    private static func outcome(_ record: JobRecord, _ event: JobEvent) -> String {
        do throws(IllegalTransition) {
            guard case .changed(let next) = try record.applying(event, at: Fixtures.time) else {
                return "late"
            }
            let reason = next.reason.map { "(\($0.rawValue))" } ?? ""
            let phase = next.state.isFinal ? "" : " \(next.attempt.phase.rawValue)"
            let cancel = next.cancelRequestedAt != nil && !next.state.isFinal ? ", cancel asked" : ""
            return "→ \(next.state.rawValue)\(reason)\(phase)\(cancel)"
        } catch {
            return "illegal"
        }
    }

    private static func table() throws -> String {
        var lines: [String] = []
        for (name, record) in try states() {
            lines.append("\(name):")
            for (eventName, event) in events { lines.append("    \(eventName): \(outcome(record, event))") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func matchesTheTableBesideThisFile() throws {
        let table = try Self.table()
        if getenv("RECORD_SNAPSHOTS") != nil {
            try Fixtures.write(table, to: Self.path)
            Issue.record("the table was written anew; run again without RECORD_SNAPSHOTS")
        }
        #expect(try Fixtures.read(Self.path) == table)
    }

    /// A seeded walk of events: final is final, attempts only rise, the end has its time.
    @Test(arguments: 0..<200) func keepsItsInvariantsOnEveryWalk(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var job = Fixtures.job(isIdempotent: Bool.random(using: &random))
        var now = Fixtures.time
        for _ in 0..<60 {
            now = now.advanced(bySeconds: Int.random(in: 0...100, using: &random))
            let event = Self.events[Int.random(in: 0..<Self.events.count, using: &random)].event
            guard let transition = try? job.applying(event.forAttempt(job.attempt.id.number), at: now) else {
                continue
            }
            guard case .changed(let next) = transition else { continue }
            #expect(!job.state.isFinal, "seed \(seed): a final job changed by \(event.name)")
            #expect(next.attempt.id.number >= job.attempt.id.number)
            #expect(next.attempt.id.number <= next.terms.retry.maxAttempts)
            #expect(next.interruptions <= RetryPolicy.lastInterruption)
            #expect(next.state.isFinal == (next.finishedAt != nil))
            #expect((next.state == .waiting) == (next.retryAt != nil))
            #expect(
                next.reason.map { $0.state == next.state }
                    ?? (!next.state.isFinal || next.state == .succeeded))
            if next.state == .cancelled, next.reason == .beforeStart { #expect(next.attempt.beganAt == nil) }
            if next.state == .refused { #expect(next.attempt.beganAt == nil) }
            job = next
        }
    }
}

extension JobEvent {
    fileprivate func forAttempt(_ number: Int) -> JobEvent {
        switch self {
        case .claimed: .claimed(attempt: number)
        case .began(_, let moment): .began(attempt: number, at: moment)
        case .finished(_, let result): .finished(attempt: number, result)
        case .refused(_, let refusal): .refused(attempt: number, refusal)
        case .withdrawn: .withdrawn(attempt: number)
        case .cancelRequested, .abandoned, .revoked, .retryDue: self
        }
    }
}

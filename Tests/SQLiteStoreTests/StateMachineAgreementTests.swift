import GRDB
import JobKit
import TestSupport
import Testing

@testable import SQLiteStore

/// The schema spells the state machine out; these tests hold it to the Swift that decides.
@Suite("Schema and state machine") struct StateMachineAgreementTests {
    let folder: TemporaryDirectory
    let database: StoreDatabase

    init() throws {
        folder = try TemporaryDirectory()
        database = try StoreDatabase(path: folder.path("panel.sqlite"))
    }

    @Test("allows the steps between states that events lead to, and no other")
    func agreesOnSteps() throws {
        let machine = Self.reachableSteps()
        #expect(machine.count > 10)
        var schema: Set<Step> = []
        for from in JobState.allCases where !from.isFinal {
            for to in JobState.allCases {
                if try allows(Step(from: from, to: to)) { schema.insert(Step(from: from, to: to)) }
            }
        }
        #expect(schema.subtracting(machine) == [], "allowed by the schema alone")
        #expect(machine.subtracting(schema) == [], "refused by the schema")
    }

    @Test("allows every reason with its state, and with no other", arguments: JobReason.allCases)
    func agreesOnReasons(_ reason: JobReason) throws {
        for state in JobState.allCases where state.isFinal {
            let isAllowed = try change(
                "state = ?, reason = ?, finishedAt = 1, sealed = '{}', exitCode = 0",
                [state.rawValue, reason.rawValue])
            #expect(isAllowed == (state == reason.state), "\(state)")
        }
    }

    // MARK: - The machine

    struct Step: Hashable, CustomStringConvertible {
        let from: JobState
        let to: JobState
        var description: String { "\(from.rawValue) → \(to.rawValue)" }
    }

    /// What every event makes of every record that events can make.
    private static func reachableSteps() -> Set<Step> {
        var steps: Set<Step> = []
        var seen: Set<JobRecord> = []
        var open = [JobRecord.sample(1, isIdempotent: true), .sample(1, isIdempotent: false)]
        while let record = open.popLast() {
            guard seen.insert(record).inserted else { continue }
            for event in events(attempt: record.attempt.id.number) {
                guard case .changed(let next)? = try? record.applying(event, at: record.createdAt) else {
                    continue
                }
                steps.insert(Step(from: record.state, to: next.state))
                open.append(next)
            }
        }
        return steps
    }

    private static func events(attempt: Int) -> [JobEvent] {
        let endings: [AttemptResult.Ending] = [
            .exited(code: 0), .exited(code: 2), .unhealthy, .signalled(number: 9), .timedOut, .cancelled,
            .interrupted(.runnerDied),
        ]
        return [
            .claimed(attempt: attempt), .began(attempt: attempt, at: JobRecord.sampleStart),
            .refused(attempt: attempt, Refusal(.policy, "no")), .withdrawn(attempt: attempt),
            .cancelRequested,
            .abandoned("given up"), .revoked, .retryDue,
        ] + endings.map { .finished(attempt: attempt, .sample($0)) }
    }

    // MARK: - The schema

    /// Whether a job may go from one state to the other, with everything else as the new state wants it.
    private func allows(_ step: Step) throws -> Bool {
        let reason = JobReason.allCases.first { $0.state == step.to }
        return try change(
            """
            state = ?, reason = ?, finishedAt = iif(?, 1, NULL), retryAt = iif(?, 1, NULL), sealed = '{}',
            exitCode = iif(?, 0, NULL), attempt = iif(?, 2, 1)
            """,
            [
                step.to.rawValue, reason?.rawValue, step.to.isFinal, step.to == .waiting,
                step.to == .succeeded,
                step.from == .waiting && step.to == .queued,
            ], from: step.from)
    }

    /// Whether the schema lets a job be changed so; nothing remains of it.
    private func change(_ assignments: String, _ values: Values, from state: JobState = .running) throws
        -> Bool
    {
        var isAllowed = true
        try database.pool.writeWithoutTransaction { connection in
            try connection.inTransaction {
                let job = JobRecord.sample()
                let progress = JobRecord.Progress(
                    state: state, reason: nil, detail: nil, exitCode: nil, beganAt: nil, finishedAt: nil,
                    cancelRequestedAt: nil, retryAt: state == .waiting ? job.createdAt : nil, interruptions: 0
                )
                try StoreSession(connection).insert(job.restored(progress, attempt: job.attempt))
                do {
                    try connection.execute(
                        sql: "UPDATE job SET \(assignments)", arguments: StatementArguments(values))
                } catch DatabaseError.SQLITE_CONSTRAINT {
                    isAllowed = false
                }
                return .rollback
            }
        }
        return isAllowed
    }
}

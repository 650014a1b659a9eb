import GRDB
import JobKit
import TestSupport

@testable import SQLiteStore

/// A row of every table, and what must not be done to it.
enum SchemaSample {
    struct Refusal: Sendable, CustomStringConvertible {
        let rule: String
        let sql: String

        init(_ rule: String, _ sql: String) {
            self.rule = rule
            self.sql = sql
        }

        var description: String { "\(rule): \(sql)" }
    }

    /// Job 1 is queued, 2 runs, 3 waits, 4 is final; 5 is running with its claim alone.
    static func insert(into session: StoreSession) throws {
        for number in 1...5 {
            try session.insert(
                .sample(
                    number, retained: number == 4 ? ["password"] : [],
                    request: number == 1 ? RequestStamp(key: "k", digest: "d") : nil))
        }
        let agent = AgentRecord(
            id: .sample("agent-001"), firstSeenAt: JobRecord.sampleStart, session: "s", facts: [:])
        try session.save(agent)
        for number in 2...3 { try step(number, .claimed(attempt: 1), session) }
        try step(5, .claimed(attempt: 1), session)
        for number in 2...3 { try step(number, .began(attempt: 1, at: JobRecord.sampleStart), session) }
        try step(2, .cancelRequested, session)
        try step(3, .finished(attempt: 1, .sample(.exited(code: 2))), session)
        try step(4, .abandoned("given up"), session)
        try session.append(
            [LogRecord(number: 1, at: JobRecord.sampleStart, bytes: [1])], to: JobRecord.sample(2).attempt.id)
        try session.append(
            OutboxEntry(agent: agent.id, position: StreamPosition(epoch: 1, number: 1), envelope: [1]))
        for _ in 1...2 {
            try session.record(AuditDraft(at: JobRecord.sampleStart, actor: "ops", action: "a"))
        }
        _ = try session.next("c")
    }

    /// Leaves the CHECKs alone in charge.
    static func dropTriggers(_ connection: Database) throws {
        let names = try String.fetchAll(
            connection, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        for name in names { try connection.execute(sql: "DROP TRIGGER \(name)") }
    }

    private static func step(_ number: Int, _ event: JobEvent, _ session: StoreSession) throws {
        guard let job = try session.job(JobRecord.sample(number).id),
            case .changed(let next) = try job.applying(
                event, at: JobRecord.sampleStart.advanced(bySeconds: 60))
        else { throw JobRecord.UnexpectedLateness(event: event) }
        try session.update(next, from: job)
    }

    private static func job(_ number: Int, _ assignments: String) -> String {
        "UPDATE job SET \(assignments) WHERE id = '\(JobRecord.sample(number).id)'"
    }

    private static func attempt(_ number: Int, _ assignments: String) -> String {
        "UPDATE attempt SET \(assignments) WHERE job = '\(JobRecord.sample(number).id)'"
    }

    private static func final(_ state: String, _ rest: String) -> String {
        job(1, "state = '\(state)', finishedAt = 1, sealed = '{}', \(rest)")
    }

    /// A line made of the last one, in place of another where there is one of that number.
    private static func auditLine(_ number: Int, after previous: String) -> String {
        """
        REPLACE INTO audit SELECT \(number), at, actor, action, job, agent, detail, \(previous), digest \
        FROM audit WHERE number = 2
        """
    }

    static let checks = [
        Refusal("jobIDHas26Characters", job(1, "id = 'short'")),
        Refusal("objectsAreJSON", job(1, "inputs = '{'")),
        Refusal("objectsAreJSON", job(1, "sealed = ''")),
        Refusal("objectsAreJSON", job(1, "exitCodes = ''")),
        Refusal("objectsAreJSON", job(1, "retry = ''")),
        Refusal("interruptionsAreAttempts", job(1, "interruptions = 2")),
        Refusal("interruptionsAreAttempts", job(1, "interruptions = -1")),
        Refusal("booleansAre0Or1", job(1, "isIdempotent = 2")),
        Refusal("booleansAre0Or1", job(1, "isRecoveredFromAgent = 2")),
        Refusal("requestIsWhole", job(1, "requestDigest = NULL")),
        Refusal("requestIsWhole", job(2, "requestDigest = 'd'")),
        Refusal("attemptsCountFrom1", job(1, "attempt = 0")),
        Refusal("stateIsKnown", job(1, "state = 'sleeping'")),
        Refusal("finalHasItsTime", job(1, "finishedAt = 1, sealed = '{}'")),
        Refusal("finalHasItsTime", job(1, "state = 'succeeded', exitCode = 0")),
        Refusal("reasonFitsState", final("failed", "reason = NULL")),
        Refusal("reasonFitsState", final("failed", "reason = 'weather'")),
        Refusal("reasonFitsState", final("cancelled", "reason = NULL")),
        Refusal("reasonFitsState", final("refused", "reason = NULL")),
        Refusal("reasonFitsState", final("succeeded", "reason = 'exit', exitCode = 0")),
        Refusal("reasonFitsState", job(1, "reason = 'exit'")),
        Refusal("succeededWithCode0", final("succeeded", "exitCode = 1")),
        Refusal("succeededWithCode0", final("succeeded", "exitCode = NULL")),
        Refusal("exitCodeIsAByte", job(2, "exitCode = 256")),
        Refusal("exitCodeIsAByte", job(2, "exitCode = -1")),
        Refusal("waitingHasItsTime", job(1, "retryAt = 1")),
        Refusal("waitingHasItsTime", job(3, "retryAt = NULL")),
        Refusal("finalKeepsRetainedAlone", job(1, "state = 'failed', finishedAt = 1, reason = 'exit'")),

        Refusal(
            "totalHasTheRecord", "INSERT INTO logRecord SELECT job, attempt, 2, at, bytes, 0 FROM logRecord"),
        Refusal("attemptsCountFrom1", attempt(1, "number = 0")),
        Refusal("phaseIsKnown", attempt(5, "phase = 'later'")),
        Refusal("phaseHasItsTimes", attempt(1, "claimedAt = 1")),
        Refusal("phaseHasItsTimes", attempt(1, "phase = 'claimed'")),
        Refusal("phaseHasItsTimes", attempt(5, "beganAt = 1")),
        Refusal("phaseHasItsTimes", attempt(5, "phase = 'began'")),
        Refusal("phaseHasItsTimes", attempt(4, "beganAt = 1")),
        Refusal("endedHasItsTime", attempt(1, "endedAt = 1")),
        Refusal("endedHasItsTime", attempt(4, "endedAt = NULL")),
        Refusal("endingIsKnown", attempt(3, "ending = 'exploded', code = NULL")),
        Refusal("endingNeedsAStart", attempt(2, "ending = 'timed_out'")),
        Refusal("endingNeedsAStart", attempt(4, "ending = 'timed_out'")),
        Refusal("endingNeedsAStart", attempt(4, "ending = 'interrupted', cause = 'runner_died'")),
        Refusal("endingHasItsValue", attempt(3, "code = NULL")),
        Refusal("endingHasItsValue", attempt(3, "signal = 9")),
        Refusal("endingHasItsValue", attempt(3, "ending = 'interrupted', code = NULL")),
        Refusal("endingHasItsValue", attempt(3, "ending = 'timed_out'")),
        Refusal("endingValueIsKnown", attempt(3, "code = 256")),
        Refusal("endingValueIsKnown", attempt(3, "ending = 'signalled', code = NULL, signal = 128")),
        Refusal("endingValueIsKnown", attempt(3, "ending = 'interrupted', code = NULL, cause = 'weather'")),
        Refusal("resultIsWhole", attempt(3, "scriptEndedAt = NULL")),
        Refusal("resultIsWhole", attempt(3, "leftovers = NULL")),
        Refusal("resultIsWhole", attempt(3, "survivors = NULL")),
        Refusal("resultIsWhole", attempt(3, "outOfMemory = NULL")),
        Refusal("resultIsWhole", attempt(2, "durationMilliseconds = 1")),
        Refusal("outOfMemoryIsBoolean", attempt(3, "outOfMemory = 2")),
        Refusal("logIsWhole", attempt(3, "logBytes = NULL")),
        Refusal("logIsWhole", attempt(3, "logCutBytes = NULL")),
        Refusal("logIsWhole", attempt(3, "logDigest = NULL")),

        Refusal("epochsCountFrom1", "UPDATE agent SET epoch = 0"),
        Refusal("numbersCountFrom0", "UPDATE agent SET lastSent = -1"),
        Refusal("numbersCountFrom0", "UPDATE agent SET received = -1"),
        Refusal("numbersCountFrom0", "UPDATE agent SET cursor = -1"),
        Refusal("noteNeedsAPause", "UPDATE agent SET pauseNote = 'x'"),
        Refusal("keysCountFrom1", "UPDATE agent SET keyGeneration = 0"),
        Refusal("factsAreJSON", "UPDATE agent SET facts = ''"),
        Refusal("positionsCountFrom1", "UPDATE outbox SET number = 0"),
        Refusal("positionsCountFrom1", "UPDATE outbox SET epoch = 0"),
        Refusal("detailIsJSON", "UPDATE audit SET detail = ''"),
        Refusal("digestsHave64Characters", "UPDATE audit SET digest = ''"),
        Refusal("digestsHave64Characters", "UPDATE audit SET previous = ''"),
        Refusal("countersCountFrom1", "UPDATE counter SET value = 0"),
    ]

    static let triggers = [
        Refusal("finalJobNeverChanges", job(4, "detail = 'x'")),
        Refusal("finalJobNeverChanges", job(4, "finishedAt = 2")),
        Refusal("finalJobNeverChanges", job(4, "sealed = '{}', interruptions = 1")),
        Refusal("finalJobOnlyForgets", job(4, "sealed = '{\"a\":\"b\"}'")),
        Refusal("jobIsNeverDeleted", "DELETE FROM job"),
        Refusal("acceptedNeverChanges", job(1, "agent = 'agent-002'")),
        Refusal("acceptedNeverChanges", job(1, "inputs = '{}'")),
        Refusal("acceptedNeverChanges", job(1, "exitCodes = '{}'")),
        Refusal("acceptedNeverChanges", job(1, "retry = '{}'")),
        Refusal("acceptedNeverChanges", job(1, "retained = 'password'")),
        Refusal("acceptedNeverChanges", job(1, "requestKey = 'x'")),
        Refusal("acceptedNeverChanges", job(1, "requestDigest = 'x'")),
        Refusal("acceptedNeverChanges", job(1, "rerunOf = id")),
        Refusal("acceptedNeverChanges", job(1, "expiresAt = expiresAt + 1")),
        Refusal("stateMovesAlongTheDiagram", final("succeeded", "exitCode = 0")),
        Refusal("stateMovesAlongTheDiagram", job(2, "state = 'queued'")),
        Refusal("attemptRisesByRetryAlone", job(1, "attempt = 2")),
        Refusal("attemptRisesByRetryAlone", job(3, "state = 'queued', retryAt = NULL")),
        Refusal("cancelIsAskedOnce", job(2, "cancelRequestedAt = NULL")),
        Refusal("cancelIsAskedOnce", job(2, "cancelRequestedAt = 1")),
        Refusal("attemptMovesForward", attempt(2, "phase = 'claimed'")),
        Refusal("attemptMovesForward", attempt(5, "phase = 'offered'")),
        Refusal("attemptMovesForward", attempt(3, "survivors = 0")),
        Refusal("attemptTimesStay", attempt(2, "claimedAt = 1")),
        Refusal("attemptTimesStay", attempt(2, "beganAt = 1")),
        Refusal("attemptTimesStay", attempt(1, "offeredAt = 1")),
        Refusal("attemptTimesStay", attempt(1, "number = 2")),
        Refusal("attemptIsNeverDeleted", "DELETE FROM attempt"),
        Refusal(
            "logHasNoGap", "INSERT INTO logRecord SELECT job, attempt, 3, at, bytes, total FROM logRecord"),
        Refusal(
            "logHasNoGap", "REPLACE INTO logRecord SELECT job, attempt, 1, at, x'00', total FROM logRecord"),
        Refusal("logNeverChanges", "UPDATE logRecord SET bytes = x'00'"),
        Refusal("auditHasNoGap", auditLine(4, after: "digest")),
        Refusal("auditHasNoGap", auditLine(1, after: "digest")),
        Refusal("auditIsAChain", auditLine(3, after: "previous")),
        Refusal("auditNeverChanges", "UPDATE audit SET actor = 'nobody' WHERE number = 1"),
        Refusal("auditIsNeverDeleted", "DELETE FROM audit WHERE number = 2"),
    ]

    static let others = [
        Refusal(
            "FOREIGN KEY", "INSERT INTO logRecord SELECT job, 2, number, at, bytes, total FROM logRecord"),
        Refusal(
            "FOREIGN KEY", "UPDATE attempt SET job = '00000000000000000000000000' WHERE phase = 'offered'"),
        Refusal("UNIQUE", "INSERT INTO outbox SELECT * FROM outbox"),
        Refusal("UNIQUE", job(2, "requestKey = 'k', requestDigest = 'd'")),
        Refusal("cannot store TEXT value in INTEGER column job.revision", job(1, "revision = 'three'")),
        Refusal("NOT NULL", job(1, "actor = NULL")),
    ]
}

import JobKit
import ManifestKit

/// A job in its table.
enum JobRow {
    static let accepted = Columns(
        "id", "agent", "application", "revision", "contentDigest", "script", "action", "inputs", "actor",
        "createdAt", "expiresAt", "timeoutSeconds", "graceSeconds", "isIdempotent", "retry", "exitCodes",
        "retained", "requestKey", "requestDigest", "rerunOf", "isRecoveredFromAgent")
    static let progress = Columns(
        "attempt", "sealed", "state", "reason", "detail", "exitCode", "beganAt", "finishedAt",
        "cancelRequestedAt", "retryAt", "interruptions")

    static func acceptedValues(_ job: JobRecord) -> Values {
        [
            job.id.description, job.agent.description, job.application.id, job.application.revision,
            job.application.contentDigest, job.application.script, job.action, job.inputs.canonicalJSON,
            job.actor, job.createdAt.milliseconds, job.expiresAt.milliseconds, job.terms.timeoutSeconds,
            job.terms.graceSeconds, job.terms.isIdempotent, RetryColumn.text(job.terms.retry),
            ExitCodeColumn.text(job.terms.exitCodes), job.terms.retained.sorted().joined(separator: ","),
            job.request?.key, job.request?.digest, job.rerunOf?.description, job.isRecoveredFromAgent,
        ]
    }

    static func progressValues(_ job: JobRecord) -> Values {
        [
            job.attempt.id.number, job.sealed.mapValues(\.text).canonicalJSON, job.state.rawValue,
            job.reason?.rawValue, job.detail, job.exitCode, job.beganAt?.milliseconds,
            job.finishedAt?.milliseconds, job.cancelRequestedAt?.milliseconds, job.retryAt?.milliseconds,
            job.interruptions,
        ]
    }

    /// Jobs, each with its current attempt, in the order that ``read(_:)`` wants.
    static let selection = """
        SELECT \((accepted + progress).list(of: "job")), \(AttemptRow.columns.list(of: "attempt")) \
        FROM job JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempt
        """

    static func read(_ row: inout RowReader) throws(StoreError) -> JobRecord {
        let id = try row.parsed(JobID.init(_:))
        let agent = try row.parsed(AgentID.init(_:))
        let application = ApplicationStamp(
            id: try row.text(), revision: try row.integer(), contentDigest: try row.text(),
            script: try row.text())
        let action = try row.text()
        let inputs = try row.members(\.string)
        let actor = try row.text()
        let createdAt = try row.time()
        let expiresAt = try row.time()
        let terms = JobTerms(
            timeoutSeconds: try row.integer(), graceSeconds: try row.integer(),
            isIdempotent: try row.boolean(), retry: try RetryColumn.read(&row),
            exitCodes: try ExitCodeColumn.read(&row),
            retained: Set(try row.text().split(separator: ",").map { String($0) }))
        let key = try row.optionalText()
        let digest = try row.optionalText()
        let rerunOf = try row.optionalParsed(JobID.init(_:))
        let isRecovered = try row.boolean()
        _ = try row.integer()  // the current attempt's number, which its own row has too
        let sealed = try row.members { $0.string.flatMap(SealedInput.init(text:)) }
        let progress = JobRecord.Progress(
            state: try row.parsed(JobState.init), reason: try row.optionalParsed(JobReason.init),
            detail: try row.optionalText(), exitCode: try row.optionalInteger(),
            beganAt: try row.optionalTime(), finishedAt: try row.optionalTime(),
            cancelRequestedAt: try row.optionalTime(), retryAt: try row.optionalTime(),
            interruptions: try row.integer())
        return JobRecord(
            id: id, agent: agent, application: application, action: action, inputs: inputs, sealed: sealed,
            actor: actor, createdAt: createdAt, expiresAt: expiresAt, terms: terms,
            request: key.flatMap { key in digest.map { RequestStamp(key: key, digest: $0) } },
            rerunOf: rerunOf, isRecoveredFromAgent: isRecovered
        ).restored(progress, attempt: try AttemptRow.read(&row))
    }
}

import FoundationEssentials
import GRDB
import JobKit

extension StoreSession: StoreWriter {
    private static let jobColumns = JobRow.accepted + JobRow.progress
    private static let insertJob = """
        INSERT INTO job (\(jobColumns.list)) VALUES (\(jobColumns.placeholders)) ON CONFLICT DO NOTHING
        """
    private static let updateJob = """
        UPDATE job SET \(JobRow.progress.assignments) \
        WHERE id = ? AND state = ? AND attempt = ? AND cancelRequestedAt IS ? AND finishedAt IS NULL \
        AND (SELECT phase FROM attempt WHERE job = job.id AND number = job.attempt) = ?
        """
    private static let saveAttempt = """
        INSERT INTO attempt (\(AttemptRow.columns.list)) VALUES (\(AttemptRow.columns.placeholders)) \
        ON CONFLICT DO UPDATE SET \(AttemptRow.progress.replacements)
        """
    private static let saveAgent = """
        INSERT INTO agent (\(AgentRow.columns.list)) VALUES (\(AgentRow.columns.placeholders)) \
        ON CONFLICT DO UPDATE SET \(AgentRow.progress.replacements)
        """

    func insert(_ job: JobRecord) throws {
        try database.run(Self.insertJob, JobRow.acceptedValues(job) + JobRow.progressValues(job))
        guard database.changesCount == 1 else { throw StoreConflict(job: job.id) }
        try database.run(Self.saveAttempt, AttemptRow.values(job.attempt))
    }

    func update(_ job: JobRecord, from previous: JobRecord) throws {
        try database.run(
            Self.updateJob,
            JobRow.progressValues(job) + [
                job.id.description, previous.state.rawValue, previous.attempt.id.number,
                previous.cancelRequestedAt?.milliseconds, previous.attempt.phase.rawValue,
            ])
        guard database.changesCount == 1 else { throw StoreConflict(job: job.id) }
        if job.attempt != previous.attempt {
            try database.run(Self.saveAttempt, AttemptRow.values(job.attempt))
        }
    }

    static let dropSealed = """
        UPDATE job SET sealed = '{}' \
        WHERE agent = ? AND application = ? AND sealed <> '{}' AND finishedAt IS NOT NULL AND id <> ?
        """

    func dropSealed(application: String, on agent: AgentID, except job: JobID) throws {
        try database.run(Self.dropSealed, [agent.description, application, job.description])
    }

    func append(_ records: [LogRecord], to attempt: AttemptID) throws {
        let extent = try logExtent(of: attempt)
        guard try attempts(of: attempt.job).contains(where: { $0.id == attempt }),
            records.enumerated().allSatisfy({ $0.element.number == extent.records + 1 + $0.offset })
        else { throw StoreConflict(job: attempt.job) }
        var total = extent.bytes
        for record in records {
            total += record.bytes.count
            try database.run(
                "INSERT INTO logRecord (job, attempt, number, at, bytes, total) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    attempt.job.description, attempt.number, record.number, record.at.milliseconds,
                    Data(record.bytes), total,
                ])
        }
    }

    func save(_ agent: AgentRecord) throws { try database.run(Self.saveAgent, AgentRow.values(agent)) }

    func append(_ entry: OutboxEntry) throws {
        try database.run(
            "INSERT INTO outbox (agent, number, epoch, envelope) VALUES (?, ?, ?, ?)",
            [entry.agent.description, entry.position.number, entry.position.epoch, Data(entry.envelope)])
    }

    func removeOutbox(of agent: AgentID, through number: Int) throws {
        try database.run("DELETE FROM outbox WHERE agent = ? AND number <= ?", [agent.description, number])
    }

    func record(_ draft: AuditDraft) throws {
        let last = try database.row("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1", []) {
            row throws(StoreError) in (number: try row.integer(), digest: try row.text())
        }
        try database.run(
            "INSERT INTO audit (\(AuditRow.columns.list)) VALUES (\(AuditRow.columns.placeholders))",
            AuditRow.values(AuditEntry(draft, after: last)))
    }

    func noteRestoration(at moment: Timestamp) throws {
        try database.run(
            "INSERT INTO counter (name, value) VALUES ('restoredAt', ?) "
                + "ON CONFLICT DO UPDATE SET value = excluded.value", [moment.milliseconds])
    }

    func next(_ counter: String, atLeast floor: Int) throws -> Int {
        try database.row(
            """
            INSERT INTO counter (name, value) VALUES (?, ?) \
            ON CONFLICT DO UPDATE SET value = max(value + 1, excluded.value) RETURNING value
            """, [counter, floor]
        ) { row throws(StoreError) in try row.integer() } ?? floor
    }
}

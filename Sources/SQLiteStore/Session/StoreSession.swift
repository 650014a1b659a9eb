import GRDB
import JobKit

/// The record as one transaction sees it.
struct StoreSession: StoreReader {
    let database: Database

    init(_ database: Database) { self.database = database }

    func job(_ id: JobID) throws -> JobRecord? {
        try database.row("\(JobRow.selection) WHERE job.id = ?", [id.description], JobRow.read)
    }

    func jobs(_ query: JobQuery) throws -> [JobRecord] {
        let (sql, values) = Self.select(query)
        return try database.rows(sql, values, JobRow.read)
    }

    static func select(_ query: JobQuery) -> (sql: String, values: Values) {
        let filters: [(condition: String, value: String?)] = [
            ("job.agent = ?", query.agent?.description), ("job.application = ?", query.application),
            ("job.state = ?", query.state?.rawValue), ("job.id < ?", query.before?.description),
        ]
        let given = filters.filter { $0.value != nil }
        let condition = given.isEmpty ? "" : " WHERE " + given.map(\.condition).joined(separator: " AND ")
        let sql = "\(JobRow.selection)\(condition) ORDER BY job.id DESC LIMIT ?"
        return (sql, given.map(\.value) + [max(0, query.limit)])
    }

    func attempts(of job: JobID) throws -> [AttemptRecord] {
        try database.rows(
            "SELECT \(AttemptRow.columns.list) FROM attempt WHERE job = ? ORDER BY number", [job.description],
            AttemptRow.read)
    }

    /// With the plus, SQLite sorts the few that are due instead of walking all jobs by their names.
    static let selectDue = "\(JobRow.selection) WHERE job.retryAt <= ? OR job.retryAt > ? ORDER BY +job.id"

    func jobsDue(by moment: Timestamp) throws -> [JobRecord] {
        let last = RetryPolicy.lastDue(from: moment)
        return try database.rows(Self.selectDue, [moment.milliseconds, last.milliseconds], JobRow.read)
    }

    /// Jobs that somebody wanted called off, or gave up.
    func jobsCalledOff() throws -> [JobRecord] {
        try database.rows(
            "\(JobRow.selection) WHERE job.cancelRequestedAt IS NOT NULL OR job.reason = ?",
            [JobReason.abandoned.rawValue], JobRow.read)
    }

    static let countOpen = "SELECT count(*) FROM job WHERE agent = ? AND finishedAt IS NULL"

    func openJobs(of agent: AgentID) throws -> Int {
        try database.row(Self.countOpen, [agent.description]) { row throws(StoreError) in
            try row.integer()
        } ?? 0
    }

    static let countAhead = """
        SELECT count(*) FROM job JOIN attempt ON attempt.job = job.id AND attempt.number = job.attempt \
        WHERE job.agent = ? AND job.finishedAt IS NULL AND job.state = 'queued' \
        AND (attempt.offeredAt, job.id) < (?, ?)
        """

    func jobsAhead(of job: JobRecord) throws -> Int {
        try database.row(
            Self.countAhead,
            [job.agent.description, job.attempt.offeredAt.milliseconds, job.id.description]
        ) { row throws(StoreError) in try row.integer() } ?? 0
    }

    func log(of attempt: AttemptID, afterRecord record: Int, limit: Int, bytes: Int) throws -> [LogRecord] {
        var rest = bytes
        return try database.rows(
            """
            SELECT number, at, bytes FROM logRecord \
            WHERE job = ? AND attempt = ? AND number > ? ORDER BY number LIMIT ?
            """,
            [attempt.job.description, attempt.number, record, max(0, limit)],
            while: { record in
                rest -= min(rest, record.bytes.count)
                return rest > 0
            }
        ) { row throws(StoreError) in
            LogRecord(number: try row.integer(), at: try row.time(), bytes: try row.bytes())
        }
    }

    func logExtent(of attempt: AttemptID) throws -> LogExtent {
        try database.row(
            "SELECT number, total FROM logRecord WHERE job = ? AND attempt = ? ORDER BY number DESC LIMIT 1",
            [attempt.job.description, attempt.number]
        ) { row throws(StoreError) in
            LogExtent(records: try row.integer(), bytes: try row.integer())
        } ?? LogExtent()
    }

    func agent(_ id: AgentID) throws -> AgentRecord? {
        try database.row(
            "SELECT \(AgentRow.columns.list) FROM agent WHERE id = ?", [id.description], AgentRow.read)
    }

    func agents() throws -> [AgentRecord] {
        try database.rows("SELECT \(AgentRow.columns.list) FROM agent ORDER BY id", [], AgentRow.read)
    }

    func outbox(of agent: AgentID, after number: Int, limit: Int) throws -> [OutboxEntry] {
        try database.rows(
            "SELECT epoch, number, envelope FROM outbox WHERE agent = ? AND number > ? ORDER BY number LIMIT ?",
            [agent.description, number, max(0, limit)]
        ) { row throws(StoreError) in
            let position = StreamPosition(epoch: try row.integer(), number: try row.integer())
            return OutboxEntry(agent: agent, position: position, envelope: try row.bytes())
        }
    }

    static let selectRequested =
        "\(JobRow.selection) WHERE job.actor = ? AND job.requestKey = ? "
        + "ORDER BY job.isRecoveredFromAgent DESC, job.id LIMIT 1"

    func job(of actor: String, under key: String) throws -> JobRecord? {
        try database.row(Self.selectRequested, [actor, key], JobRow.read)
    }

    func restoredAt() throws -> Timestamp? {
        try database.row("SELECT value FROM counter WHERE name = 'restoredAt'", []) {
            row throws(StoreError) in try row.time()
        }
    }

    func audit(after number: Int, limit: Int) throws -> [AuditEntry] {
        try database.rows(
            "SELECT \(AuditRow.columns.list) FROM audit WHERE number > ? ORDER BY number LIMIT ?",
            [number, max(0, limit)], AuditRow.read)
    }
}

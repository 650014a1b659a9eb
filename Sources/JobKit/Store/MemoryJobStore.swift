import Synchronization

/// A store in memory, for tests, demonstrations and the simulator.
///
/// Passes the same suite as the one on disk; forgets everything with the process.
public final class MemoryJobStore: JobStore {
    private let state: Mutex<MemoryStoreState>

    /// An empty store.
    public init() { state = Mutex(MemoryStoreState()) }

    /// A store with what another one holds now, as a backup has it.
    package init(copying other: MemoryJobStore) { state = Mutex(other.state.withLock { $0.copy() }) }

    /// Runs `body` on a consistent view.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Value
    ) async throws -> Value {
        try body(state.withLock { $0.copy() })
    }

    /// Runs `body` in a transaction; nothing of it remains where it throws.
    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Value
    ) async throws -> Value {
        try state.withLock { state in
            let draft = state.copy()
            let value = try body(draft)
            state = draft
            return value
        }
    }
}

/// The tables; a class, so that a transaction's body can write through the protocol.
private final class MemoryStoreState: StoreWriter {
    private var jobs: [JobID: JobRecord] = [:]
    private var attempts: [JobID: [Int: AttemptRecord]] = [:]
    private var logs: [AttemptID: [LogRecord]] = [:]
    private var agentRecords: [AgentID: AgentRecord] = [:]
    private var outbox: [AgentID: [OutboxEntry]] = [:]
    /// By actor and idempotency key.
    private var requests: [[String]: [JobID]] = [:]
    private var trail: [AuditEntry] = []
    private var counters: [String: Int] = [:]

    func copy() -> sending MemoryStoreState {
        let copy = MemoryStoreState()
        copy.jobs = jobs
        copy.attempts = attempts
        copy.logs = logs
        copy.agentRecords = agentRecords
        copy.outbox = outbox
        copy.requests = requests
        copy.trail = trail
        copy.counters = counters
        return copy
    }

    func job(_ id: JobID) -> JobRecord? { jobs[id] }

    func jobs(_ query: JobQuery) -> [JobRecord] {
        let fitting = jobs.values.filter { job in
            (query.agent.map { $0 == job.agent } ?? true)
                && (query.application.map { $0 == job.application.id } ?? true)
                && (query.state.map { $0 == job.state } ?? true)
                && (query.before.map { job.id.description < $0.description } ?? true)
        }
        return Array(fitting.sorted { $0.id.description > $1.id.description }.prefix(query.limit))
    }

    func attempts(of job: JobID) -> [AttemptRecord] {
        (attempts[job] ?? [:]).values.sorted { $0.id.number < $1.id.number }
    }

    func jobsDue(by moment: Timestamp) -> [JobRecord] {
        let last = RetryPolicy.lastDue(from: moment)
        return jobs.values.filter { $0.retryAt.map { $0 <= moment || $0 > last } ?? false }
            .sorted { $0.id.description < $1.id.description }
    }

    func openJobs(of agent: AgentID) -> Int {
        jobs.values.count { $0.agent == agent && !$0.state.isFinal }
    }

    func jobsAhead(of job: JobRecord) -> Int {
        let place = (job.attempt.offeredAt, job.id.description)
        return jobs.values.count { other in
            other.agent == job.agent && other.state == .queued
                && (other.attempt.offeredAt, other.id.description) < place
        }
    }

    func log(of attempt: AttemptID, afterRecord record: Int, limit: Int, bytes: Int) -> [LogRecord] {
        var rest = bytes
        return (logs[attempt] ?? []).drop { $0.number <= record }.prefix(limit).prefix { record in
            defer { rest -= min(rest, record.bytes.count) }
            return rest > 0
        }.map(\.self)
    }

    func logExtent(of attempt: AttemptID) -> LogExtent {
        let records = logs[attempt] ?? []
        return LogExtent(records: records.count, bytes: records.reduce(0) { $0 + $1.bytes.count })
    }

    func agent(_ id: AgentID) -> AgentRecord? { agentRecords[id] }

    func agents() -> [AgentRecord] { agentRecords.values.sorted { $0.id.description < $1.id.description } }

    func outbox(of agent: AgentID, after number: Int, limit: Int) -> [OutboxEntry] {
        Array((outbox[agent] ?? []).drop { $0.position.number <= number }.prefix(limit))
    }

    func job(of actor: String, under key: String) -> JobRecord? {
        (requests[[actor, key]] ?? []).compactMap { jobs[$0] }.min { left, right in
            left.isRecoveredFromAgent == right.isRecoveredFromAgent
                ? left.id.description < right.id.description : left.isRecoveredFromAgent
        }
    }

    func restoredAt() -> Timestamp? {
        counters["restoredAt"].map { Timestamp(milliseconds: Int64($0)) }
    }

    func noteRestoration(at moment: Timestamp) { counters["restoredAt"] = Int(moment.milliseconds) }

    func audit(after number: Int, limit: Int) -> [AuditEntry] { Array(trail.dropFirst(number).prefix(limit)) }

    func insert(_ job: JobRecord) throws {
        let request = job.request.map { [job.actor, $0.key] }
        let others = request.flatMap { requests[$0] } ?? []
        let isTaken = others.contains { jobs[$0]?.isRecoveredFromAgent == false }
        guard jobs[job.id] == nil, !isTaken || job.isRecoveredFromAgent else {
            throw StoreConflict(job: job.id)
        }
        if let request { requests[request] = others + [job.id] }
        jobs[job.id] = job
        attempts[job.id] = [job.attempt.id.number: job.attempt]
    }

    func update(_ job: JobRecord, from previous: JobRecord) throws {
        guard let stored = jobs[job.id], stored.state == previous.state,
            stored.attempt.id == previous.attempt.id,
            stored.attempt.phase == previous.attempt.phase,
            stored.cancelRequestedAt == previous.cancelRequestedAt,
            !stored.state.isFinal
        else { throw StoreConflict(job: job.id) }
        jobs[job.id] = job
        attempts[job.id]?[job.attempt.id.number] = job.attempt
    }

    func dropSealed(application: String, on agent: AgentID, except job: JobID) {
        for (id, record) in jobs
        where record.agent == agent && record.application.id == application && record.state.isFinal
            && id != job
        {
            jobs[id]?.sealed = [:]
        }
    }

    func append(_ records: [LogRecord], to attempt: AttemptID) throws {
        let last = logs[attempt]?.count ?? 0
        guard attempts[attempt.job]?[attempt.number] != nil,
            records.enumerated().allSatisfy({ $0.element.number == last + 1 + $0.offset })
        else { throw StoreConflict(job: attempt.job) }
        logs[attempt, default: []] += records
    }

    func save(_ agent: AgentRecord) { agentRecords[agent.id] = agent }

    func append(_ entry: OutboxEntry) { outbox[entry.agent, default: []].append(entry) }

    func removeOutbox(of agent: AgentID, through number: Int) {
        outbox[agent]?.removeAll { $0.position.number <= number }
    }

    func record(_ draft: AuditDraft) {
        trail.append(AuditEntry(draft, after: trail.last.map { ($0.number, $0.digest) }))
    }

    func next(_ counter: String, atLeast floor: Int) -> Int {
        let value = max(counters[counter, default: 0] + 1, floor)
        counters[counter] = value
        return value
    }
}

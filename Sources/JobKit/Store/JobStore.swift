/// The panel's record: jobs, attempts, logs, what is still to be sent, agents, the audit trail.
///
/// Everything that belongs together is written in one transaction, which is on
/// the disk when ``write(_:)`` returns. Bodies are short, synchronous and may
/// be run again from the start; transactions follow one another.
public protocol JobStore: Sendable {
    /// Runs `body` on a consistent view.
    func read<Value: Sendable>(_ body: @escaping @Sendable (any StoreReader) throws -> Value) async throws
        -> Value

    /// Runs `body` in a transaction; nothing of it remains where it throws.
    func write<Value: Sendable>(_ body: @escaping @Sendable (any StoreWriter) throws -> Value) async throws
        -> Value
}

/// What can be asked of the record.
public protocol StoreReader {
    /// The job, or nil.
    func job(_ id: JobID) throws -> JobRecord?
    /// Jobs that fit, newest first.
    func jobs(_ query: JobQuery) throws -> [JobRecord]
    /// All attempts of a job, by number.
    func attempts(of job: JobID) throws -> [AttemptRecord]
    /// Waiting jobs whose next attempt is due by `moment`, or further ahead than any is put off.
    func jobsDue(by moment: Timestamp) throws -> [JobRecord]
    /// Log records of an attempt with numbers above `record`, in order, at most `limit`.
    ///
    /// None follow the one with which there are `bytes` or more together: so many are read at a time, whatever a script
    /// wrote.
    func log(of attempt: AttemptID, afterRecord record: Int, limit: Int, bytes: Int) throws -> [LogRecord]
    /// How much there is of an attempt's log.
    func logExtent(of attempt: AttemptID) throws -> LogExtent
    /// The agent, or nil.
    func agent(_ id: AgentID) throws -> AgentRecord?
    /// How many jobs of an agent are not final.
    func openJobs(of agent: AgentID) throws -> Int
    /// How many queued jobs of the same agent were offered before this one, the one that runs not among them.
    func jobsAhead(of job: JobRecord) throws -> Int
    /// Every agent, by name.
    func agents() throws -> [AgentRecord]
    /// Messages still to be covered by an agent's beat, with numbers above `number`, in order.
    func outbox(of agent: AgentID, after number: Int, limit: Int) throws -> [OutboxEntry]
    /// The job that this actor asked for under an idempotency key, or nil; keys of others do not count.
    ///
    /// Of several the first that an agent told of: that one ran.
    func job(of actor: String, under key: String) throws -> JobRecord?
    /// When this record was restored from a backup last, or nil.
    func restoredAt() throws -> Timestamp?
    /// Entries of the audit trail with numbers above `number`, in order.
    func audit(after number: Int, limit: Int) throws -> [AuditEntry]
}

extension StoreReader {
    /// Log records of an attempt with numbers above `record`, in order, at most `limit`.
    public func log(of attempt: AttemptID, afterRecord record: Int, limit: Int) throws -> [LogRecord] {
        try log(of: attempt, afterRecord: record, limit: limit, bytes: .max)
    }
}

/// What can be written in a transaction.
public protocol StoreWriter: StoreReader {
    /// Adds a job that was just accepted, and its first attempt.
    ///
    /// - Throws: ``StoreConflict`` where there is one of its name, or of its actor under the key of its request; but for
    ///   what agents tell of, which happened whatever this record knew.
    func insert(_ job: JobRecord) throws
    /// Replaces a job and its current attempt.
    ///
    /// - Throws: ``StoreConflict`` where the stored job is no longer in the state and
    ///   attempt of `previous`, or a cancel was asked for since.
    func update(_ job: JobRecord, from previous: JobRecord) throws
    /// Forgets the sealed inputs of an application's final jobs on a server, but for those of one job.
    func dropSealed(application: String, on agent: AgentID, except job: JobID) throws
    /// Adds records behind the attempt's last one.
    ///
    /// - Throws: ``StoreConflict`` where there is no such attempt or the numbers do not follow.
    func append(_ records: [LogRecord], to attempt: AttemptID) throws
    /// Adds or replaces an agent.
    func save(_ agent: AgentRecord) throws
    /// Adds a message to be sent.
    func append(_ entry: OutboxEntry) throws
    /// Removes messages up to and with that number.
    func removeOutbox(of agent: AgentID, through number: Int) throws
    /// Adds an entry to the audit trail, behind and chained to the last one.
    func record(_ draft: AuditDraft) throws
    /// Notes that this record was restored from a backup.
    func noteRestoration(at moment: Timestamp) throws
    /// Raises a named counter by one, and further where that is less than `floor`; returns it.
    func next(_ counter: String, atLeast floor: Int) throws -> Int
}

extension StoreWriter {
    /// Raises a named counter by one and returns it; 1 the first time.
    package func next(_ counter: String) throws -> Int { try next(counter, atLeast: 1) }
}

/// A compare-and-set found another record than the caller had read.
public struct StoreConflict: Error, Hashable, Sendable {
    /// The job in question.
    public let job: JobID

    /// A conflict over that job.
    public init(job: JobID) { self.job = job }
}

/// Which jobs are asked for.
public struct JobQuery: Hashable, Sendable {
    /// Only jobs for this server.
    public var agent: AgentID?
    /// Only jobs of this application.
    public var application: String?
    /// Only jobs in this state.
    public var state: JobState?
    /// Only jobs older than this one.
    public var before: JobID?
    /// How many at most.
    public var limit: Int

    /// A query; nil asks for everything.
    public init(
        agent: AgentID? = nil, application: String? = nil, state: JobState? = nil, before: JobID? = nil,
        limit: Int = 50
    ) {
        self.agent = agent
        self.application = application
        self.state = state
        self.before = before
        self.limit = limit
    }
}

/// A signed message that waits until its agent has it on disk.
public struct OutboxEntry: Hashable, Sendable {
    /// The agent it is for.
    public let agent: AgentID
    /// Its place in the agent's stream.
    public let position: StreamPosition
    /// The envelope's bytes.
    public let envelope: [UInt8]

    /// A message in its place.
    public init(agent: AgentID, position: StreamPosition, envelope: [UInt8]) {
        self.agent = agent
        self.position = position
        self.envelope = envelope
    }
}

/// How one attempt ended, as the server it ran on recorded it.
public struct AttemptResult: Hashable, Sendable {
    /// What ended the script.
    public enum Ending: Hashable, Sendable {
        /// It ended by itself with this code, of 0 with the application in good health.
        case exited(code: Int)
        /// It ended by itself with 0, and a health check of the application did not pass.
        case unhealthy
        /// A signal that we did not send killed it.
        case signalled(number: Int)
        /// Our timer ran out and we killed it.
        case timedOut
        /// A cancel order ended it.
        case cancelled
        /// Nobody saw its end.
        case interrupted(Interruption)
    }

    /// Why nobody saw an attempt's end.
    public enum Interruption: String, Hashable, Sendable, CaseIterable {
        /// The process that watches over the script died.
        case runnerDied = "runner_died"
        /// The server was restarted.
        case hostRestarted = "host_restarted"
        /// The attempt's folder is gone.
        case stateLost = "state_lost"
    }

    /// What the attempt's log holds.
    public struct Log: Hashable, Sendable {
        /// Number of records; their numbers run from 1 to this.
        public var records: Int
        /// Bytes of output in these records.
        public var bytes: Int
        /// Bytes left out between the first and last part where output was over its quota.
        public var cutBytes: Int
        /// SHA-256 over the records' bytes in order, 64 hexadecimal digits.
        public var digest: String

        /// A summary of a log.
        public init(records: Int, bytes: Int, cutBytes: Int, digest: String) {
            self.records = records
            self.bytes = bytes
            self.cutBytes = cutBytes
            self.digest = digest
        }
    }

    /// What ended the script.
    public var ending: Ending
    /// When the script was let go, by the server's wall clock; nil where it never was.
    public var beganAt: Timestamp?
    /// When its whole tree was gone, by the server's wall clock.
    public var endedAt: Timestamp
    /// Time between the two by the boot clock, in milliseconds; nil where nobody saw the end.
    public var durationMilliseconds: Int64?
    /// Processes of the script that were still there at its end and were ended.
    public var leftovers: Int
    /// Processes that could not be killed; anything but 0 needs a person.
    public var survivors: Int
    /// Whether the kernel killed for want of memory.
    public var outOfMemory: Bool
    /// The log; nil where it was lost.
    public var log: Log?

    /// A result as recorded.
    public init(
        ending: Ending, beganAt: Timestamp?, endedAt: Timestamp, durationMilliseconds: Int64? = nil,
        leftovers: Int = 0, survivors: Int = 0, outOfMemory: Bool = false, log: Log? = nil
    ) {
        self.ending = ending
        self.beganAt = beganAt
        self.endedAt = endedAt
        self.durationMilliseconds = durationMilliseconds
        self.leftovers = leftovers
        self.survivors = survivors
        self.outOfMemory = outOfMemory
        self.log = log
    }
}

extension AttemptResult {
    /// Nothing is left to tell how it ended.
    package static func stateLost(at now: Timestamp, survivors: Int = 0) -> AttemptResult {
        AttemptResult(
            ending: .interrupted(.stateLost), beganAt: nil, endedAt: now, survivors: survivors)
    }
}

/// A numbered piece of an attempt's output.
public struct LogRecord: Hashable, Sendable {
    /// 1 for the first record of the attempt; no number is left out.
    public let number: Int
    /// When it was read from the script, by the server's wall clock.
    public let at: Timestamp
    /// The output itself, secrets already masked; may end inside a character.
    public let bytes: [UInt8]

    /// A record as read.
    public init(number: Int, at: Timestamp, bytes: [UInt8]) {
        self.number = number
        self.at = at
        self.bytes = bytes
    }
}

/// How much there is of an attempt's log.
public struct LogExtent: Hashable, Sendable {
    /// Bytes of one attempt's log at most: more than an agent keeps of any output, marks included.
    static let maximumBytes = 17 << 20

    /// How many records, and so the number of the last one.
    public var records: Int
    /// Bytes in all of them.
    public var bytes: Int

    /// An extent; nothing where none is given.
    public init(records: Int = 0, bytes: Int = 0) {
        self.records = records
        self.bytes = bytes
    }
}

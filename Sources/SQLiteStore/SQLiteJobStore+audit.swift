import GRDB
import JobKit

extension SQLiteJobStore {
    /// What an audit trail proves of itself.
    public struct AuditVerdict: Hashable, Sendable {
        /// The lines that follow from one another, from the first one on.
        public let lines: Int
        /// The last one's digest; whoever has it from before finds it again in a trail that only grew.
        public let head: String
        /// The number of the first line that does not follow from the one before, or nil where all do.
        public let firstBreak: Int?
    }

    /// Follows the chain of the audit trail of a record, which may be in use, or a backup; blocks.
    ///
    /// Nothing is written. Lines that were cut off at the end leave no trace in those before: compare the heads.
    public static func auditVerdict(of path: String) throws(StoreError) -> AuditVerdict {
        var reading = StoreDatabase.configuration
        reading.readonly = true
        do {
            try StoreDatabase.check(path, mayBeNew: false)
            return try DatabaseQueue(path: path, configuration: reading).read {
                try Self.verdict(StoreSession($0))
            }
        } catch {
            throw StoreDatabase.explained(error, path)
        }
    }

    private static func verdict(_ store: StoreSession) throws -> AuditVerdict {
        var last: AuditEntry?
        while true {
            let lines = try store.audit(after: last?.number ?? 0, limit: 1000)
            if let number = AuditEntry.firstBreak(in: lines, after: last) {
                last = lines.last { $0.number < number } ?? last
                return AuditVerdict(
                    lines: last?.number ?? 0, head: last?.digest ?? AuditEntry.genesis, firstBreak: number)
            }
            guard let end = lines.last else {
                return AuditVerdict(
                    lines: last?.number ?? 0, head: last?.digest ?? AuditEntry.genesis, firstBreak: nil)
            }
            last = end
        }
    }
}

import GRDB
import Glibc
public import JobKit

extension SQLiteJobStore {
    /// What a restoration did.
    public struct Restoration: Sendable {
        /// Agents that will be asked what they did since.
        public let agents: Int
        /// Where the record is that was in the backup's place; nil where there was none.
        public let replaced: String?
        /// Whether what was revoked, paused, quarantined, called off and given up in that record is kept; it has to be
        /// readable.
        public let keepsDecisions: Bool
    }

    /// Puts a backup in the record's place and begins a new epoch with every agent; blocks.
    ///
    /// 1. Take the record's lock. 2. Copy the backup, its log included; nothing is written to it or beside it.
    /// 3. Check the copy. 4. Begin new epochs in it, keeping what people decided in the record that is there. 5. Set
    /// that record aside. 6. Put the copy in its place. Where it ends within the last two there is no record, and no panel
    /// starts; the next restoration knows from the finished copy, which has a name of its own, what was kept. All files are
    /// the folder's owner's, whoever runs this.
    ///
    /// - Parameters:
    ///   - backup: a copy of the record, made with SQLite's `.backup` or while no panel ran.
    ///   - path: the record's own place.
    ///   - moment: the time, which names the epoch.
    public static func restore(
        _ backup: String, to path: String, at moment: Timestamp
    ) throws(StoreError) -> Restoration {
        let lock = try StoreLock(path: path + ".lock")  // 1
        defer { lock.release() }
        let (draft, finished) = (path + ".restoring", path + ".restored")
        for own in [draft, finished] where StoreFile.isSame(backup, own) {
            throw StoreError(
                .cannotOpen,
                "'\(backup)' is what a restoration left that did not come to its end; name the backup itself")
        }
        let decided = decisions(of: path) ?? decisions(of: finished)
        for suffix in StoreFile.all { unlink(draft + suffix) }
        let count: Int
        do {
            for suffix in StoreFile.contents { try StoreFile.copy(backup + suffix, to: draft + suffix) }  // 2
            CrashPoint.restoreAfterCopy.pass()
            guard try StoreFile.size(of: draft) > 0 else {
                throw StoreError(.cannotOpen, "there is no backup '\(backup)', or it is empty")
            }
            try StoreDatabase.check(draft, as: backup, mayBeNew: false)  // 3
            count = try begin(draft, knowing: decided ?? LaterDecisions(), at: moment)  // 4
            CrashPoint.restoreAfterEpochs.pass()
        } catch {
            let error = StoreDatabase.explained(error, backup)
            guard error.code == .damaged else { throw error }
            throw StoreError(
                .damaged,
                "'\(backup)' is damaged, or no record at all; name another backup, nothing was changed",
                underlying: error.underlying)
        }
        try StoreFile.rename(draft, to: finished)
        for file in [finished, lock.path] { try StoreFile.giveToOwner(ofFolderOf: path, file) }
        let replaced = try setAside(path, at: moment)  // 5
        try StoreFile.rename(finished, to: path)  // 6
        CrashPoint.restoreAfterRename.pass()
        try lock.sign()
        return Restoration(agents: count, replaced: replaced, keepsDecisions: decided != nil)
    }

    /// What was decided by the record that is to be replaced; nil where it cannot be read.
    private static func decisions(of path: String) -> LaterDecisions? {
        var reading = StoreDatabase.configuration
        reading.readonly = true
        do {
            guard try StoreFile.size(of: path) > 0 else { return nil }
            try StoreDatabase.check(path)
            return try DatabaseQueue(path: path, configuration: reading).read {
                let session = StoreSession($0)
                return LaterDecisions(agents: try session.agents(), jobs: try session.jobsCalledOff())
            }
        } catch {
            return nil
        }
    }

    private static func begin(
        _ draft: String, knowing decisions: LaterDecisions, at moment: Timestamp
    ) throws -> Int {
        let database = try DatabaseQueue(path: draft, configuration: StoreDatabase.configuration)
        try StoreSchema.migrator.migrate(database)
        try database.writeWithoutTransaction { connection in
            // One file, whole when it is renamed.
            try connection.execute(sql: "PRAGMA journal_mode = DELETE")
            try connection.execute(sql: "PRAGMA synchronous = FULL")
        }
        let count = try database.write { try StoreSession($0).beginNewEpochs(at: moment, knowing: decisions) }
        try database.close()
        return count
    }

    /// Sets a record aside with its log, which has its other name before the record has, and its own until then: without
    /// its log the record would pass for an older one, and without the record the log would be taken for another's.
    ///
    /// - Returns: where it is; nil where there was none.
    private static func setAside(_ path: String, at moment: Timestamp) throws(StoreError) -> String? {
        // What a panel makes that misses its record.
        if try StoreFile.size(of: path) == 0 { unlink(path) }
        func isThere(_ file: String) -> Bool { access(file, F_OK) == 0 }
        let logs = StoreFile.all.filter { !$0.isEmpty && isThere(path + $0) }
        guard isThere(path) || !logs.isEmpty else { return nil }
        var second = moment.milliseconds / 1000
        while StoreFile.all.contains(where: { isThere("\(path).replaced-\(second)\($0)") }) { second += 1 }
        let other = "\(path).replaced-\(second)"
        for log in logs { try StoreFile.link(path + log, as: other + log) }
        CrashPoint.restoreSetAside.pass()
        if isThere(path) { try StoreFile.rename(path, to: other) }
        CrashPoint.restoreSetAside.pass()
        for log in logs {
            try StoreFile.remove(path + log)
            CrashPoint.restoreSetAside.pass()
        }
        return other
    }
}

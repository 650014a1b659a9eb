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
    }

    /// Puts a backup in the record's place and begins a new epoch with every agent; blocks.
    ///
    /// 1. Take the record's lock. 2. Check the backup, and write nothing to it. 3. Copy it, what is in its log
    /// included. 4. Begin new epochs in the copy. 5. Set the record aside that is there. 6. Put the copy in its
    /// place. Where it ends before the last step there is no record, and no panel starts.
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
        guard access(backup, R_OK) == 0 else {
            throw StoreError(.cannotOpen, "the backup '\(backup)' cannot be read: \(reason(errno))")
        }
        let draft = path + ".restoring"
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(draft + suffix) }
        let agents: Int
        do {
            try StoreDatabase.check(backup)  // 2
            Glibc.close(try openPrivateFile(draft))
            agents = try copy(backup, to: draft, at: moment)  // 3, 4
        } catch {
            throw StoreDatabase.explained(error, backup)
        }
        let replaced = try setAside(path, as: "\(path).replaced-\(moment.milliseconds / 1000)")  // 5
        try rename(draft, to: path)  // 6
        try lock.sign()
        return Restoration(agents: agents, replaced: replaced)
    }

    private static func copy(_ backup: String, to draft: String, at moment: Timestamp) throws -> Int {
        var reading = StoreDatabase.configuration
        reading.readonly = true
        let source = try DatabaseQueue(path: backup, configuration: reading)
        let copy = try DatabaseQueue(path: draft, configuration: StoreDatabase.configuration)
        try source.backup(to: copy)
        try StoreSchema.migrator.migrate(copy)
        try copy.writeWithoutTransaction { connection in
            // One file, whole when it is renamed.
            try connection.execute(sql: "PRAGMA journal_mode = DELETE")
            try connection.execute(sql: "PRAGMA synchronous = FULL")
        }
        let agents = try copy.write { try StoreSession($0).beginNewEpochs(at: moment) }
        try source.close()
        try copy.close()
        return agents
    }

    private static func setAside(_ path: String, as other: String) throws(StoreError) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        // What a panel makes that misses its record.
        guard status.st_size > 0 else {
            unlink(path)
            return nil
        }
        for suffix in ["-wal", "-shm", ""] where access(path + suffix, F_OK) == 0 {
            try rename(path + suffix, to: other + suffix)
        }
        return other
    }

    private static func rename(_ path: String, to other: String) throws(StoreError) {
        guard Glibc.rename(path, other) == 0 else {
            throw StoreError(.cannotOpen, "'\(path)' cannot be renamed: \(reason(errno))")
        }
        let folder = other.lastIndex(of: "/").map { other[..<$0] } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : String(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { Glibc.close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw StoreError(.diskFailed, "the folder of '\(other)' cannot be synced: \(reason(errno))")
        }
    }

    private static func reason(_ number: CInt) -> String { String(cString: strerror(number)) }
}

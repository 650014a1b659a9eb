import GRDB
import Glibc

/// The open file: one connection that writes, a few that read, the lock of the process.
///
/// One write connection for everything, checkpoints included: Debian's SQLite
/// 3.40 can corrupt a file in WAL mode that two write to.
final class StoreDatabase: Sendable {
    /// Marks a file as a panel's record: the bytes of `Prov`.
    static let applicationID = 0x5072_6F76
    private static let readerCount = 4
    private static let busySeconds = 5.0
    private static let cacheKibibytes = 16 * 1024
    /// What the log is cut back to after a burst.
    private static let logLimit = 64 * 1024 * 1024

    let pool: DatabasePool
    /// Whether there was no record before.
    let isNew: Bool
    // Behind the pool, so that the file is closed before the lock goes.
    private let lock: StoreLock

    /// Opens the record, or makes a new one; blocks while the file is checked.
    ///
    /// 1. Take the lock. 2. Miss a record that is gone. 3. Check the file, before anything is
    /// written to it. 4. Open it. 5. Bring its form up to date. 6. Sign the lock.
    init(path: String) throws(StoreError) {
        // Before a lock is left beside a folder or a device.
        try StoreFile.requireRegular(path)
        lock = try StoreLock(path: path + ".lock")
        isNew = !lock.wasUsed
        try Self.prepareFile(path, lock: lock)
        do {
            try Self.check(path)
            pool = try DatabasePool(path: path, configuration: Self.configuration)
            // Only now: opening the pool sets NORMAL, which may lose the last commits with the power.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try StoreSchema.migrator.migrate(pool)
        } catch {
            throw Self.explained(error, path)
        }
        try lock.sign()
    }

    /// Waits for what is under way, closes the file and gives the lock up.
    func close() throws(StoreError) {
        do { try pool.close() } catch { throw Self.explained(error, pool.path) }
        lock.release()
    }

    static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "record"
        configuration.busyMode = .timeout(busySeconds)
        configuration.maximumReaderCount = readerCount
        configuration.prepareDatabase { connection in
            try connection.execute(sql: "PRAGMA cell_size_check = ON")
            // What is dropped is not left lying in the file; Debian's SQLite does so by itself, others do not.
            try connection.execute(sql: "PRAGMA secure_delete = ON")
            // What savepoints set aside stays out of temporary files.
            try connection.execute(sql: "PRAGMA temp_store = MEMORY")
            try connection.execute(sql: "PRAGMA cache_size = -\(cacheKibibytes)")
            try connection.execute(sql: "PRAGMA journal_size_limit = \(logLimit)")
        }
        return configuration
    }

    /// Makes the file for its owner alone; SQLite gives its log and index the same mode.
    private static func prepareFile(_ path: String, lock: StoreLock) throws(StoreError) {
        let descriptor = try openPrivateFile(path)
        // Nobody else has the file open: closing it would drop SQLite's own locks.
        defer { Glibc.close(descriptor) }
        guard !lock.wasUsed || lseek(descriptor, 0, SEEK_END) > 0 else {
            throw lost(path, lock: lock.path)
        }
    }

    /// What is said of a record that was there and is gone.
    static func lost(_ path: String, lock: String) -> StoreError {
        StoreError(
            .damaged,
            "'\(path)' is empty but held a record before; restore it from a backup, "
                + "or remove '\(lock)' to begin a new one")
    }

    /// Refuses a file that is damaged, another program's or newer, having written nothing.
    ///
    /// - Parameters:
    ///   - name: the path that people know it by, where that is another.
    ///   - mayBeNew: whether a file with nothing in it will do.
    static func check(_ path: String, as name: String? = nil, mayBeNew: Bool = true) throws {
        let name = name ?? path
        var configuration = Self.configuration
        configuration.readonly = true
        try DatabaseQueue(path: path, configuration: configuration).read { connection in
            let findings = try String.fetchAll(connection, sql: "PRAGMA quick_check(1)")
            guard findings == ["ok"] else { throw StoreError(.damaged, findings.joined(separator: "; ")) }
            let isEmpty = try Int.fetchOne(connection, sql: "SELECT count(*) FROM sqlite_schema") == 0
            let mark = try Int.fetchOne(connection, sql: "PRAGMA application_id")
            guard mark == applicationID || isEmpty && mayBeNew else {
                let what = isEmpty ? "a file with nothing in it" : "another program's file"
                throw StoreError(.cannotOpen, "'\(name)' is \(what); name one of the panel's own")
            }
            guard try !StoreSchema.migrator.hasBeenSuperseded(connection) else {
                throw StoreError(
                    .newerVersion,
                    "'\(name)' was written by another version of the panel, a newer one or one from before its "
                        + "first release; run that version, or restore a backup")
            }
        }
    }

    static func explained(_ error: any Error, _ path: String) -> StoreError {
        switch StoreError.translated(error) {
        case let error as StoreError where error.code == .damaged:
            StoreError(
                .damaged,
                "'\(path)' is damaged (\(error.message)); keep it and its '-wal' for study "
                    + "and restore the last backup in its place",
                underlying: error.underlying)
        case let error as StoreError where error.code == .cannotOpen && error.underlying is DatabaseError:
            StoreError(
                .cannotOpen, "'\(path)' cannot be opened: \(error.message)", underlying: error.underlying)
        case let error as StoreError: error
        case let error: StoreError(.cannotOpen, "'\(path)' cannot be opened", underlying: error)
        }
    }
}

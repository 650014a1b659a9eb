import GRDB
public import JobKit

/// The panel's record in one SQLite file.
///
/// What ``write(_:)`` did is on the disk when it returns, power loss included.
/// Writes that arrive together share a commit.
public final class SQLiteJobStore: JobStore {
    private let database: StoreDatabase
    private let commits: GroupCommit

    /// Opens the record, or makes a new one; blocks while the file is checked.
    ///
    /// Refuses a file that another process has open, that is damaged, or that a
    /// newer version has written.
    public init(path: String) throws(StoreError) {
        database = try StoreDatabase(path: path)
        commits = GroupCommit(database)
    }

    /// Whether the record was made by this opening.
    public var isNew: Bool { database.isNew }

    /// Closes the file, for another to open; blocks while the last writes end.
    ///
    /// Not needed before the process ends. What is asked of the store afterwards fails.
    public func close() throws(StoreError) { try database.close() }

    /// Runs `body` on a consistent view.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Value
    ) async throws -> Value {
        do {
            return try await database.pool.read { try body(StoreSession($0)) }
        } catch {
            throw StoreError.passing(error)
        }
    }

    /// Runs `body` in a transaction; nothing of it remains where it throws.
    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Value
    ) async throws -> Value {
        try await commits.run { try body(StoreSession($0)) }
    }
}

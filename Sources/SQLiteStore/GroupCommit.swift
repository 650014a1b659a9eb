import GRDB
import Synchronization

/// Gives many callers' work to few transactions.
///
/// Work that arrives while a transaction is under way runs in the next one,
/// all of it together: one sync of the disk for everybody. Nobody waits for a
/// batch to form; a lone caller's work starts at once.
///
/// Each piece runs within a savepoint, so that a throw undoes only itself, and
/// is answered after the commit that holds it. Everything runs on the write
/// connection's own queue; the cooperative pool never blocks. Work that has
/// been handed in is done though its caller's task is cancelled.
final class GroupCommit: Sendable {
    /// What one caller wants done; answered exactly once.
    private struct Work: Sendable {
        /// Runs the body and returns how to tell the caller, once it is on the disk.
        let perform: @Sendable (Database) throws -> @Sendable () -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var waiting: [Work] = []
        var isCommitting = false
        /// Set by an error after which nothing may be written.
        var end: StoreError?
    }

    private let database: StoreDatabase
    private let state = Mutex(State())

    init(_ database: StoreDatabase) { self.database = database }

    /// How many callers wait for the next transaction.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// The body's value once it is on the disk, its own error, or why the transaction failed.
    func run<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            add(
                Work(
                    perform: { database in
                        let value = try body(database)
                        return { continuation.resume(returning: value) }
                    },
                    fail: { continuation.resume(throwing: $0) }))
        }
    }

    private func add(_ work: Work) {
        let isFirst = state.withLock { state in
            state.waiting.append(work)
            defer { state.isCommitting = true }
            return !state.isCommitting
        }
        if isFirst { scheduleCommit() }
    }

    private func scheduleCommit() {
        database.pool.asyncWriteWithoutTransaction { [self] connection in
            commitWaiting(on: connection)
            let isMoreToDo = state.withLock { state in
                state.isCommitting = !state.waiting.isEmpty
                return state.isCommitting
            }
            if isMoreToDo { scheduleCommit() }
        }
    }

    private func commitWaiting(on connection: Database) {
        let (batch, end) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.waiting, state.end)
        }
        do {
            if let end { throw end }
            var answers: [@Sendable () -> Void] = []
            try connection.inTransaction(.immediate) {
                for work in batch { answers.append(try Self.perform(work, on: connection)) }
                return .commit
            }
            for answer in answers { answer() }
        } catch {
            let error = StoreError.translated(error)
            if let error = error as? StoreError, error.isLasting { state.withLock { $0.end = error } }
            for work in batch { work.fail(error) }
        }
    }

    /// Runs one piece of work on its own, and returns how to answer it.
    ///
    /// - Throws: what made SQLite give up the whole transaction, such as a full disk.
    private static func perform(_ work: Work, on connection: Database) throws -> @Sendable () -> Void {
        do {
            var answer: @Sendable () -> Void = {}
            try connection.inSavepoint {
                answer = try work.perform(connection)
                return .commit
            }
            return answer
        } catch {
            guard connection.isInsideTransaction else { throw error }
            let error = StoreError.translated(error)
            return { work.fail(error) }
        }
    }
}

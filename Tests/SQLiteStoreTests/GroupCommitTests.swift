import Dispatch
import GRDB
import JobKit
import Synchronization
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("Group commit") struct GroupCommitTests {
    private struct Undone: Error, Equatable {}

    let folder: TemporaryDirectory
    let database: StoreDatabase
    let commits: GroupCommit
    private let counter = CommitCounter()

    init() throws {
        folder = try TemporaryDirectory()
        database = try StoreDatabase(path: folder.path("panel.sqlite"))
        commits = GroupCommit(database)
        let (pool, counter) = (database.pool, counter)
        pool.add(transactionObserver: counter, extent: .databaseLifetime)
    }

    @Test("gives a lone caller a commit of its own", .timeLimit(.minutes(1)))
    func commitsALoneCaller() async throws {
        for name in ["a", "b", "c"] { try await commits.run { try count(name, $0) } }
        #expect(counter.commits == 3)
    }

    @Test("does in one transaction what waits for a commit", .timeLimit(.minutes(1)))
    func sharesOneCommit() async throws {
        try await holdingTheWriter(while: 64) { group in
            for number in 0..<64 {
                group.addTask { [commits] in
                    try await commits.run { try count("\(number)", $0) }
                    return true
                }
            }
        }
        #expect(counter.commits == 2, "one for the caller that held the connection, one for the others")
        #expect(try await names().count == 65)
    }

    @Test("undoes a throwing body alone", .timeLimit(.minutes(1)))
    func undoesOneBody() async throws {
        let successes = try await holdingTheWriter(while: 16) { group in
            for number in 0..<16 {
                group.addTask { [commits] in
                    do {
                        try await commits.run { connection in
                            try count("\(number)", connection)
                            if number == 7 { throw Undone() }
                        }
                        return true
                    } catch is Undone {
                        return false
                    }
                }
            }
        }
        #expect(successes == 15)
        #expect(counter.commits == 2)
        #expect(try await names() == Set(["held"] + (0..<16).filter { $0 != 7 }.map(String.init)))
    }

    @Test("undoes a refused statement alone, and names the rule", .timeLimit(.minutes(1)))
    func undoesARefusedStatement() async throws {
        let successes = try await holdingTheWriter(while: 2) { group in
            group.addTask { [commits] in
                do {
                    try await commits.run { connection in
                        try count("first", connection)
                        try connection.execute(sql: "INSERT INTO counter (name, value) VALUES ('zero', 0)")
                    }
                    return true
                } catch let error as StoreError {
                    #expect(error.code == .refused)
                    #expect(error.message.contains("countersCountFrom1"))
                    return false
                }
            }
            group.addTask { [commits] in
                try await commits.run { try count("second", $0) }
                return true
            }
        }
        #expect(successes == 1)
        #expect(try await names() == ["held", "second"])
    }

    @Test("fails everyone whose commit fails, and goes on", .timeLimit(.minutes(1)))
    func failsAllOfAFailedCommit() async throws {
        let successes = try await holdingTheWriter(while: 8) { group in
            for number in 0..<8 {
                group.addTask { [commits] in
                    do {
                        try await commits.run { connection in
                            try count("\(number)", connection)
                            guard number == 3 else { return }
                            // Found broken by the commit, not by the statement.
                            try connection.execute(sql: "PRAGMA defer_foreign_keys = ON")
                            try connection.execute(
                                sql:
                                    "INSERT INTO logRecord (job, attempt, number, at, bytes, total) VALUES ('none', 1, 1, 1, x'', 0)"
                            )
                        }
                        return true
                    } catch let error as StoreError {
                        #expect(error.code == .refused)
                        return false
                    }
                }
            }
        }
        #expect(successes == 0)
        #expect(try await names() == ["held"])
        try await commits.run { try count("after", $0) }
        #expect(try await names() == ["held", "after"])
    }

    @Test(
        "fails everyone whose transaction a body ends, even where it hides the error", .timeLimit(.minutes(1))
    )
    func failsAllOfAnEndedTransaction() async throws {
        let successes = try await holdingTheWriter(while: 4) { group in
            for number in 0..<4 {
                group.addTask { [commits] in
                    do {
                        try await commits.run { connection in
                            if number == 2 { try? connection.execute(sql: "ROLLBACK") }
                            try? count("\(number)", connection)
                        }
                        return true
                    } catch is StoreError {
                        return false
                    }
                }
            }
        }
        #expect(successes == 0)
        #expect(try await names() == ["held"])
    }

    // MARK: - Holding the connection

    /// Keeps the connection busy until `expected` pieces of work wait for it; returns how many came out well.
    @discardableResult
    private func holdingTheWriter(
        while expected: Int, _ addWork: (inout ThrowingTaskGroup<Bool, any Error>) -> Void
    ) async throws -> Int {
        let (started, release) = (AsyncStream<Void>.makeStream(), DispatchSemaphore(value: 0))
        async let held: Void = commits.run { connection in
            started.continuation.finish()
            release.wait()
            try count("held", connection)
        }
        for await _ in started.stream {}
        let successes = try await withThrowingTaskGroup(of: Bool.self) { group in
            addWork(&group)
            while commits.waitingCount < expected { await Task.yield() }
            release.signal()
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        try await held
        return successes
    }

    private func names() async throws -> Set<String> {
        try await database.pool.read { try String.fetchSet($0, sql: "SELECT name FROM counter") }
    }
}

@Sendable private func count(_ name: String, _ connection: Database) throws {
    try connection.execute(sql: "INSERT INTO counter (name, value) VALUES (?, 1)", arguments: [name])
}

/// Counts the transactions of the write connection that were committed.
private final class CommitCounter: TransactionObserver, Sendable {
    private let count = Mutex(0)

    var commits: Int { count.withLock { $0 } }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ db: Database) { count.withLock { $0 += 1 } }
    func databaseDidRollback(_ db: Database) {}
}

import GRDB
import JobKit
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("Rules of the schema") struct SchemaTests {
    let folder: TemporaryDirectory
    let database: StoreDatabase

    init() throws {
        folder = try TemporaryDirectory()
        database = try StoreDatabase(path: folder.path("panel.sqlite"))
        try database.pool.write { try SchemaSample.insert(into: StoreSession($0)) }
    }

    @Test("has every CHECK refuse what it is there for", arguments: SchemaSample.checks)
    func refusesByCheck(_ row: SchemaSample.Refusal) throws {
        let error = refusal(of: row.sql, withoutTriggers: true)
        #expect(error?.extendedResultCode == .SQLITE_CONSTRAINT_CHECK, "\(String(describing: error))")
        #expect(error?.message == "CHECK constraint failed: \(row.rule)")
    }

    @Test("has every trigger refuse what it is there for", arguments: SchemaSample.triggers)
    func refusesByTrigger(_ row: SchemaSample.Refusal) throws {
        let error = refusal(of: row.sql, withoutTriggers: false)
        #expect(error?.extendedResultCode == .SQLITE_CONSTRAINT_TRIGGER, "\(String(describing: error))")
        let definition = try database.pool.read {
            try String.fetchOne(
                $0, sql: "SELECT sql FROM sqlite_schema WHERE name = ?", arguments: [row.rule])
        }
        let message = try #require(error?.message)
        #expect(try #require(definition).contains("RAISE(ABORT, '\(message)')"))
    }

    @Test("refuses rows that point nowhere, and values of the wrong kind", arguments: SchemaSample.others)
    func refusesOtherwise(_ row: SchemaSample.Refusal) throws {
        let message = try #require(refusal(of: row.sql, withoutTriggers: true)?.message)
        #expect(message.contains(row.rule))
    }

    @Test("has a test for every CHECK and every trigger")
    func testsEveryRule() throws {
        let (tables, triggers) = try database.pool.read { connection in
            (
                try String.fetchAll(connection, sql: "SELECT sql FROM sqlite_schema WHERE type = 'table'"),
                try String.fetchSet(connection, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            )
        }
        let words = tables.flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
        let checks = Set(zip(words, words.dropFirst()).filter { $0.0 == "CONSTRAINT" }.map(\.1))
        #expect(!checks.isEmpty)
        #expect(checks == Set(SchemaSample.checks.map(\.rule)))
        #expect(triggers == Set(SchemaSample.triggers.map(\.rule)))
    }

    @Test(
        "finds jobs by an index, without a sort",
        arguments: [
            JobQuery(), JobQuery(agent: .sample("agent-001")), JobQuery(application: "nginx"),
            JobQuery(state: .failed),
            JobQuery(
                agent: .sample("agent-001"), application: "nginx", state: .failed,
                before: JobRecord.sample().id),
        ])
    func searchesByIndex(_ query: JobQuery) throws {
        let (sql, values) = StoreSession.select(query)
        let plan = try plan(of: sql, values)
        #expect(plan.first?.contains(" job USING INDEX") == true, "\(plan)")
        #expect(!plan.contains { $0.contains("B-TREE") }, "\(plan)")
    }

    @Test("finds due jobs by an index of waiting jobs alone")
    func searchesDueJobsByIndex() throws {
        let plan = try plan(of: StoreSession.selectDue, [1, 1])
        #expect(plan.count { $0.contains("USING INDEX jobByRetry") } == 2, "\(plan)")
        #expect(!plan.contains { $0.contains("SCAN") }, "\(plan)")
    }

    @Test(
        "counts and forgets by an index of the jobs in question",
        arguments: [
            (StoreSession.countOpen, 1, "jobOpenByAgent"), (StoreSession.countAhead, 3, "jobOpenByAgent"),
            (StoreSession.dropSealed, 3, "jobBySecret"), (StoreSession.selectRequested, 2, "jobByRequest"),
        ])
    func countsByIndex(_ sql: String, _ arguments: Int, _ index: String) throws {
        let plan = try plan(of: sql, Array(repeating: "", count: arguments))
        #expect(plan.first?.contains(index) == true, "\(plan)")
    }

    private func plan(of sql: String, _ values: Values) throws -> [String] {
        try database.pool.read { connection in
            let rows = try Row.fetchAll(
                connection, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: StatementArguments(values))
            return rows.map { $0["detail"] }
        }
    }

    private func refusal(of sql: String, withoutTriggers: Bool) -> DatabaseError? {
        let error = #expect(throws: DatabaseError.self) {
            try database.pool.write { connection in
                if withoutTriggers { try SchemaSample.dropTriggers(connection) }
                try connection.execute(sql: sql)
            }
        }
        return error
    }
}

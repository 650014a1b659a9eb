import GRDB
import JobKit
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("Rows of the record") struct RowTests {
    let folder: TemporaryDirectory
    let database: StoreDatabase
    let store: SQLiteJobStore

    init() throws {
        folder = try TemporaryDirectory()
        store = try SQLiteJobStore(path: folder.path("panel.sqlite"))
        database = try StoreDatabase(path: folder.path("other.sqlite"))
    }

    @Test(
        "calls it damage where a column holds what no version wrote, naming the column",
        arguments: [
            ("UPDATE job SET agent = 'no/agent'", "agent"),
            ("UPDATE job SET inputs = '[]'", "inputs"),
            ("UPDATE job SET inputs = '{\"a\":1}'", "inputs"),
            ("UPDATE job SET sealed = '{\"a\":\"=\"}'", "sealed"),
            ("UPDATE job SET exitCodes = '{\"one\":{\"class\":\"other\",\"message\":\"\"}}'", "exitCodes"),
            ("UPDATE job SET exitCodes = '{\"1\":{\"class\":\"weather\",\"message\":\"\"}}'", "exitCodes"),
            ("UPDATE job SET state = 'sleeping'", "state"),
            ("UPDATE job SET reason = 'weather'", "reason"),
            ("UPDATE attempt SET phase = 'later'", "phase"),
            ("UPDATE attempt SET ending = 'exited'", "tell how it ended"),
            ("UPDATE attempt SET cause = 'weather', ending = 'interrupted'", "cause"),
        ])
    func reportsDamage(_ sql: String, _ name: String) async throws {
        try await database.pool.write { connection in
            try StoreSession(connection).insert(.sample())
            try SchemaSample.dropTriggers(connection)
            try connection.execute(sql: "PRAGMA ignore_check_constraints = ON")
            try connection.execute(sql: sql)
        }
        let error = await #expect(throws: StoreError.self) {
            try await database.pool.read { try StoreSession($0).jobs(JobQuery()) }
        }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains(name) == true)
    }

    @Test("keeps a text with a zero byte whole, and keys with one apart")
    func keepsZeroBytes() async throws {
        let job = JobRecord.sample(request: RequestStamp(key: "k\u{0}1", digest: "d"))
        let refused = try job.after(.refused(attempt: 1, Refusal(.policy, "be\u{0}hind")))
        let stored = try await store.write { writer in
            try writer.insert(job)
            try writer.update(refused, from: job)
            try writer.insert(.sample(2, request: RequestStamp(key: "k\u{0}2", digest: "d")))
            #expect(try writer.job(of: "ops", under: "k\u{0}2")?.id == JobRecord.sample(2).id)
            #expect(try writer.job(of: "ops", under: "k") == nil)
            return try writer.job(job.id)
        }
        #expect(stored?.detail == "be\u{FFFD}hind")
    }

    @Test("names the rule that refuses a change, and no value")
    func hidesValues() async throws {
        let id = AgentID.sample("agent-001")
        var agent = AgentRecord(
            id: id, firstSeenAt: JobRecord.sampleStart, session: "hunter2", facts: ["a": "hunter2"])
        agent.epoch = 0
        let broken = agent
        let error = await #expect(throws: StoreError.self) { try await store.write { try $0.save(broken) } }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("epochsCountFrom1") == true)
        let cause = try #require(error?.underlying)
        #expect(!"\(String(describing: error)) \(cause)".contains("hunter2"))
    }

    @Test("refuses a message under a number that waits already")
    func refusesRepeatedMessages() async throws {
        let entry = OutboxEntry(
            agent: .sample("agent-001"), position: StreamPosition(epoch: 1, number: 1), envelope: [1])
        try await store.write { try $0.append(entry) }
        let error = await #expect(throws: StoreError.self) { try await store.write { try $0.append(entry) } }
        #expect(error?.code == .refused)
    }

    @Test("gives every code its own name")
    func namesCodes() {
        #expect(Set(StoreError.Code.allCases.map(\.description)).count == StoreError.Code.allCases.count)
        #expect("\(StoreError(.diskFull, "no room"))" == "disk_full: no room")
    }
}

import GRDB
import JobKit
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("The audit trail on disk") struct AuditTrailTests {
    let folder: TemporaryDirectory
    let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path("panel.sqlite")
    }

    /// One who may write to the file, gets around the triggers and leaves no trace in the schema.
    @Test(
        "shows an edited, a removed and an inserted line (G16)",
        arguments: [
            ("UPDATE audit SET actor = 'nobody' WHERE number = 3", 3),
            ("UPDATE audit SET detail = '{}' WHERE number = 5", 5),
            ("UPDATE audit SET at = at + 1 WHERE number = 1", 1),
            ("UPDATE audit SET job = NULL WHERE number = 2", 2),
            ("UPDATE audit SET agent = 'agent-002' WHERE number = 2", 2),
            ("DELETE FROM audit WHERE number = 2", 3),
            ("DELETE FROM audit WHERE number = 1", 2),
            (
                "INSERT INTO audit SELECT 6, at, actor, action, job, agent, detail, digest, digest FROM audit LIMIT 1",
                6
            ),
        ])
    func showsTampering(_ sql: String, _ firstBreak: Int) async throws {
        let store = try SQLiteJobStore(path: path)
        let job = JobRecord.sample()
        for number in 1...5 {
            try await store.write { writer in
                let draft = AuditDraft(
                    at: job.createdAt.advanced(bySeconds: number), actor: "ops", action: "job.accepted",
                    job: job.id,
                    agent: job.agent, detail: ["number": "\(number)"])
                try writer.record(draft)
            }
        }
        #expect(AuditEntry.firstBreak(in: try await store.read { try $0.audit(after: 0, limit: 99) }) == nil)
        try store.close()

        let raw = try DatabaseQueue(path: path)
        try await raw.write { connection in
            let triggers = try Row.fetchAll(
                connection,
                sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit'")
            for trigger in triggers {
                try connection.execute(sql: "DROP TRIGGER \(trigger["name"] as String)")
            }
            try connection.execute(sql: sql)
            for trigger in triggers { try connection.execute(sql: trigger["sql"]) }
        }
        try raw.close()

        let again = try SQLiteJobStore(path: path)
        let lines = try await again.read { try $0.audit(after: 0, limit: 99) }
        #expect(AuditEntry.firstBreak(in: lines) == firstBreak)
        let verdict = try SQLiteJobStore.auditVerdict(of: path)
        #expect(verdict.firstBreak == firstBreak)
        #expect(verdict.lines == lines.filter { $0.number < firstBreak }.count)
    }

    /// Beside the panel that writes it, over more lines than are read at once; and a trail with nothing in it.
    @Test(arguments: [0, 1, 1000, 2001]) func tellsThatATrailIsWhole(lines: Int) async throws {
        let store = try SQLiteJobStore(path: path)
        try await store.write { writer in
            for _ in 0..<lines {
                try writer.record(
                    AuditDraft(at: JobRecord.sampleStart, actor: "ops", action: "a", detail: [:]))
            }
        }
        let verdict = try SQLiteJobStore.auditVerdict(of: path)
        let last = try await store.read { try $0.audit(after: max(0, lines - 1), limit: 1).last }
        #expect(verdict == .init(lines: lines, head: last?.digest ?? AuditEntry.genesis, firstBreak: nil))
    }
}

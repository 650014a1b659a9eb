import GRDB
import TestSupport
import Testing

@testable import JobKit
@testable import SQLiteStore

@Suite("Sealed inputs that were dropped") struct DroppedSecretsTests {
    @Test func areInNoPartOfTheFile() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("panel.sqlite")
        let database = try StoreDatabase(path: path)
        let jobs = (1...20).map { JobRecord.sample($0, retained: ["password"]) }
        let sealed = Array(try #require(jobs[0].sealed["password"]).text.utf8)
        func isThere() throws -> Bool {
            try database.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            let bytes = try contents(of: path)
            return bytes.indices.contains { bytes[$0...].starts(with: sealed) }
        }
        try database.pool.write { for job in jobs { try StoreSession($0).insert(job) } }
        #expect(try isThere())
        try database.pool.write {
            let store = StoreSession($0)
            for job in jobs {
                _ = try store.apply(.abandoned("given up"), to: job, actor: "ops", at: job.createdAt)
            }
            try store.dropSealed(
                application: "nginx", on: jobs[0].agent, except: JobRecord.sample(99).id)
        }
        #expect(try !isThere())
    }
}

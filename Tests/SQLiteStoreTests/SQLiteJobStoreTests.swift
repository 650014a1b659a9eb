import JobKit
import SQLiteStore
import TestSupport
import Testing

@Suite("The store in SQLite") struct SQLiteJobStoreTests {
    let folder: TemporaryDirectory
    let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path("panel.sqlite")
    }

    @Test("keeps the contract of a store", .timeLimit(.minutes(1)), arguments: JobStoreConformance.checks)
    func keepsTheContract(_ check: JobStoreConformance.Check) async throws {
        try await check(SQLiteJobStore(path: path))
    }
}

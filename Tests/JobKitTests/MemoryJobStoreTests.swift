import JobKit
import TestSupport
import Testing

@Suite("The store in memory") struct MemoryJobStoreTests {
    @Test("keeps the contract of a store", .timeLimit(.minutes(1)), arguments: JobStoreConformance.checks)
    func keepsTheContract(_ check: JobStoreConformance.Check) async throws {
        try await check(MemoryJobStore())
    }
}

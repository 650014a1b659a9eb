package import JobKit
import Testing

/// What every store has to do; run on memory and on SQLite alike.
///
/// Each check takes a fresh store.
package struct JobStoreConformance: Sendable {
    /// One promise of the contract.
    package struct Check: Sendable, CustomStringConvertible {
        package let description: String
        let run: @Sendable (JobStoreConformance) async throws -> Void

        init(_ description: String, _ run: @escaping @Sendable (JobStoreConformance) async throws -> Void) {
            self.description = description
            self.run = run
        }

        /// Holds a store to the promise.
        package func callAsFunction(_ store: any JobStore) async throws {
            try await run(JobStoreConformance(store: store))
        }
    }

    let store: any JobStore

    /// Every check.
    package static let checks: [Check] = jobChecks + attemptChecks + transactionChecks + recordChecks

    /// Adds a job with nothing beside it.
    func insert(_ jobs: JobRecord...) async throws {
        try await store.write { writer in for job in jobs { try writer.insert(job) } }
    }

    /// Takes a job one step further and returns what the store then has.
    func update(_ previous: JobRecord, _ event: JobEvent, at now: Timestamp) async throws -> JobRecord {
        guard case .changed(let next) = try previous.applying(event, at: now) else {
            throw JobRecord.UnexpectedLateness(event: event)
        }
        try await store.write { try $0.update(next, from: previous) }
        let stored = try await job(next.id)
        #expect(stored == next)
        return next
    }

    func job(_ id: JobID) async throws -> JobRecord? { try await store.read { try $0.job(id) } }
}

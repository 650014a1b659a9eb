import Glibc
import JobKit
import ManifestKit
import SQLiteStore
import TestSupport
import Testing

extension House {
    /// Whether the long runs are asked for: loops of minutes in place of seconds.
    static let isLongRun = getenv("PROVISION_LONG_TESTS") != nil

    /// Every job comes to its end, and the record agrees with the scripts: nothing lost, nothing twice, nothing untrue.
    ///
    /// The panel is stopped by it.
    ///
    /// - Parameter isAnythingStruck: Whether a runner, a server or an attempt's folder went, so that ends may be unseen.
    func expectTruth(
        within limit: Duration = .seconds(100), isAnythingStruck: Bool = false,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) async throws {
        try await eventually("an end of every job", within: limit) {
            guard let open = try? await openJobs() else { return false }
            return open.isEmpty
        }
        try await panel.stop()
        var truth = try await truth()
        truth.isAnythingStruck = isAnythingStruck
        for complaint in truth.complaints {
            Issue.record(Comment(rawValue: complaint), sourceLocation: sourceLocation)
        }
    }

    /// Jobs that are not final yet.
    private func openJobs() async throws -> [String] {
        var open: [String] = []
        for state in JobState.allCases where !state.isFinal {
            let jobs = try await api.get("/api/jobs?status=\(state.rawValue)&limit=500").json["jobs"]?.array
            open += try #require(jobs).compactMap { $0.object?["job_id"]?.string }
        }
        return open
    }

    /// The stopped panel's record beside the witness.
    private func truth() async throws -> Truth {
        var truth = try await withRecord { store in
            try await store.read { store in
                var truth = Truth()
                truth.jobs = try store.jobs(JobQuery(limit: .max))
                for job in truth.jobs {
                    truth.attempts[job.id] = try store.attempts(of: job.id).map { attempt in
                        Truth.Attempt(
                            record: attempt,
                            log: try store.log(of: attempt.id, afterRecord: 0, limit: .max))
                    }
                }
                truth.audit = try store.audit(after: 0, limit: .max)
                return truth
            }
        }
        truth.accepted = accepted.compactMap(JobID.init)
        truth.witness = witness
        return truth
    }
}

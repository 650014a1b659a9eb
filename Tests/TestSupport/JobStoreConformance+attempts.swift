import JobKit
import Testing

extension JobStoreConformance {
    static let attemptChecks = [
        Check("follows a job through a retry to its end") { try await $0.followsARetry() },
        Check("keeps every way in which an attempt can end") { try await $0.keepsEveryEnding() },
        Check("keeps every refusal with its sentence") { try await $0.keepsEveryRefusal() },
        Check("keeps a cancelled and an abandoned job") { try await $0.keepsCancelledAndAbandoned() },
        Check("keeps log records in order, byte for byte") { try await $0.keepsLogs() },
        Check("refuses log records with a gap, a repeat or no attempt") { try await $0.refusesBrokenLogs() },
    ]

    private func followsARetry() async throws {
        var job = JobRecord.sample()
        let start = job.createdAt
        try await insert(job)
        job = try await update(job, .claimed(attempt: 1), at: start.advanced(bySeconds: 1))
        job = try await update(job, .began(attempt: 1, at: start.advanced(bySeconds: 2)), at: start)
        job = try await update(
            job, .finished(attempt: 1, .sample(.exited(code: 2))), at: start.advanced(bySeconds: 3))
        #expect(job.state == .waiting)
        let first = job.attempt
        job = try await update(job, .retryDue, at: start.advanced(bySeconds: 60))
        #expect(job.state == .queued)
        job = try await update(job, .claimed(attempt: 2), at: start.advanced(bySeconds: 61))
        job = try await update(job, .cancelRequested, at: start.advanced(bySeconds: 62))
        job = try await update(job, .began(attempt: 2, at: start.advanced(bySeconds: 63)), at: start)
        job = try await update(
            job, .finished(attempt: 2, .sample(.exited(code: 0), hasLog: false)),
            at: start.advanced(bySeconds: 64))
        #expect(job.state == .succeeded)
        #expect(job.sealed.isEmpty)
        let (id, second) = (job.id, job.attempt)
        #expect(try await store.read { try $0.attempts(of: id) } == [first, second])
    }

    private func keepsEveryEnding() async throws {
        let endings: [AttemptResult.Ending] =
            [
                .exited(code: 0), .exited(code: 255), .signalled(number: 1), .signalled(number: 127),
                .unhealthy, .timedOut, .cancelled,
            ]
            + AttemptResult.Interruption.allCases.map { .interrupted($0) }
        for (number, ending) in endings.enumerated() {
            var job = JobRecord.sample(number, isIdempotent: false)
            try await insert(job)
            job = try await update(job, .claimed(attempt: 1), at: job.createdAt)
            job = try await update(job, .began(attempt: 1, at: job.createdAt), at: job.createdAt)
            let result = AttemptResult.sample(ending, hasLog: number.isMultiple(of: 2))
            job = try await update(job, .finished(attempt: 1, result), at: job.createdAt)
            #expect(job.state.isFinal)
        }
        let bare = AttemptResult(
            ending: .interrupted(.stateLost), beganAt: nil, endedAt: JobRecord.sampleStart)
        var job = JobRecord.sample(endings.count, isIdempotent: false)
        try await insert(job)
        job = try await update(job, .claimed(attempt: 1), at: job.createdAt)
        _ = try await update(job, .finished(attempt: 1, bare), at: job.createdAt)
    }

    private func keepsEveryRefusal() async throws {
        for (number, reason) in RefusalReason.allCases.enumerated() {
            let job = JobRecord.sample(number)
            try await insert(job)
            let refused = try await update(
                job, .refused(attempt: 1, Refusal(reason, "not on 'this' host")), at: job.createdAt)
            #expect(refused.detail == "not on 'this' host")
        }
    }

    private func keepsCancelledAndAbandoned() async throws {
        let jobs = [JobRecord.sample(1), .sample(2), .sample(3)]
        try await insert(jobs[0], jobs[1], jobs[2])
        _ = try await update(jobs[0], .cancelRequested, at: jobs[0].createdAt)
        _ = try await update(jobs[1], .abandoned("given up"), at: jobs[1].createdAt)
        let claimed = try await update(jobs[2], .claimed(attempt: 1), at: jobs[2].createdAt)
        let asked = try await update(claimed, .cancelRequested, at: jobs[2].createdAt)
        _ = try await update(asked, .withdrawn(attempt: 1), at: jobs[2].createdAt)
    }

    private func keepsLogs() async throws {
        let job = JobRecord.sample()
        let attempt = job.attempt.id
        let records = (1...5).map { number in
            LogRecord(
                number: number, at: job.createdAt.advanced(byMilliseconds: Int64(number)),
                bytes: number == 3 ? [] : [0, 0xFF, 0xC3, UInt8(number)])
        }
        try await insert(job)
        try await store.write { try $0.append(Array(records[..<2]), to: attempt) }
        try await store.write { try $0.append([], to: attempt) }
        try await store.write { try $0.append(Array(records[2...]), to: attempt) }
        try await store.read { reader throws in
            #expect(try reader.log(of: attempt, afterRecord: 0, limit: 99) == records)
            #expect(try reader.log(of: attempt, afterRecord: 2, limit: 2) == Array(records[2..<4]))
            #expect(try reader.log(of: attempt, afterRecord: 5, limit: 9) == [])
            for (bytes, count) in [(1, 1), (4, 1), (5, 2), (8, 2), (9, 4), (99, 5)] {
                let some = try reader.log(of: attempt, afterRecord: 0, limit: 99, bytes: bytes)
                #expect(some == Array(records[..<count]), "\(bytes) bytes")
            }
            #expect(try reader.logExtent(of: attempt) == LogExtent(records: 5, bytes: 16))
            #expect(try reader.logExtent(of: AttemptID(job: job.id, number: 2)) == LogExtent())
        }
    }

    private func refusesBrokenLogs() async throws {
        let job = JobRecord.sample()
        let attempt = job.attempt.id
        @Sendable func record(_ number: Int) -> LogRecord {
            LogRecord(number: number, at: job.createdAt, bytes: [1])
        }
        try await insert(job)
        try await store.write { try $0.append([record(1)], to: attempt) }
        let broken = [
            (attempt, [record(3)]), (attempt, [record(1)]), (attempt, [record(2), record(2)]),
            (attempt, [record(2), record(4)]), (attempt, [record(0)]),
            (AttemptID(job: job.id, number: 2), [record(1)]),
            (JobRecord.sample(2).attempt.id, [record(1)]),
        ]
        for (attempt, records) in broken {
            await #expect(throws: StoreConflict(job: attempt.job), "\(attempt) \(records)") {
                try await store.write { try $0.append(records, to: attempt) }
            }
        }
        #expect(try await store.read { try $0.log(of: attempt, afterRecord: 0, limit: 9) } == [record(1)])
    }
}

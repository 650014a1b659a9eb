import JobKit
import Testing

extension JobStoreConformance {
    static let jobChecks = [
        Check("keeps every field of an accepted job") { try await $0.keepsAcceptedJobs() },
        Check("refuses a second job of the same name") { try await $0.refusesSecondInsert() },
        Check("answers nothing for what it does not know") { try await $0.answersNothing() },
        Check("refuses an update of a job that has moved on") { try await $0.refusesStaleUpdates() },
        Check("refuses an update of a final or unknown job") { try await $0.refusesFinalUpdates() },
        Check("lists jobs newest first, up to the limit") { try await $0.listsNewestFirst() },
        Check("lists jobs that fit every filter") { try await $0.filters() },
        Check("finds waiting jobs that are due") { try await $0.findsDueJobs() },
        Check("counts open jobs, and those ahead of one") { try await $0.countsOpenJobs() },
        Check("forgets what final jobs kept sealed") { try await $0.dropsSealed() },
    ]

    private func keepsAcceptedJobs() async throws {
        let job = JobRecord.sample()
        try await insert(job)
        #expect(try await self.job(job.id) == job)
        #expect(try await store.read { try $0.attempts(of: job.id) } == [job.attempt])
    }

    private func countsOpenJobs() async throws {
        let jobs = (1...5).map { JobRecord.sample($0) }
        let other = JobRecord.sample(6, agent: "agent-002")
        for job in [jobs[2], jobs[0], jobs[1], jobs[4], jobs[3], other] { try await insert(job) }
        _ = try await update(jobs[0], .claimed(attempt: 1), at: jobs[0].createdAt)
        _ = try await update(jobs[1], .cancelRequested, at: jobs[1].createdAt)
        try await store.read { reader throws in
            #expect(try reader.openJobs(of: jobs[0].agent) == 4)
            #expect(try reader.openJobs(of: other.agent) == 1)
            #expect(try reader.jobsAhead(of: jobs[2]) == 0)
            #expect(try reader.jobsAhead(of: jobs[4]) == 2)
            #expect(try reader.jobsAhead(of: other) == 0)
        }
    }

    private func dropsSealed() async throws {
        let names: Set<String> = ["password"]
        let jobs = [
            JobRecord.sample(1, retained: names), .sample(2, retained: names), .sample(3, retained: names),
            .sample(4, agent: "agent-002", retained: names),
            .sample(5, application: "mysql", retained: names),
        ]
        for job in jobs { try await insert(job) }
        var ended: [JobRecord] = []
        for job in jobs where job.id != jobs[2].id {
            ended.append(try await update(job, .abandoned("given up"), at: job.createdAt))
        }
        #expect(ended.allSatisfy { Set($0.sealed.keys) == names })
        try await store.write { [second = jobs[1]] in
            try $0.dropSealed(application: "nginx", on: second.agent, except: second.id)
        }
        let kept = try await store.read { store in try jobs.map { try store.job($0.id)?.sealed.count } }
        #expect(kept == [0, 1, jobs[2].sealed.count, 1, 1])
    }

    private func refusesSecondInsert() async throws {
        let job = JobRecord.sample()
        try await insert(job)
        await #expect(throws: StoreConflict(job: job.id)) { try await insert(job) }
        #expect(try await store.read { try $0.jobs(JobQuery()) } == [job])
    }

    private func answersNothing() async throws {
        let job = JobRecord.sample()
        try await store.read { reader throws in
            #expect(try reader.job(job.id) == nil)
            #expect(try reader.jobs(JobQuery()) == [])
            #expect(try reader.attempts(of: job.id) == [])
            #expect(try reader.jobsDue(by: Timestamp(milliseconds: .max)) == [])
            #expect(try reader.log(of: job.attempt.id, afterRecord: 0, limit: 9) == [])
            #expect(try reader.logExtent(of: job.attempt.id) == LogExtent())
            #expect(try reader.agent(job.agent) == nil)
            #expect(try reader.agents() == [])
            #expect(try reader.outbox(of: job.agent, after: 0, limit: 9) == [])
            #expect(try reader.job(of: "ops", under: "k") == nil)
            #expect(try reader.audit(after: 0, limit: 9) == [])
        }
    }

    private func refusesStaleUpdates() async throws {
        let queued = JobRecord.sample()
        let claimed = try queued.after(.claimed(attempt: 1))
        let cancelling = try claimed.after(.cancelRequested)
        let began = try claimed.after(.began(attempt: 1, at: queued.createdAt))
        try await insert(queued)
        await #expect(throws: StoreConflict(job: queued.id), "phase") {
            try await store.write { try $0.update(began, from: claimed) }
        }
        try await store.write { try $0.update(claimed, from: queued) }
        await #expect(throws: StoreConflict(job: queued.id), "state") {
            try await store.write { try $0.update(claimed, from: queued) }
        }
        try await store.write { try $0.update(cancelling, from: claimed) }
        await #expect(throws: StoreConflict(job: queued.id), "cancel") {
            try await store.write { try $0.update(began, from: claimed) }
        }
        #expect(try await job(queued.id) == cancelling)
        #expect(try await store.read { try $0.attempts(of: queued.id) } == [cancelling.attempt])
    }

    private func refusesFinalUpdates() async throws {
        let queued = JobRecord.sample()
        let final = try queued.after(.abandoned("given up"))
        await #expect(throws: StoreConflict(job: queued.id), "unknown") {
            try await store.write { try $0.update(final, from: queued) }
        }
        try await insert(queued)
        try await store.write { try $0.update(final, from: queued) }
        await #expect(throws: StoreConflict(job: queued.id), "final") {
            try await store.write { try $0.update(final, from: final) }
        }
        #expect(try await job(queued.id) == final)
    }

    private func listsNewestFirst() async throws {
        let jobs = (1...5).map { JobRecord.sample($0) }
        try await store.write { writer in for index in [2, 0, 4, 1, 3] { try writer.insert(jobs[index]) } }
        #expect(try await list(JobQuery()) == jobs.reversed().map(\.id))
        #expect(try await list(JobQuery(limit: 2)) == [jobs[4].id, jobs[3].id])
        #expect(try await list(JobQuery(before: jobs[3].id, limit: 2)) == [jobs[2].id, jobs[1].id])
        #expect(try await list(JobQuery(before: jobs[0].id)) == [])
        #expect(try await list(JobQuery(limit: 0)) == [])
    }

    private func filters() async throws {
        let jobs = [
            JobRecord.sample(1), .sample(2, agent: "agent-002"), .sample(3, application: "mysql"),
            .sample(4, agent: "agent-002", application: "mysql"),
        ]
        let running = try jobs[3].after(.claimed(attempt: 1))
        try await store.write { writer in
            for job in jobs { try writer.insert(job) }
            try writer.update(running, from: jobs[3])
        }
        let second = AgentID.sample("agent-002")
        #expect(try await list(JobQuery(agent: second)) == [jobs[3].id, jobs[1].id])
        #expect(try await list(JobQuery(application: "mysql")) == [jobs[3].id, jobs[2].id])
        #expect(try await list(JobQuery(state: .running)) == [jobs[3].id])
        #expect(try await list(JobQuery(state: .queued)) == [jobs[2].id, jobs[1].id, jobs[0].id])
        #expect(try await list(JobQuery(agent: second, state: .queued)) == [jobs[1].id])
        #expect(try await list(JobQuery(agent: second, application: "mysql", before: jobs[3].id)) == [])
        #expect(try await list(JobQuery(application: "' OR 1 = 1 --")) == [])
    }

    private func findsDueJobs() async throws {
        let jobs = [JobRecord.sample(1), .sample(2), .sample(3)]
        try await insert(jobs[0], jobs[1], jobs[2])
        var waiting: [JobRecord] = []
        for job in jobs.prefix(2) {
            let claimed = try await update(job, .claimed(attempt: 1), at: job.createdAt)
            let began = try await update(claimed, .began(attempt: 1, at: job.createdAt), at: job.createdAt)
            let result = AttemptResult.sample(.exited(code: 2))
            waiting.append(try await update(began, .finished(attempt: 1, result), at: job.createdAt))
        }
        let times = waiting.compactMap(\.retryAt).sorted()
        try #require(times.count == 2 && times[0] < times[1])
        let due = try await store.read { reader throws in
            try [times[0].advanced(byMilliseconds: -1), times[0], times[1]].map { try reader.jobsDue(by: $0) }
        }
        // The clock was ahead when the attempts failed, and is right again.
        let setBack = times[0].advanced(bySeconds: -(RetryPolicy.longestPause + 60))
        try #require(RetryPolicy.lastDue(from: setBack) == times[0])
        let early = try await store.read { try $0.jobsDue(by: setBack) }
        #expect(early == waiting.filter { $0.retryAt == times[1] })
        #expect(due[0] == [])
        #expect(due[1] == waiting.filter { $0.retryAt == times[0] })
        #expect(Set(due[2]) == Set(waiting))
    }

    private func list(_ query: JobQuery) async throws -> [JobID] {
        try await store.read { try $0.jobs(query).map(\.id) }
    }
}

import JobKit
import Testing

extension JobStoreConformance {
    static let transactionChecks = [
        Check("keeps nothing of a body that throws") { try await $0.undoesThrowingBodies() },
        Check("shows a body its own writes") { try await $0.showsOwnWrites() },
        Check("loses nothing of many writers at once") { try await $0.servesManyWriters() },
        Check("lets one of two that race for a job win") { try await $0.letsOneWin() },
    ]

    private struct Undone: Error {}

    private func undoesThrowingBodies() async throws {
        let job = JobRecord.sample(request: RequestStamp(key: "k", digest: "d"))
        let agent = AgentRecord(id: job.agent, firstSeenAt: job.createdAt, session: "s", facts: [:])
        await #expect(throws: Undone.self) {
            try await store.write { writer in
                try writer.insert(job)
                try writer.append([LogRecord(number: 1, at: job.createdAt, bytes: [1])], to: job.attempt.id)
                try writer.save(agent)
                try writer.append(
                    OutboxEntry(
                        agent: job.agent, position: StreamPosition(epoch: 1, number: 1), envelope: [1]))
                try writer.record(AuditDraft(at: job.createdAt, actor: "ops", action: "a"))
                _ = try writer.next("a")
                throw Undone()
            }
        }
        try await answersNothingOf(job)
        #expect(try await store.write { try $0.next("a") } == 1)
    }

    private func answersNothingOf(_ job: JobRecord) async throws {
        try await store.read { reader throws in
            #expect(try reader.job(job.id) == nil)
            #expect(try reader.attempts(of: job.id) == [])
            #expect(try reader.logExtent(of: job.attempt.id) == LogExtent())
            #expect(try reader.agents() == [])
            #expect(try reader.outbox(of: job.agent, after: 0, limit: 9) == [])
            #expect(try reader.job(of: "ops", under: "k") == nil)
            #expect(try reader.audit(after: 0, limit: 9) == [])
        }
    }

    private func showsOwnWrites() async throws {
        let job = JobRecord.sample()
        let claimed = try job.after(.claimed(attempt: 1))
        let seen = try await store.write { writer in
            try writer.insert(job)
            try writer.update(claimed, from: job)
            return try writer.job(job.id)
        }
        #expect(seen == claimed)
    }

    /// 64 tasks with 50 writes each; every tenth body of a task throws after it has written.
    private func servesManyWriters() async throws {
        let (tasks, writes) = (64, 50)
        let store = store
        let successes = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var successes = 0
                    for write in 0..<writes {
                        do {
                            try await store.write { writer in
                                _ = try writer.next("writes")
                                try writer.record(
                                    AuditDraft(
                                        at: JobRecord.sampleStart, actor: "task \(task)", action: "write",
                                        detail: ["number": "\(write)"]))
                                if write % 10 == task % 10 { throw Undone() }
                            }
                            successes += 1
                        } catch is Undone {}
                    }
                    return successes
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(successes == tasks * writes * 9 / 10)
        let lines = try await store.read { try $0.audit(after: 0, limit: .max) }
        #expect(lines.count == successes)
        #expect(AuditEntry.firstBreak(in: lines) == nil)
        #expect(
            !lines.contains { "task \((Int($0.draft.detail["number"] ?? "") ?? 0) % 10)" == $0.draft.actor })
        #expect(try await store.write { try $0.next("writes") } == successes + 1)
    }

    private func letsOneWin() async throws {
        let job = JobRecord.sample()
        let next = try job.after(.claimed(attempt: 1))
        let store = store
        try await insert(job)
        let winners = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<16 {
                group.addTask { (try? await store.write { try $0.update(next, from: job) }) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
        #expect(try await self.job(job.id) == next)
    }
}

import JobKit
import Testing

extension JobStoreConformance {
    static let recordChecks = [
        Check("keeps and replaces agents, by name") { try await $0.keepsAgents() },
        Check("keeps messages until they are covered") { try await $0.keepsTheOutbox() },
        Check("remembers a key for its actor alone, once") { try await $0.remembersRequests() },
        Check("chains audit lines without a gap") { try await $0.chainsAuditLines() },
        Check("counts each counter from 1") { try await $0.counts() },
        Check("remembers its last restoration") { try await $0.remembersRestoration() },
    ]

    private func keepsAgents() async throws {
        let id = AgentID.sample("b.agent")
        let first = AgentRecord(id: id, firstSeenAt: JobRecord.sampleStart, session: "s1", facts: [:])
        var changed = first
        changed.epoch = 2
        changed.lastSent = 7
        changed.downHead = ChainHead(after: [1])
        changed.received = 6
        changed.cursor = 5
        changed.upHead = ChainHead(after: [2])
        changed.session = "s2"
        changed.lastBeatAt = JobRecord.sampleStart.advanced(bySeconds: 9)
        changed.unreachableSince = JobRecord.sampleStart.advanced(bySeconds: 99)
        changed.quarantined = "two of a name"
        changed.pause = AgentRecord.Pause(at: JobRecord.sampleStart.advanced(bySeconds: 8), note: "kernel")
        changed.recoveringSince = JobRecord.sampleStart.advanced(bySeconds: 77)
        changed.revokedAt = JobRecord.sampleStart.advanced(bySeconds: 88)
        changed.keyGeneration = 3
        changed.keyID = "00ff"
        changed.facts = ["os": "debian \"12\"", "version": "1.0"]
        let others = ["c", "A", "a"].map {
            AgentRecord(id: .sample($0), firstSeenAt: JobRecord.sampleStart, session: "s", facts: ["n": $0])
        }
        try await store.write { try $0.save(first) }
        #expect(try await store.read { try $0.agent(id) } == first)
        try await store.write { [changed] writer in
            try writer.save(changed)
            for agent in others { try writer.save(agent) }
        }
        #expect(try await store.read { try $0.agent(id) } == changed)
        #expect(try await store.read { try $0.agents() } == [others[1], others[2], changed, others[0]])
    }

    private func keepsTheOutbox() async throws {
        let (mine, other) = (AgentID.sample("agent-001"), AgentID.sample("agent-002"))
        @Sendable func entry(_ agent: AgentID, _ number: Int, epoch: Int = 1) -> OutboxEntry {
            OutboxEntry(
                agent: agent, position: StreamPosition(epoch: epoch, number: number),
                envelope: [0xFF, 0, UInt8(number)])
        }
        try await store.write { writer in
            for number in 1...5 { try writer.append(entry(mine, number)) }
            try writer.append(entry(other, 1))
        }
        try await store.read { reader throws in
            #expect(try reader.outbox(of: mine, after: 0, limit: 99) == (1...5).map { entry(mine, $0) })
            #expect(try reader.outbox(of: mine, after: 2, limit: 2) == [entry(mine, 3), entry(mine, 4)])
        }
        try await store.write { try $0.removeOutbox(of: mine, through: 3) }
        try await store.read { reader throws in
            #expect(try reader.outbox(of: mine, after: 0, limit: 99) == [entry(mine, 4), entry(mine, 5)])
            #expect(try reader.outbox(of: other, after: 0, limit: 99) == [entry(other, 1)])
        }
        try await store.write { writer in
            try writer.removeOutbox(of: mine, through: .max)
            try writer.append(entry(mine, 1, epoch: 2))
        }
        #expect(
            try await store.read { try $0.outbox(of: mine, after: 0, limit: 9) } == [entry(mine, 1, epoch: 2)]
        )
    }

    private func remembersRequests() async throws {
        let first = JobRecord.sample(1, request: RequestStamp(key: "k", digest: "d1"))
        let other = JobRecord.sample(2, actor: "dev", request: RequestStamp(key: "k", digest: "d2"))
        try await insert(first, other, .sample(3), .sample(4))
        for again in [
            JobRecord.sample(5, request: RequestStamp(key: "k", digest: "d3")),
            .sample(6, agent: "agent-002", request: first.request),
        ] {
            await #expect(throws: StoreConflict(job: again.id), "the key stands for another job") {
                try await store.write { try $0.insert(again) }
            }
        }
        // What an agent tells of happened, whatever this record knew.
        let told = JobRecord.sample(7, request: first.request, isRecovered: true)
        #expect(try await store.read { try $0.job(of: "ops", under: "k") } == first)
        try await insert(told)
        try await store.read { reader throws in
            #expect(try reader.job(of: "ops", under: "k") == told, "which ran")
            #expect(try reader.job(of: "dev", under: "k") == other)
            #expect(try reader.job(of: "ops", under: "K") == nil)
        }
    }

    private func chainsAuditLines() async throws {
        let job = JobRecord.sample()
        let drafts = (1...5).map { number in
            AuditDraft(
                at: JobRecord.sampleStart.advanced(bySeconds: number), actor: "ops", action: "job.accepted",
                job: number == 2 ? nil : job.id, agent: number == 3 ? nil : job.agent,
                detail: number == 4 ? [:] : ["reason": "it's \"so\"", "n": "\(number)"])
        }
        for draft in drafts.prefix(3) { try await store.write { try $0.record(draft) } }
        await #expect(throws: CancellationError.self) {
            try await store.write { writer in
                try writer.record(drafts[0])
                throw CancellationError()
            }
        }
        try await store.write { writer in for draft in drafts.suffix(2) { try writer.record(draft) } }
        let lines = try await store.read { try $0.audit(after: 0, limit: 99) }
        #expect(lines.map(\.draft) == drafts)
        #expect(lines.map(\.number) == [1, 2, 3, 4, 5])
        #expect(lines.first?.previous == AuditEntry.genesis)
        #expect(AuditEntry.firstBreak(in: lines) == nil)
        let middle = try await store.read { try $0.audit(after: 2, limit: 2) }
        #expect(middle == Array(lines[2..<4]))
        #expect(AuditEntry.firstBreak(in: middle, after: lines[1]) == nil)
    }

    private func remembersRestoration() async throws {
        #expect(try await store.read { try $0.restoredAt() } == nil)
        for second in [1, 9] {
            let moment = JobRecord.sampleStart.advanced(bySeconds: second)
            try await store.write { try $0.noteRestoration(at: moment) }
            #expect(try await store.read { try $0.restoredAt() } == moment)
        }
    }

    private func counts() async throws {
        let values = try await store.write { writer in
            try ["a", "a", "b", "a"].map { try writer.next($0) }
        }
        #expect(values == [1, 2, 1, 3])
        #expect(try await store.write { try $0.next("a") } == 4)
        for (floor, value) in [(9, 9), (9, 10), (3, 11)] {
            #expect(try await store.write { try $0.next("a", atLeast: floor) } == value)
        }
    }
}

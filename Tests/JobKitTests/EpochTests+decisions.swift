import TestSupport
import Testing

@testable import JobKit

/// What was decided about jobs and agents before a panel was restored, or since its backup.
extension EpochTests {
    private func insert(_ jobs: JobRecord...) async throws {
        try await store.write { for job in jobs { try $0.insert(job) } }
    }

    /// The jobs that the agent is to call off, by the messages that wait for it.
    private func calledOff() async throws -> [JobID] {
        let sent = try await store.read { try $0.outbox(of: Fixtures.agent, after: 0, limit: 9) }
        return try sent.compactMap { entry in
            let envelope = try SignedEnvelope(parsing: entry.envelope, maximum: SignedEnvelope.maximumDown)
            guard envelope.kind == .cancel else { return nil }
            var members = try MemberReader(parsing: envelope.payload)
            return try members.parsed("job", "a job", JobID.init)
        }
    }

    /// It was called off after the backup was made, and never began.
    @Test func believesThatAClaimedJobWasWithdrawn() async throws {
        try await meetAgent(isRecovering: true)
        try await insert(Fixtures.job(1).after(.claimed(attempt: 1)))
        _ = try await ingest([.inventory([summary(1, .withdrawn)], live: [])])
        #expect(try await state(1) == "cancelled before_start")
        #expect(try await store.read { try $0.outbox(of: Fixtures.agent, after: 0, limit: 9) } == [])
    }

    /// The word for it was still to be sent when the epoch ended.
    @Test(arguments: [true, false]) func callsOffAgainWhatIsToBeCalledOff(isRecovering: Bool) async throws {
        try await meetAgent(isRecovering: isRecovering)
        let began: [JobEvent] = [.claimed(attempt: 1), .began(attempt: 1, at: Fixtures.time)]
        let running = try began.reduce(Fixtures.job(1)) { try $0.after($1) }
        try await insert(
            running.after(.cancelRequested),
            try Fixtures.job(2).after(.claimed(attempt: 1), .cancelRequested),
            began.reduce(Fixtures.job(3)) { try $0.after($1) }.after(.abandoned("given up")),
            began.reduce(Fixtures.job(4)) { try $0.after($1) })
        let live: [UInt8] = [1, 3, 4]
        _ = try await ingest([
            .inventory(live.map { summary($0, nil) }, live: live.map { Fixtures.order($0).attempt })
        ])
        #expect(try await calledOff().sorted { "\($0)" < "\($1)" } == [1, 2, 3].map { Fixtures.jobID($0) })
        let sent = try await store.read { try $0.agent(Fixtures.agent)?.lastSent }
        #expect(sent == (isRecovering ? 4 : 3), "what never began is offered before it is called off")
    }

    /// An agent may say what it likes of what it has under way; it makes no messages of it without end.
    @Test func callsEachJobOffOnceAndNobodyElses() async throws {
        try await meetAgent(isRecovering: false)
        let given = try Fixtures.job(1).after(.claimed(attempt: 1), .abandoned("given up"))
        let other = try JobRecord.sample(1, agent: "agent-002").after(.abandoned("given up"))
        try await insert(given, other)
        let live = Array(repeating: given.attempt.id, count: 500) + [other.attempt.id]
        _ = try await ingest([.inventory([], live: live)])
        #expect(try await calledOff() == [given.id])
    }

    /// Honest agents tell it once in an epoch; another one fills neither wire nor disk by it.
    @Test(arguments: [true, false]) func callsOffOnceInAnEpoch(isRecovering: Bool) async throws {
        try await meetAgent(isRecovering: isRecovering)
        let began: [JobEvent] = [.claimed(attempt: 1), .began(attempt: 1, at: Fixtures.time)]
        try await insert(
            began.reduce(Fixtures.job(1)) { try $0.after($1) }.after(.cancelRequested),
            began.reduce(Fixtures.job(2)) { try $0.after($1) }.after(.abandoned("given up")))
        let inventory = AgentEvent.inventory([], live: [Fixtures.order(2).attempt])
        for _ in 1...2 {
            #expect(try await ingest([inventory, inventory]).quarantined.isEmpty)
            #expect(try await calledOff() == [1, 2].map { Fixtures.jobID($0) })
        }
        _ = try await store.write { [epoch] in
            try $0.beginNewEpochs(at: Timestamp(milliseconds: Int64(epoch) * 1000))
        }
        _ = try await ingest([inventory, inventory])
        #expect(try await calledOff() == [1, 2].map { Fixtures.jobID($0) })
    }

    /// Enrolled anew since the backup: the server may have another journal by now, and tell nothing of before.
    @Test func offersNothingAgainOfAnEarlierKey() async throws {
        try await meetAgent(isRecovering: false)
        try await insert(Fixtures.job(1), try Fixtures.job(2).after(.claimed(attempt: 1)))
        var later = try #require(try await store.read { try $0.agent(Fixtures.agent) })
        (later.keyGeneration, later.epoch) = (2, epoch + 100)
        _ = try await store.write { [later, epoch] in
            try $0.beginNewEpochs(
                at: Timestamp(milliseconds: Int64(epoch) * 1000), knowing: LaterDecisions(agents: [later]))
        }
        for number: UInt8 in 1...2 { #expect(try await state(number) == "failed abandoned") }
        let agent = try #require(try await store.read { try $0.agent(Fixtures.agent) })
        #expect(agent.epoch > epoch + 100, "an agent takes up none that is older than its own")
    }

    /// Whoever comes back under the name cannot tell what ran, and runs none of it.
    @Test func givesUpWhatARevokedAgentHadNotTold() async throws {
        try await meetAgent(isRecovering: true)
        let began: [JobEvent] = [.claimed(attempt: 1), .began(attempt: 1, at: Fixtures.time)]
        try await insert(
            Fixtures.job(1), try Fixtures.job(2).after(.claimed(attempt: 1)),
            began.reduce(Fixtures.job(3)) { try $0.after($1) })
        let desk = ServerDesk(store: store, now: { Fixtures.time }, onChanged: { _ in })
        _ = try await desk.revoke(Fixtures.agent, actor: "ops")
        for number: UInt8 in 1...2 { #expect(try await state(number) == "failed abandoned") }
        #expect(try await state(3) == "running ")

        _ = try await store.write { try $0.readmit(Fixtures.agent) }
        _ = try await ingest([.inventory([], live: [])])
        #expect(try await store.read { try $0.outbox(of: Fixtures.agent, after: 0, limit: 9) } == [])
    }

    /// The beat was believed before the key was revoked, and is decided over behind that.
    @Test func bringsNobodyBackUnderTheKeyThatIsRevoked() async throws {
        try await meetAgent(isRecovering: false)
        let desk = ServerDesk(store: store, now: { Fixtures.time }, onChanged: { _ in })
        let revoked = try await desk.revoke(Fixtures.agent, actor: "ops")
        #expect(try await store.write { try $0.readmit(Fixtures.agent, keyGeneration: 1) } == false)
        #expect(try await store.read { try $0.agent(Fixtures.agent) } == revoked)
        #expect(try await store.write { try $0.readmit(Fixtures.agent) })
        #expect(try await store.read { try $0.agent(Fixtures.agent) }?.revokedAt == nil)
    }

    /// The backup holds a job that an agent had claimed when its key was revoked.
    @Test func offersNothingAgainThatAnAgentHadWhenItWasRevoked() async throws {
        try await meetAgent(isRecovering: false)
        try await insert(try Fixtures.job(1).after(.claimed(attempt: 1)))
        let desk = ServerDesk(store: store, now: { Fixtures.time }, onChanged: { _ in })
        _ = try await desk.revoke(Fixtures.agent, actor: "ops")
        #expect(try await state(1) == "running ")
        _ = try await store.write { [epoch] in
            try $0.beginNewEpochs(at: Timestamp(milliseconds: Int64(epoch) * 1000))
        }
        #expect(try await state(1) == "failed abandoned")
        _ = try await store.write { try $0.readmit(Fixtures.agent) }
        _ = try await ingest([
            .inventory([summary(2, .ended(.sample(.exited(code: 0))))], live: [])
        ])
        #expect(try await state(2) == "succeeded ", "what its next key did is learnt")
        #expect(try await store.read { try $0.outbox(of: Fixtures.agent, after: 0, limit: 9) } == [])
    }

    /// A backup brings no job back that was called off or given up since, and makes up no end of one.
    @Test func keepsWhatWasDecidedAgainstJobsSince() async throws {
        try await meetAgent(isRecovering: false)
        let failed = AttemptResult.sample(.exited(code: 75))
        let ran: [JobEvent] = [.claimed(attempt: 1), .began(attempt: 1, at: Fixtures.time)]
        func job(_ number: UInt8, _ events: [JobEvent]) throws -> JobRecord {
            try events.reduce(Fixtures.job(number)) { try $0.after($1) }
        }
        // What the backup has, and what became of it since.
        let rows: [(backup: [JobEvent], since: [JobEvent], ends: String)] = [
            ([], [.cancelRequested], "cancelled before_start"),
            ([], ran + [.cancelRequested], "running "),
            (ran, [.cancelRequested], "running "),
            (ran + [.finished(attempt: 1, failed)], [.cancelRequested], "cancelled between_attempts"),
            (ran, [.finished(attempt: 1, failed), .cancelRequested], "running "),
            (ran, [.abandoned("given up")], "failed abandoned"),
            (ran, [], "running "),
        ]
        var later: [JobRecord] = []
        for (index, row) in rows.enumerated() {
            let old = try job(UInt8(index + 1), row.backup)
            try await insert(old)
            later.append(try row.since.reduce(old) { try $0.after($1) })
        }
        let calledOff = later.filter { $0.cancelRequestedAt != nil || $0.reason == .abandoned }
        _ = try await store.write { [epoch] in
            try $0.beginNewEpochs(
                at: Timestamp(milliseconds: Int64(epoch) * 1000), knowing: LaterDecisions(jobs: calledOff))
        }
        for (index, row) in rows.enumerated() { #expect(try await state(UInt8(index + 1)) == row.ends) }
        let marks = try await store.read { store in
            try (1...7).map { try store.job(Fixtures.jobID(UInt8($0)))?.cancelRequestedAt != nil }
        }
        #expect(marks == [true, true, true, true, true, false, false])
    }

    /// A backup takes no revocation back, no pause and no quarantine.
    @Test func keepsWhatWasDecidedAgainstAgentsSince() async throws {
        try await meetAgent(isRecovering: false)
        let known = try #require(try await store.read { try $0.agent(Fixtures.agent) })
        var revoked = known
        (revoked.keyGeneration, revoked.revokedAt) = (2, Fixtures.time)
        var other = AgentRecord(id: Fixtures.otherAgent, firstSeenAt: Fixtures.time, session: "s", facts: [:])
        other.pause = AgentRecord.Pause(at: Fixtures.time, note: "disk")
        other.quarantined = "poison"
        let count = try await store.write { [revoked, other] in
            try $0.beginNewEpochs(at: Fixtures.time, knowing: LaterDecisions(agents: [revoked, other]))
        }
        #expect(count == 2)
        let agents = try await store.read { try $0.agents() }
        #expect(agents.map(\.keyGeneration) == [2, 1])
        #expect(agents.map(\.revokedAt) == [Fixtures.time, nil])
        #expect(agents.map(\.pause?.note) == [nil, "disk"])
        #expect(agents.map(\.quarantined) == [nil, "poison"])
    }
}

extension StoreWriter {
    /// Takes the agent for one that came back under a key given after its revocation, or under another one.
    ///
    /// - Returns: whether it is taken for that.
    fileprivate func readmit(_ agent: AgentID, keyGeneration: Int = 2) throws -> Bool {
        let beat = Beat(
            agent: agent, session: "t", count: 1, heard: nil, received: StreamPosition(epoch: 1, number: 0),
            stuck: nil, reported: 0, running: [], halted: nil, bootID: "b", clock: Fixtures.time,
            version: "1",
            facts: [:])
        let signed = try SignedBeat(
            beat, keys: Fixtures.keyring.keys(for: agent, generation: keyGeneration))
        return try admit(agent, by: signed, isHere: true, keyring: Fixtures.keyring, at: Fixtures.time).1
    }
}

extension SignedBeat {
    /// A beat as its agent signs it, under its first key where no others are given.
    init(_ beat: Beat, keys: [AgentKeys] = Fixtures.keys) throws(EnvelopeError) {
        try self.init(verifying: beat.signed(with: keys[0]).bytes, keys: keys)
    }
}

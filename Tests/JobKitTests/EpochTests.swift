import TestSupport
import Testing

@testable import JobKit

/// A panel that was restored from a backup: what its agents tell, and what it makes of that.
@Suite("A new epoch") struct EpochTests {
    private let now = Fixtures.moment
    let epoch = 1_770_000_000

    func summary(_ number: UInt8, attempt: Int = 1, _ end: AttemptSummary.End?) -> AttemptSummary {
        var order = Fixtures.order(number)
        order.attempt = AttemptID(job: order.attempt.job, number: attempt)
        return told(order, end)
    }

    /// As the agent tells of an order that the panel gave it, for this request.
    func told(
        _ order: JobOrder, _ end: AttemptSummary.End?, _ request: RequestStamp? = nil
    ) -> AttemptSummary {
        var order = order
        order.voucher = (try? Fixtures.keyring.voucher.make(for: order, of: Fixtures.agent, request)) ?? []
        return AttemptSummary(order: order, end: end)
    }

    // MARK: - The agent

    private func kept(_ number: UInt8, _ end: AttemptSummary.End?) -> AttemptSummary {
        AttemptSummary(order: Fixtures.order(number), end: end)
    }

    private func word(cursor: Int = 0, head: ChainHead? = nil, epoch: Int, sent: Int = 0) -> Delivery {
        var delivery = Delivery()
        let word = Acknowledgement(
            agent: Fixtures.agent, generation: epoch + cursor + sent, cursor: cursor,
            head: head ?? ChainHead(genesis: .up, agent: Fixtures.agent, epoch: epoch), need: nil,
            epoch: epoch,
            sent: sent, panelTime: Fixtures.time)
        delivery.acknowledgement = (
            word.signed(with: Fixtures.keys[0]).bytes, AcknowledgementMark("\(epoch)")
        )
        return delivery
    }

    private func events(of machine: AgentMachine) throws -> [AgentEvent] {
        try machine.unreported(through: machine.lastPosition, limit: 100).map { entry in
            let envelope = try SignedEnvelope(parsing: entry.bytes, maximum: SignedEnvelope.maximumUp)
            return try Uplink(payload: envelope.payload).event
        }
    }

    /// Why the agent starts nothing, as its beats tell it.
    private func halted(_ machine: AgentMachine) throws -> String? {
        var machine = machine
        let beat = machine.beat(
            received: machine.received, at: now, bootID: "b", version: "1", facts: [:])
        return try SignedBeat(verifying: try #require(beat), keys: Fixtures.keys).beat.halted
    }

    /// A panel that went back behind a restoration is told apart from one that does not answer.
    @Test func anOlderEpochShowsAPanelThatIsSetBack() throws {
        var machine = try busyAgent()
        machine.take(word(epoch: epoch), at: now)
        machine.recollect([])
        #expect(try halted(machine) == nil)
        machine.take(word(cursor: 1, epoch: 1), at: now)
        #expect(machine.setBackCursor == 1)
        #expect(try halted(machine) == "set_back")
        #expect(machine.received.epoch == epoch && machine.permit == nil)
        machine.take(word(epoch: epoch, sent: 1), at: now)
        #expect(try halted(machine) == nil)
    }

    /// An agent whose job 1 is over and known to the panel, whose job 2 runs, and whose job 3 waits.
    private func busyAgent() throws -> AgentMachine {
        var machine = AgentMachine(agent: Fixtures.agent, session: "s", keys: Fixtures.keys)
        func permit() throws {
            let last = try #require(machine.unreported(through: machine.lastPosition, limit: 100).last)
            let envelope = try SignedEnvelope(parsing: last.bytes, maximum: SignedEnvelope.maximumUp)
            machine.take(
                word(
                    cursor: machine.lastEvent, head: ChainHead(after: envelope.payload), epoch: 1,
                    sent: machine.received.number), at: now)
        }
        var delivery = Delivery()
        delivery.entries = Fixtures.downlinks((1...3).map { .job(Fixtures.order($0)) })
        machine.take(delivery, at: now)
        try permit()
        let first = Fixtures.order(1).attempt
        let result = AttemptResult(ending: .exited(code: 0), beganAt: Fixtures.time, endedAt: Fixtures.time)
        machine.take([.began(at: Fixtures.time), .ended(result)], of: first, at: now)
        try permit()
        machine.take([.began(at: Fixtures.time)], of: Fixtures.order(2).attempt, at: now)
        _ = machine.takeDecisions()
        return machine
    }

    @Test func goesOnWithWhatRunsAndTellsWhatWasDone() throws {
        var machine = try busyAgent()
        #expect(machine.running == [Fixtures.order(2).attempt])
        machine.take(word(epoch: epoch), at: now)
        #expect(machine.takeDecisions().effects == [.recollect])
        let older = summary(9, .withdrawn)
        machine.recollect([older])
        let result = AttemptResult(ending: .exited(code: 0), beganAt: Fixtures.time, endedAt: Fixtures.time)
        #expect(
            try events(of: machine) == [
                .inventory(
                    [kept(1, .ended(result)), kept(2, nil), kept(3, .waiting), older],
                    live: [Fixtures.order(2).attempt])
            ])
        #expect(machine.order == [Fixtures.order(2).attempt], "what waited is offered anew")
        #expect(machine.takeDecisions().effects.contains(.follow(Fixtures.order(2).attempt, afterRecord: 0)))
        #expect(machine.received == StreamPosition(epoch: epoch, number: 0))
    }

    /// The disk may hold any part of what was written when the power went.
    @Test(arguments: 0...2) func tellsAgainWhatTheDiskDoesNotHold(lines: Int) throws {
        var machine = AgentMachine(agent: Fixtures.agent, session: "s", keys: Fixtures.keys)
        var journal: [JournalEntry] = []
        var delivery = Delivery()
        delivery.entries = Fixtures.downlinks([.job(Fixtures.order(1))])
        machine.take(delivery, at: now)
        journal += machine.takeDecisions().lines
        machine.take(word(epoch: epoch), at: now)
        machine.recollect([])
        let decided = machine.takeDecisions().lines
        #expect(decided.count == 2)

        var revived = AgentMachine(agent: Fixtures.agent, session: "t", keys: Fixtures.keys)
        try revived.replay(journal + decided.prefix(lines))
        revived.recover([:], at: now)
        if lines == 0 { revived.take(word(epoch: epoch), at: now) }
        if lines < 2 {
            #expect(revived.takeDecisions().effects.contains(.recollect))
            revived.recollect([])
        }
        #expect(try events(of: revived) == [.inventory([kept(1, .waiting)], live: [])])
        #expect(revived.received == StreamPosition(epoch: epoch, number: 0))
    }

    /// What a compaction drops goes into the archive that is being read.
    @Test func keepsItsJournalWhileTheArchiveIsRead() throws {
        var machine = AgentMachine(agent: Fixtures.agent, session: "s", keys: Fixtures.keys)
        #expect(machine.mayBeCompacted)
        machine.take(word(epoch: epoch), at: now)
        _ = machine.takeDecisions()
        #expect(!machine.mayBeCompacted)
        machine.recollect([])
        _ = machine.takeDecisions()
        #expect(machine.mayBeCompacted)
    }

    @Test func startsNothingBetweenTheWordAndTheArchive() throws {
        var machine = AgentMachine(agent: Fixtures.agent, session: "s", keys: Fixtures.keys)
        machine.take(word(epoch: epoch), at: now)
        var delivery = Delivery()
        delivery.entries = Fixtures.downlinks([.job(Fixtures.order(1))])
        machine.take(delivery, at: now)
        #expect(machine.lastEvent == 0, "nothing is claimed in an epoch that is over")
    }

    // MARK: - The panel

    let store = MemoryJobStore()

    func meetAgent(isRecovering: Bool) async throws {
        try await store.write { [epoch] in
            var agent = AgentRecord(id: Fixtures.agent, firstSeenAt: Fixtures.time, session: "s", facts: [:])
            try $0.save(agent)
            guard isRecovering else { return }
            _ = try $0.beginNewEpochs(at: Timestamp(milliseconds: Int64(epoch) * 1000))
            agent = try #require(try $0.agent(Fixtures.agent))
            #expect(agent.epoch == epoch)
            #expect(agent.recoveringSince != nil)
        }
    }

    /// Takes in events as the first ones of the agent's new epoch.
    func ingest(_ events: [AgentEvent]) async throws -> EventBatch.Outcome {
        try await store.write { store in
            var outcome = EventBatch.Outcome()
            let agent = try #require(try store.agent(Fixtures.agent))
            var head = agent.upHead
            let verified = events.enumerated().map { index, event in
                let uplink = Uplink(
                    agent: agent.id,
                    position: StreamPosition(epoch: agent.epoch, number: agent.cursor + index + 1),
                    previous: head, session: "s", event: event)
                head = ChainHead(after: uplink.payload)
                return VerifiedEvent(uplink: uplink, payload: uplink.payload)
            }
            try EventBatch(
                agent: agent.id, events: verified, keyring: Fixtures.keyring, now: Fixtures.time
            ).apply(to: store, &outcome)
            return outcome
        }
    }

    func state(_ number: UInt8) async throws -> String? {
        try await store.read { store in
            try store.job(Fixtures.jobID(number)).map { "\($0.state.rawValue) \($0.reason?.rawValue ?? "")" }
        }
    }

    @Test func learnsWhatWasDoneSinceTheBackup() async throws {
        try await meetAgent(isRecovering: true)
        try await store.write {
            for number in 1...5 { try $0.insert(Fixtures.job(UInt8(number), isIdempotent: true)) }
        }
        let outcome = try await ingest([
            .inventory(
                [
                    summary(1, .ended(.sample(.exited(code: 0)))),
                    summary(2, .ended(.sample(.exited(code: 2)))),
                    summary(2, attempt: 2, .ended(.sample(.timedOut))), summary(3, .withdrawn),
                    summary(4, nil),
                ], live: nil),
            .inventory(
                [
                    summary(6, .ended(.sample(.interrupted(.runnerDied)))), summary(6, attempt: 2, nil),
                    summary(7, .ended(.sample(.exited(code: 3)))),
                    summary(8, .refused(Refusal(.policy, "no"))),
                    summary(9, attempt: 2, .ended(.sample(.exited(code: 0)))), summary(10, .waiting),
                ], live: [summary(4, nil).order.attempt, summary(6, attempt: 2, nil).order.attempt]),
        ])
        #expect(outcome.quarantined.isEmpty)
        #expect(try await state(1) == "succeeded ")
        #expect(try await state(2) == "failed timeout")
        #expect(try await state(3) == "cancelled before_start")
        #expect(try await state(4) == "running ")
        #expect(try await state(5) == "queued ")
        #expect(try await state(6) == "running ")
        #expect(try await state(7) == "failed out_of_memory")
        #expect(try await state(8) == "refused policy")
        #expect(try await state(9) == "succeeded ")
        let learnt = try #require(try await store.read { try $0.job(Fixtures.jobID(7)) })
        #expect(learnt.isRecoveredFromAgent)
        #expect(learnt.inputs == Fixtures.order(7).inputs)
        let agent = try #require(try await store.read { try $0.agent(Fixtures.agent) })
        #expect(agent.recoveringSince == nil)
        // Of all that waits only what never began is offered.
        #expect(try await state(10) == "queued ")
        #expect(agent.lastSent == 2)
        #expect(agent.cursor == 2)
    }

    @Test func offersNothingBeforeItKnows() async throws {
        try await meetAgent(isRecovering: true)
        try await store.write {
            try $0.insert(Fixtures.job(1))
            try $0.offer(Fixtures.job(1), keyring: Fixtures.keyring, at: Fixtures.time)
        }
        #expect(try await store.read { try $0.outbox(of: Fixtures.agent, after: 0, limit: 9) } == [])
        _ = try await ingest([.inventory([], live: [])])
        #expect(try await store.read { try $0.outbox(of: Fixtures.agent, after: 0, limit: 9).count } == 1)
    }

    /// However often the panel was started since the backup: whoever names one of its words means that one.
    @Test func givesNoWordThatThePanelOfBeforeGave() async throws {
        func start(_ store: MemoryJobStore, atSecond second: Int) async throws -> Int {
            let now: @Sendable () -> Timestamp = { Fixtures.time.advanced(bySeconds: second) }
            let queue = MemoryJobQueue()
            let panel = ReportIngestor(
                store: store, link: queue, keyring: Fixtures.keyring,
                acknowledger: Acknowledger(keyring: Fixtures.keyring, now: now), clock: ContinuousClock(),
                now: now)
            panel.ring([Fixtures.agent])
            try await panel.turn()
            return panel.acknowledger.last
        }
        let (lost, backup) = (MemoryJobStore(), MemoryJobStore())
        var last: [Int] = []
        for second in [0, 0, 1] { last.append(try await start(lost, atSecond: second)) }
        last.append(try await start(backup, atSecond: 4))
        #expect(last == last.sorted() && Set(last).count == 4)
    }

    /// An agent that was enrolled after the backup was made has a history, too.
    @Test func asksAgentsThatTheBackupDoesNotKnow() async throws {
        let moment = Timestamp(milliseconds: Int64(epoch) * 1000)
        let beat = Beat(
            agent: Fixtures.agent, session: "s", count: 1, heard: nil,
            received: StreamPosition(epoch: 1, number: 5), stuck: nil, reported: 9, running: [], halted: nil,
            bootID: "b", clock: Fixtures.time, version: "1", facts: [:])
        let record = try await store.write { store in
            _ = try store.beginNewEpochs(at: moment)
            return try store.admit(
                Fixtures.agent, by: SignedBeat(beat), isHere: true, keyring: Fixtures.keyring, at: moment
            ).0
        }
        #expect(record.epoch == epoch)
        #expect(record.recoveringSince == moment)
    }

    @Test func neverTouchesWhatIsFinal() async throws {
        try await meetAgent(isRecovering: true)
        let final = try Fixtures.job(1).after(.abandoned("given up"))
        try await store.write { try $0.insert(final) }
        _ = try await ingest([.inventory([summary(1, .ended(.sample(.exited(code: 0))))], live: [])])
        #expect(try await store.read { try $0.job(final.id) } == final)
    }

    /// Nobody asked: an agent does not write the panel's history.
    @Test func learnsOfNoJobsUnasked() async throws {
        try await meetAgent(isRecovering: false)
        let outcome = try await ingest([.inventory([summary(1, .ended(.sample(.exited(code: 0))))], live: [])]
        )
        #expect(outcome.quarantined.isEmpty)
        #expect(try await state(1) == nil)
    }

    @Test func quarantinesWhoTellsOfAnothersJobs() async throws {
        try await meetAgent(isRecovering: true)
        let other = JobRecord.sample(1, agent: "agent-002")
        try await store.write { try $0.insert(other) }
        var order = Fixtures.order(1)
        order.attempt = other.attempt.id
        let outcome = try await ingest([
            .inventory([AttemptSummary(order: order, end: .withdrawn)], live: [])
        ])
        #expect(outcome.quarantined.count == 1)
        #expect(try await store.read { try $0.job(other.id) } == other)
    }

    /// A message has to fit into an envelope, whatever was ordered.
    @Test func tellsInPartsThatFit() throws {
        var large = Fixtures.order(1)
        large.inputs = ["text": String(repeating: "x", count: 200_000)]
        let summaries = [AttemptSummary(order: large, end: .withdrawn)] + (2...200).map { summary($0, nil) }
        let parts = summaries.inParts()
        #expect(parts.flatMap(\.self) == summaries)
        #expect(summaries[0].order.inputs.isEmpty)
        for part in parts {
            let uplink = Uplink(
                agent: Fixtures.agent, position: StreamPosition(epoch: 1, number: 1),
                previous: ChainHead(after: []), session: Fixtures.session,
                event: .inventory(part, live: part.map(\.order.attempt)))
            let envelope = SignedEnvelope(signing: uplink.payload, kind: .event, keys: Fixtures.keys[0])
            #expect(envelope.bytes.count <= SignedEnvelope.maximumUp)
            #expect(try Uplink(payload: uplink.payload) == uplink)
        }
    }
}

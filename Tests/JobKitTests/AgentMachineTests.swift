import TestSupport
import Testing

@testable import JobKit

@Suite("The agent's decisions") struct AgentMachineTests {
    let now = Fixtures.moment

    func machine(session: String = Fixtures.session) -> AgentMachine {
        AgentMachine(agent: Fixtures.agent, session: session, keys: Fixtures.keys)
    }

    func delivery(_ entries: [StreamEntry], _ acknowledgement: [UInt8]? = nil) -> Delivery {
        var delivery = Delivery()
        delivery.entries = entries
        delivery.acknowledgement = acknowledgement.map { ($0, AcknowledgementMark("1")) }
        return delivery
    }

    /// The panel's acknowledgement of all events the machine has decided so far.
    func permit(
        _ machine: AgentMachine, generation: Int = 1, sent: Int = 1, at time: Timestamp = Fixtures.time,
        head: ChainHead? = nil, cursor: Int? = nil, need: Int? = nil, isHeld: Bool = false
    ) throws -> [UInt8] {
        Acknowledgement(
            agent: Fixtures.agent, generation: generation, cursor: cursor ?? machine.lastEvent,
            head: try head ?? self.head(of: machine), need: need, epoch: 1, sent: sent, isHeld: isHeld,
            panelTime: time
        ).signed(with: Fixtures.keys[0]).bytes
    }

    /// The chain's head at the last event that was not acknowledged.
    func head(of machine: AgentMachine) throws -> ChainHead {
        let last = try #require(machine.unreported(through: machine.lastPosition, limit: 100).last)
        return ChainHead(
            after: try SignedEnvelope(parsing: last.bytes, maximum: SignedEnvelope.maximumUp).payload)
    }

    func started(_ effects: [AgentMachine.Effect]) -> [AttemptID] {
        effects.compactMap { if case .start(let job) = $0 { job.order.attempt } else { nil } }
    }

    @Test func claimsFirstAndStartsOnlyWithThePermit() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        let first = machine.takeDecisions()
        #expect(first.effects.isEmpty)
        #expect(first.lines.count == 2, "the message and the claim are one write")
        machine.take(delivery([], try permit(machine)), at: now)
        #expect(started(machine.takeDecisions().effects) == [Fixtures.order().attempt])
    }

    @Test func startsNothingWhileAMessageIsUnread() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        _ = machine.takeDecisions()
        machine.take(delivery([], try permit(machine, sent: 2)), at: now)
        #expect(machine.takeDecisions().effects.isEmpty)
    }

    @Test func startsAndClaimsNothingOnHold() throws {
        var machine = machine()
        let messages = Fixtures.downlinks([.job(Fixtures.order(1)), .job(Fixtures.order(2))])
        machine.take(delivery([messages[0]]), at: now)
        _ = machine.takeDecisions()
        let head = try head(of: machine)
        machine.take(delivery([], try permit(machine, isHeld: true)), at: now)
        #expect(machine.takeDecisions().effects.isEmpty)
        let claimed = machine.lastEvent
        machine.take(delivery([messages[1]]), at: now)
        #expect(machine.lastEvent == claimed)
        machine.take(delivery([], try permit(machine, generation: 2, sent: 2, head: head)), at: now)
        #expect(started(machine.takeDecisions().effects) == [Fixtures.order(1).attempt])
    }

    /// A server that is set up anew under a name that had a history takes up the epoch that follows.
    @Test func takesUpTheEpochOfANameThatHadAHistory() throws {
        func word(epoch: Int, generation: Int) -> [UInt8] {
            Acknowledgement(
                agent: Fixtures.agent, generation: generation, cursor: 0,
                head: ChainHead(genesis: .up, agent: Fixtures.agent, epoch: epoch), need: nil, epoch: epoch,
                sent: 0, panelTime: Fixtures.time
            ).signed(with: Fixtures.keys[0]).bytes
        }
        var machine = machine()
        machine.take(delivery([], word(epoch: 3, generation: 1)), at: now)
        #expect(machine.takeDecisions().effects == [.recollect])
        machine.recollect([])
        #expect(machine.received == StreamPosition(epoch: 3, number: 0))
        let lines = machine.takeDecisions().lines
        machine.take(delivery([], word(epoch: 2, generation: 2)), at: now)
        #expect(machine.received.epoch == 3)

        var restarted = self.machine(session: "another")
        try restarted.replay(lines)
        #expect(restarted.received == StreamPosition(epoch: 3, number: 0))
        restarted.take(delivery([], word(epoch: 4, generation: 3)), at: now)
        restarted.recollect([])
        #expect(restarted.received.epoch == 4)
        #expect(restarted.halt == nil)
    }

    @Test func neverStartsWhatWasCancelledBeforeThePermit() throws {
        let messages = Fixtures.downlinks([
            .job(Fixtures.order()), .cancel(Fixtures.order().attempt.job, actor: "a"),
        ])
        var machine = machine()
        machine.take(delivery([messages[0]]), at: now)
        _ = machine.takeDecisions()
        let acknowledgement = try permit(machine, sent: 2)
        machine.take(delivery([messages[1]], acknowledgement), at: now)
        #expect(started(machine.takeDecisions().effects).isEmpty)
        #expect(machine.lastEvent == 2)
    }

    @Test func startsNothingAfterItsTimeByThePanelsClock() throws {
        let order = Fixtures.order(expiresAt: Fixtures.time.advanced(bySeconds: 30))
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(order)])), at: now)
        _ = machine.takeDecisions()
        // The agent's own wall clock says it is early; the panel's says it is too late.
        let late = try permit(machine, at: Fixtures.time.advanced(bySeconds: 31))
        machine.take(delivery([], late), at: Moment(wall: Timestamp(milliseconds: 0), boot: now.boot))
        #expect(started(machine.takeDecisions().effects).isEmpty)
        #expect(machine.lastEvent == 2)
    }

    @Test func startsNothingUnderAStalePermit() throws {
        var machine = machine()
        let messages = Fixtures.downlinks([.job(Fixtures.order(1)), .job(Fixtures.order(2))])
        machine.take(delivery([messages[0]]), at: now)
        _ = machine.takeDecisions()
        let acknowledgement = try permit(machine, sent: 2)
        machine.take(delivery([], acknowledgement), at: now)
        #expect(machine.takeDecisions().effects.isEmpty)
        machine.take(delivery([messages[1]]), at: Moment(wall: now.wall, boot: now.boot + 60_001))
        #expect(started(machine.takeDecisions().effects).isEmpty)
    }

    /// Held back by whoever holds the wire, an acknowledgement looks new; its claim tells that it may be old.
    @Test func startsNothingUnderAPermitThatWasHeldBack() throws {
        let order = Fixtures.order(expiresAt: Fixtures.time.advanced(bySeconds: 24 * 3600))
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(order)])), at: now)
        _ = machine.takeDecisions()
        let heldBack = try permit(machine)
        let nextDay = Moment(wall: now.wall, boot: now.boot + 25 * 3_600_000)
        machine.take(delivery([], heldBack), at: nextDay)
        #expect(started(machine.takeDecisions().effects).isEmpty)
        #expect(machine.lastEvent == 2, "it asks anew")

        let fresh = try permit(machine, generation: 2, at: Fixtures.time.advanced(bySeconds: 25 * 3600))
        machine.take(delivery([], fresh), at: nextDay)
        #expect(
            started(machine.takeDecisions().effects).isEmpty,
            "and the panel's own time says that it is too late")
        #expect(machine.lastEvent == 3)
    }

    @Test func asksAnewWhereThePanelWasAwayForLong() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        _ = machine.takeDecisions()
        let later = Moment(wall: now.wall, boot: now.boot + 61_000)
        machine.take(delivery([], try permit(machine)), at: later)
        #expect(started(machine.takeDecisions().effects).isEmpty)
        machine.take(delivery([], try permit(machine, generation: 2)), at: later)
        #expect(started(machine.takeDecisions().effects) == [Fixtures.order().attempt])
    }

    /// Behind a message that is not to be believed a forged acknowledgement may stand where no true one comes after it.
    @Test func asksForTheNewestAcknowledgementWhereItIsStuck() throws {
        var machine = machine()
        let place = StreamPosition(epoch: 1, number: 1)
        machine.take(delivery([StreamEntry(position: place, bytes: [1, 2, 3])], [4, 5, 6]), at: now)
        #expect(machine.obstacle != nil)
        #expect(machine.mark == nil)
        machine.take(delivery([], [4, 5, 6]), at: now)
        #expect(machine.mark == AcknowledgementMark("1"), "one that says nothing is not read for ever")
        machine.take(Delivery(), at: now)
        #expect(machine.mark == nil)
    }

    @Test func claimsAnewWhatItsRunnerNeverBegan() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        machine.take(delivery([], try permit(machine)), at: now)
        _ = machine.takeDecisions()
        machine.take([.neverBegan], of: Fixtures.order().attempt, at: now)
        #expect(machine.running.isEmpty)
        #expect(machine.lastEvent == 2, "a second claim")
        machine.take(delivery([], try permit(machine, generation: 2)), at: now)
        #expect(started(machine.takeDecisions().effects) == [Fixtures.order().attempt])
    }

    /// Whoever holds the wire can put an event of ours under another number; only a twin writes one of this number.
    @Test func takesItsOwnEventInAnotherPlaceForNoTwins() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        machine.take(delivery([], try permit(machine)), at: now)
        machine.take(
            [.began(at: Fixtures.time), .log(LogRecord(number: 1, at: Fixtures.time, bytes: [1]))],
            of: Fixtures.order().attempt, at: now)
        let entries = machine.unreported(through: machine.lastPosition, limit: 10)
        machine.noteFound(entries[0].bytes, at: entries[1].position)
        #expect(machine.halt == nil)

        var twin = self.machine(session: "another session")
        twin.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        let claim = twin.unreported(through: StreamPosition(epoch: 1, number: 1), limit: 1)[0]
        var other = self.machine()
        other.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        other.noteFound(claim.bytes, at: StreamPosition(epoch: 1, number: 1))
        #expect(other.halt == .identityConflict)
    }

    /// F48: what is reported at once is little enough for a slow wire, and never nothing.
    @Test func reportsInPortions() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        machine.take(delivery([], try permit(machine)), at: now)
        let records = (1...40).map { number in
            LogRecord(number: number, at: Fixtures.time, bytes: [UInt8](repeating: 65, count: 20_000))
        }
        machine.take(
            [.began(at: Fixtures.time)] + records.map { .log($0) }, of: Fixtures.order().attempt, at: now)
        var numbers: [Int] = []
        while case let entries = machine.unreported(through: machine.lastPosition, limit: 64),
            let last = entries.last
        {
            #expect(entries.count == 1 || entries.reduce(0) { $0 + $1.bytes.count } <= 64 * 1024)
            numbers += entries.map(\.position.number)
            machine.noteReported(through: last.position)
        }
        #expect(numbers == Array(2...42), "all that the panel has not acknowledged")
    }

    /// The wish comes while the script is being started, when there is nothing to be ended yet.
    @Test func endsAScriptThatWasCalledOffWhileItWasStarted() throws {
        var machine = machine()
        let order = Fixtures.order()
        machine.take(delivery(Fixtures.downlinks([.job(order)])), at: now)
        machine.take(delivery([], try permit(machine)), at: now)
        let messages = Fixtures.downlinks([.job(order), .cancel(order.attempt.job, actor: "ops")])
        machine.take(delivery(Array(messages.dropFirst())), at: now)
        #expect(machine.takeDecisions().effects.contains(.cancel(order.attempt)))
        machine.take([.began(at: Fixtures.time)], of: order.attempt, at: now)
        #expect(machine.takeDecisions().effects == [.cancel(order.attempt)])
    }

    /// The wire is not the place to keep a log for a panel that is away.
    @Test func reportsSoManyEventsAheadOfThePanel() throws {
        var machine = machine()
        let attempt = Fixtures.order().attempt
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        machine.take(delivery([], try permit(machine)), at: now)
        machine.take([.began(at: Fixtures.time)], of: attempt, at: now)
        for number in 1...2000 {
            machine.take(
                [.log(LogRecord(number: number, at: Fixtures.time, bytes: [65]))], of: attempt, at: now)
        }
        var reported = 0
        while let last = machine.unreported(through: machine.lastPosition, limit: 64).last {
            reported = last.position.number
            machine.noteReported(through: last.position)
        }
        #expect(reported == machine.cursor + AgentMachine.reportWindow)
    }

    @Test func runsOneScriptAtATime() throws {
        var machine = machine()
        machine.take(
            delivery(Fixtures.downlinks([.job(Fixtures.order(1)), .job(Fixtures.order(2))])), at: now)
        _ = machine.takeDecisions()
        #expect(machine.lastEvent == 1, "only the first is claimed")
        machine.take(delivery([], try permit(machine, sent: 2)), at: now)
        #expect(started(machine.takeDecisions().effects) == [Fixtures.order(1).attempt])
        let result = AttemptResult(ending: .exited(code: 0), beganAt: Fixtures.time, endedAt: Fixtures.time)
        machine.take([.began(at: Fixtures.time), .ended(result)], of: Fixtures.order(1).attempt, at: now)
        #expect(machine.lastEvent == 4, "began, ended, and the second claim")
    }

    @Test func haltsWhenThePanelTellsAnotherHistory() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        _ = machine.takeDecisions()
        machine.take(delivery([], try permit(machine, head: ChainHead(after: [0]))), at: now)
        #expect(machine.halt == .forked)
        #expect(machine.takeDecisions().effects.isEmpty)
    }

    /// A new epoch mends a history that was forked; of two agents in one name it mends nothing.
    @Test func keepsToTheReasonThatOnlyAPersonEnds() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        _ = machine.takeDecisions()
        machine.halt = .identityConflict
        machine.take(delivery([], try permit(machine, cursor: 9)), at: now)
        #expect(machine.halt == .identityConflict)
    }

    @Test func haltsWhenThePanelHasEventsItNeverWrote() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        machine.take(delivery([], try permit(machine, cursor: 9)), at: now)
        #expect(machine.halt == .forked)
    }

    @Test func believesNoOlderAcknowledgement() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        _ = machine.takeDecisions()
        let old = try permit(machine, generation: 1, at: Fixtures.time.advanced(bySeconds: -3000))
        let new = try permit(machine, generation: 2)
        let (takesNew, takesOld) = (
            machine.take(delivery([], new), at: now), machine.take(delivery([], old), at: now)
        )
        #expect(takesNew && !takesOld)
        #expect(machine.halt == nil)
    }

    @Test func reportsNothingThatIsNotOnTheDisk() throws {
        var machine = machine()
        machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        #expect(machine.unreported(through: StreamPosition(epoch: 1, number: 0), limit: 100).isEmpty)
        #expect(machine.unreported(through: StreamPosition(epoch: 1, number: 1), limit: 100).count == 1)
    }

    /// J25: a cancel of a job that is over is written down, and that is all; what is offered after it is not called off.
    @Test func j25CancelsOfAFinishedJobHaveNoEffect() throws {
        let (order, other) = (Fixtures.order(1), Fixtures.order(2))
        var again = order
        again.attempt = AttemptID(job: order.attempt.job, number: 2)
        let messages = Fixtures.downlinks([
            .job(order), .cancel(other.attempt.job, actor: "ops"), .cancel(order.attempt.job, actor: "ops"),
            .job(again),
        ])
        var machine = machine()
        machine.take(delivery([messages[0]]), at: now)
        machine.take(delivery([], try permit(machine)), at: now)
        #expect(started(machine.takeDecisions().effects) == [order.attempt])
        machine.noteFollowing(order.attempt, afterRecord: 0)

        // Of another job while it runs.
        machine.take(delivery([messages[1]]), at: now)
        let stray = machine.takeDecisions()
        #expect(stray.lines.count == 1 && stray.effects.isEmpty)
        #expect(machine.running == [order.attempt])

        machine.take(
            [.began(at: Fixtures.time), .ended(.sample(.exited(code: 0)))], of: order.attempt, at: now)
        _ = machine.takeDecisions()
        let events = machine.lastEvent
        machine.take(delivery([messages[2]]), at: now)
        let late = machine.takeDecisions()
        #expect(late.lines.count == 1 && late.effects.isEmpty)
        #expect(machine.received.number == 3 && machine.lastEvent == events)

        machine.take(delivery([messages[3]]), at: now)
        machine.take(delivery([], try permit(machine, generation: 2, sent: 4)), at: now)
        #expect(started(machine.takeDecisions().effects) == [again.attempt])
    }
}

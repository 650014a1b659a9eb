import JobKit
import TestSupport
import Testing

/// What an agent makes of its journal after a restart.
extension AgentMachineTests {
    @Test func claimsAnewAfterARestart() throws {
        var first = machine()
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        let lines = first.takeDecisions().lines
        let oldPermit = try permit(first)

        var second = machine(session: "another session")
        try second.replay(lines)
        second.recover([:], at: now)
        #expect(second.lastEvent == 2, "a claim of the new session")
        second.take(delivery([], oldPermit), at: now)
        #expect(started(second.takeDecisions().effects).isEmpty, "an old permit starts nothing")
        second.take(delivery([], try permit(second, generation: 2)), at: now)
        #expect(started(second.takeDecisions().effects) == [Fixtures.order().attempt])
    }

    @Test(arguments: [
        AttemptStanding.running,
        .ended(AttemptResult(ending: .exited(code: 0), beganAt: nil, endedAt: Fixtures.time)),
    ])
    func followsWhatWasUnderWay(_ standing: AttemptStanding) throws {
        var first = machine()
        let attempt = Fixtures.order().attempt
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        first.take(delivery([], try permit(first)), at: now)
        first.take(
            [.began(at: Fixtures.time), .log(LogRecord(number: 1, at: Fixtures.time, bytes: [65]))],
            of: attempt, at: now)
        var second = machine()
        try second.replay(first.takeDecisions().lines)
        second.recover([attempt: standing], at: now)
        #expect(second.takeDecisions().effects == [.follow(attempt, afterRecord: 1)])
    }

    /// The panel had its end, and the agent died before it took the attempt's folder away.
    @Test func discardsAnAttemptThatTheJournalHasForgotten() throws {
        var first = machine()
        let attempt = Fixtures.order().attempt
        let end = AttemptResult(ending: .exited(code: 0), beganAt: Fixtures.time, endedAt: Fixtures.time)
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        first.take(delivery([], try permit(first)), at: now)
        first.take([.began(at: Fixtures.time), .ended(end)], of: attempt, at: now)
        let head = try head(of: first)
        first.take(delivery([], try permit(first, generation: 2)), at: now)
        let decisions = first.takeDecisions()
        #expect(decisions.effects.last == .discard(attempt))

        var second = machine(session: "another session")
        try second.replay(decisions.lines)
        second.recover([attempt: .ended(end)], at: now)
        #expect(second.takeDecisions().effects.isEmpty, "whether the journal is the newest is not known yet")
        second.take(delivery([], try permit(second, generation: 3, head: head)), at: now)
        #expect(second.takeDecisions().effects == [.discard(attempt)])
    }

    @Test func tellsThatTheStateIsLostAndRunsNothingAgain() throws {
        var first = machine()
        let attempt = Fixtures.order().attempt
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        first.take(delivery([], try permit(first)), at: now)
        first.take([.began(at: Fixtures.time)], of: attempt, at: now)
        var second = machine()
        try second.replay(first.takeDecisions().lines)
        second.recover([:], at: now)
        #expect(started(second.takeDecisions().effects).isEmpty)
        let last = try #require(second.unreported(through: second.lastPosition, limit: 100).last)
        let envelope = try SignedEnvelope(parsing: last.bytes, maximum: SignedEnvelope.maximumUp)
        guard case .ended(attempt, let result) = try Uplink(payload: envelope.payload).event else {
            Issue.record("the last event is not an end")
            return
        }
        #expect(result.ending == .interrupted(.stateLost))
    }

    /// G3: it was set out, and of what became of it nothing is left: it may have begun.
    @Test func beginsNothingAgainThatIsGoneSinceItWasSetOut() throws {
        let attempt = Fixtures.order().attempt
        var first = machine()
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        first.take(delivery([], try permit(first)), at: now)
        let lines = first.takeDecisions().lines + [.starting(attempt)]
        var compacted = machine()
        try compacted.replay(lines)
        for journal in [lines, compacted.compacted(machine: "m").lines] {
            var second = machine(session: "second")
            try second.replay(journal)
            second.recover([:], at: now)
            guard case .ended(attempt, let result) = try events(of: second).last else {
                Issue.record("the last event is not an end")
                return
            }
            #expect(result.ending == .interrupted(.stateLost))
        }
    }

    /// G3: traces that say it never began are not believed against the journal.
    @Test func beginsNothingAgainWhoseTracesAreGone() throws {
        let attempt = Fixtures.order().attempt
        var first = machine()
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        first.take(delivery([], try permit(first)), at: now)
        first.take([.began(at: Fixtures.time)], of: attempt, at: now)
        var second = machine(session: "second")
        try second.replay(first.takeDecisions().lines)
        second.recover([attempt: .neverBegan], at: now)
        first.take([.neverBegan], of: attempt, at: now)
        for machine in [first, second] {
            guard case .ended(attempt, let result) = try events(of: machine).last else {
                Issue.record("the last event is not an end")
                return
            }
            #expect(result.ending == .interrupted(.stateLost))
        }
    }

    /// What is set out in this life is in a journal that is compacted in it.
    @Test func keepsWhatIsSetOutInACompactedJournal() throws {
        let attempt = Fixtures.order().attempt
        var first = machine()
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        first.take(delivery([], try permit(first)), at: now)
        #expect(first.mayStart(attempt, at: now))
        first.noteSetOut(attempt)
        _ = first.takeDecisions()
        #expect(first.compacted(machine: "m").lines.contains(.starting(attempt)))
    }

    /// What was called off while its start waited is not wanted any more.
    @Test func wantsNoStartThatWasCalledOff() throws {
        let order = Fixtures.order()
        let cancel = Downlink.Content.cancel(order.attempt.job, actor: "token:test")
        let messages = Fixtures.downlinks([.job(order), cancel])
        var machine = machine()
        machine.take(delivery([messages[0]]), at: now)
        machine.take(delivery([], try permit(machine)), at: now)
        #expect(machine.mayStart(order.attempt, at: now))
        machine.take(delivery([messages[1]]), at: now)
        #expect(!machine.mayStart(order.attempt, at: now))
        machine.take([.neverBegan], of: order.attempt, at: now)
        #expect(try events(of: machine).last == .withdrawn(order.attempt))
    }

    /// What never began is nobody's any more once its order is gone.
    @Test func takesAwayWhatNeverBeganAndIsUnknown() throws {
        var first = machine()
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order(1))])), at: now)
        var machine = machine(session: "next")
        try machine.replay(first.takeDecisions().lines)
        machine.recover([Fixtures.order(2).attempt: .neverBegan], at: now)
        machine.take(delivery([], try permit(machine)), at: now)
        #expect(machine.takeDecisions().effects.contains(.discard(Fixtures.order(2).attempt)))
    }

    @Test func comesBackTheSameFromACompactedJournal() throws {
        var first = machine()
        let attempt = Fixtures.order(1).attempt
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order(1)), .job(Fixtures.order(2))])), at: now)
        first.take(delivery([], try permit(first, sent: 2)), at: now)
        first.take(
            [.began(at: Fixtures.time), .log(LogRecord(number: 1, at: Fixtures.time, bytes: [65]))],
            of: attempt, at: now)
        let lines = first.takeDecisions().lines
        let compacted = first.compacted(machine: "m").lines
        func revived(_ lines: [JournalEntry]) throws -> (
            Int, Int, StreamPosition, [AgentMachine.Effect], [StreamEntry]
        ) {
            var machine = machine(session: "new")
            try machine.replay(lines)
            machine.recover([attempt: .running], at: now)
            let unreported = machine.unreported(through: machine.lastPosition, limit: 100)
            return (
                machine.cursor, machine.lastEvent, machine.received, machine.takeDecisions().effects,
                unreported
            )
        }
        // The whole journal lacks only the acknowledgement, which may be lost at any time.
        let short = try revived(compacted)
        let whole = try revived(lines + [.acknowledged(first.cursor)])
        #expect(short.0 == whole.0 && short.1 == whole.1 && short.2 == whole.2)
        #expect(short.3 == whole.3)
        #expect(short.4 == whole.4)
    }

    /// F57: an agent that died three times of a job's start leaves it alone and goes on with the next.
    @Test(arguments: 1...4) func leavesAJobAloneThatAgentsDieOf(starts: Int) throws {
        let messages = Fixtures.downlinks([.job(Fixtures.order(1)), .job(Fixtures.order(2))])
        let attempt = Fixtures.order(1).attempt
        var first = machine()
        first.take(delivery(messages), at: now)
        let lines = first.takeDecisions().lines + Array(repeating: .starting(attempt), count: starts)
        var revived = machine(session: "next")
        try revived.replay(lines)
        revived.recover([attempt: .neverBegan], at: now)
        let last = try #require(revived.unreported(through: revived.lastPosition, limit: 9).last)
        let payload = try SignedEnvelope(parsing: last.bytes, maximum: SignedEnvelope.maximumUp).payload
        #expect(
            try Uplink(payload: payload).event == .claimed(starts < 3 ? attempt : Fixtures.order(2).attempt))

        var compacted = machine(session: "later")
        var again = machine(session: "again")
        try again.replay(lines)
        try compacted.replay(again.compacted(machine: "m").lines)
        compacted.recover([attempt: .neverBegan], at: now)
        #expect(compacted.lastEvent == revived.lastEvent, "nothing of it is forgotten in a compaction")
    }

    @Test func refusesAJournalWithAMissingLine() throws {
        var first = machine()
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now)
        first.take(delivery([], try permit(first)), at: now)
        first.take([.began(at: Fixtures.time)], of: Fixtures.order().attempt, at: now)
        let lines = first.takeDecisions().lines.filter { if case .event = $0 { true } else { false } }
        var second = machine()
        #expect(throws: JournalError.self) { try second.replay(Array(lines.dropFirst())) }
    }
}

import TestSupport
import Testing

@testable import JobKit

/// Messages that agents died of, and what is done with them unread.
extension AgentMachineTests {
    private static let attempt = Fixtures.order(1).attempt

    /// What is to be reported, up to nine events.
    func events(of machine: AgentMachine) throws -> [AgentEvent] {
        try machine.unreported(through: machine.lastPosition, limit: 9).map { entry in
            let envelope = try SignedEnvelope(parsing: entry.bytes, maximum: SignedEnvelope.maximumUp)
            return try Uplink(payload: envelope.payload).event
        }
    }

    private func isPoison(_ event: AgentEvent?, _ attempt: AttemptID = attempt) -> Bool {
        if case .refused(attempt, let refusal) = event { refusal.reason == .poison } else { false }
    }

    @Test func refusesAnOrderByItsNameAndGoesOn() throws {
        let messages = Fixtures.downlinks([.job(Fixtures.order(1)), .job(Fixtures.order(2))])
        var machine = machine()
        let isNews = machine.take(delivery([messages[0]]), at: now, .nameOnly)
        #expect(isNews)
        machine.take(delivery(messages), at: now)
        let told = try events(of: machine)
        #expect(isPoison(told.first))
        #expect(told.dropFirst() == [.claimed(Fixtures.order(2).attempt)])

        // It is told so in every later life, and in a compacted journal.
        let lines = machine.takeDecisions().lines
        for journal in [lines, machine.compacted(machine: "m").lines] {
            var again = self.machine(session: "again")
            try again.replay(journal)
            again.recover([:], at: now)
            #expect(isPoison(try events(of: again).first))
            #expect(again.received == machine.received)
        }
    }

    /// Were a cancel passed over, what it calls off could begin.
    @Test(arguments: [Scrutiny.nameOnly, .none]) func passesNoCancelOver(_ scrutiny: Scrutiny) throws {
        let cancel = Downlink.Content.cancel(Self.attempt.job, actor: "token:test")
        let messages = Fixtures.downlinks([.job(Fixtures.order(1)), cancel])
        var machine = machine()
        machine.take(delivery([messages[0]]), at: now)
        machine.take(delivery([messages[1]], try permit(machine, sent: 2)), at: now, scrutiny)
        #expect(machine.obstacle == "poison")
        #expect(machine.received.number == 1)
        #expect(started(machine.takeDecisions().effects).isEmpty)
    }

    @Test func takesInNothingThatIsNotToBeLookedAt() throws {
        var machine = machine()
        let isNews = machine.take(delivery(Fixtures.downlinks([.job(Fixtures.order())])), at: now, .none)
        #expect(!isNews)
        #expect(machine.obstacle == "poison")
        #expect(machine.takeDecisions().lines.isEmpty)
    }

    /// The journal's own order: what has begun is followed, what has not is refused.
    @Test(arguments: [nil, AttemptStanding.neverBegan, .running])
    func replaysAnOrderByItsName(_ standing: AttemptStanding?) throws {
        var first = machine()
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order(1))])), at: now)
        var second = machine(session: "second")
        try second.replay(first.takeDecisions().lines) { _ in .nameOnly }
        second.recover(standing.map { [Self.attempt: $0] } ?? [:], at: now)
        if standing == .running {
            #expect(second.takeDecisions().effects == [.follow(Self.attempt, afterRecord: 0)])
        } else {
            #expect(isPoison(try events(of: second).last))
        }
        let line = second.compacted(machine: "m").lines.dropFirst().first
        let payload = try SignedEnvelope(
            parsing: Fixtures.downlinks([.job(Fixtures.order(1))])[0].bytes,
            maximum: SignedEnvelope.maximumDown
        ).payload
        #expect(line == .poison(payload: payload))
    }

    /// Nothing is known of what is not looked at at all: nothing starts, and nothing is taken away or forgotten.
    @Test func startsNothingBehindALineThatItCannotLookAt() throws {
        let messages = Fixtures.downlinks([.job(Fixtures.order(1)), .job(Fixtures.order(2))])
        var first = machine()
        first.take(delivery(messages), at: now)
        let head = try head(of: first)
        let lines = first.takeDecisions().lines
        let deadly = try #require(lines.first)
        var second = machine(session: "second")
        try second.replay(lines) { payload in
            deadly == .received(kind: .job, payload: payload) ? .none : .whole
        }
        let end = AttemptResult(ending: .exited(code: 0), beganAt: nil, endedAt: now.wall)
        second.recover([Self.attempt: .ended(end)], at: now)
        second.take(delivery([], try permit(second, sent: 2, head: head)), at: now)
        #expect(second.halt == .poison)
        #expect(second.received.number == 2)
        #expect(second.takeDecisions().effects.isEmpty)
        #expect(!second.mayBeCompacted)
    }

    /// The power may go between an order and its refusal.
    @Test func answersForAnOrderWhoseRefusalWasCutOff() throws {
        var first = machine()
        first.take(delivery(Fixtures.downlinks([.job(Fixtures.order(1))])), at: now, .nameOnly)
        var second = machine(session: "second")
        try second.replay(Array(first.takeDecisions().lines.prefix(1)))
        second.recover([:], at: now)
        #expect(isPoison(try events(of: second).last))
        #expect(second.lastEvent == 1)
    }
}

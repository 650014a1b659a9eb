import JobKit
import TestSupport
import Testing

extension AgentMachineTests {
    /// The panel lacks what was reported while more is on its way: all of it is reported again, and nothing before the
    /// stream is dropped behind what was on its way.
    @Test func reportsAnewBehindWhatIsOnItsWay() throws {
        var machine = machine()
        machine.take(
            delivery(Fixtures.downlinks([.job(Fixtures.order(1)), .cancel(Fixtures.jobID(1), actor: "x")])),
            at: now)
        machine.take(
            delivery(
                Fixtures.downlinks([
                    .job(Fixtures.order(1)), .cancel(Fixtures.jobID(1), actor: "x"), .job(Fixtures.order(2)),
                ])), at: now)
        _ = machine.takeDecisions()
        let all = machine.unreported(through: machine.lastPosition, limit: 9)
        try #require(all.count == 2)
        machine.noteReported(through: all[0].position)
        #expect(!machine.isToReportAnew)
        let genesis = ChainHead(genesis: .up, agent: Fixtures.agent, epoch: 1)
        machine.take(delivery([], try permit(machine, head: genesis, cursor: 0, need: 1)), at: now)
        #expect(machine.isToReportAnew)
        // The answer to what was on its way comes only now.
        machine.noteReported(through: all[1].position)
        #expect(machine.isToReportAnew)
        machine.noteDropped()
        #expect(machine.unreported(through: machine.lastPosition, limit: 9) == all)
        #expect(!machine.isToReportAnew)

        // With the next word it may lack nothing.
        machine.noteReported(through: all[1].position)
        machine.take(
            delivery([], try permit(machine, generation: 2, head: genesis, cursor: 0, need: 1)), at: now)
        machine.take(delivery([], try permit(machine, generation: 3, head: genesis, cursor: 0)), at: now)
        #expect(!machine.isToReportAnew)
    }
}

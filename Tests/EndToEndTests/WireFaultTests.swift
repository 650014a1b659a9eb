import JobKit
import ManifestKit
import TestSupport
import Testing

/// A program whose connections to Redis go over a wire that fails.
enum WiredProgram: String, CaseIterable, Sendable {
    case panel, agent
}

@Suite(
    "The wire between a program and Redis fails", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(5)))
struct WireFaultTests {
    /// F24: Redis takes connections and says nothing: it is given up in time, and a new connection made.
    ///
    /// The agent waits for up to 10 s for news; the limit of the row is that and 10 s more.
    @Test(arguments: WiredProgram.allCases) func f24GivesUpASilentRedis(_ program: WiredProgram) async throws
    {
        try await House.run([.patient, .greeting], withAgent: false) { house in
            let wire = try await house.wire([house.program(program)])
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            wire.inject(.blackHole)
            try await eventually("a word about Redis", within: .seconds(20)) {
                house.program(program).output.contains("redis failed")
            }
            let connections = wire.connections
            wire.heal()
            try await eventually("new connections", within: .seconds(20)) { wire.connections > connections }
            try house.openGate("go")
            #expect(try await house.end(of: id)["exit_code"] == 3)
            _ = try await house.install(number: 1, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// What is asked of Redis, carried out there, and without a reply.
    private static let requests: [(WiredProgram, String)] = [
        (.panel, "down:agent-001"), (.panel, "ack:agent-001"), (.panel, "up:agent-001"),
        (.agent, "up:agent-001"), (.agent, "beat:agent-001"),
    ]

    /// F25: the connection is cut when Redis has done what it was asked and the reply is on its way.
    @Test(arguments: requests) func f25AsksAgain(_ program: WiredProgram, about key: String) async throws {
        try await runsJobsOnce(program, .lostReply(to: key))
    }

    /// F25: the connection is cut in the midst of requests.
    @Test(arguments: WiredProgram.allCases, [1, 700, 5000])
    func f25SendsAgain(_ program: WiredProgram, after bytes: Int) async throws {
        try await runsJobsOnce(program, .cut(afterBytes: bytes))
    }

    /// F25: Redis says nothing more, and still listens.
    @Test(arguments: WiredProgram.allCases) func f25TakesAHalfClosedWireForNone(_ program: WiredProgram)
        async throws
    {
        try await runsJobsOnce(program, .halfClose)
    }

    private func runsJobsOnce(_ program: WiredProgram, _ fault: FaultyWire.Fault) async throws {
        try await House.run([.greeting], withAgent: false) { house in
            let wire = try await house.wire([house.program(program)])
            wire.inject(fault)
            for number in 1...3 { _ = try await house.install(number: number, "greeting") }
            try await eventually("a cut") { wire.cuts > 0 }
            _ = try await house.install(number: 4, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// Everything takes its time, and none of it is taken for a fault.
    @Test func bearsASlowWire() async throws {
        try await House.run([.greeting], withAgent: false) { house in
            let wire = try await house.wire([house.agent])
            wire.inject(.delay(milliseconds: 150))
            for number in 1...2 { _ = try await house.install(number: number, "greeting") }
            try await house.expectTruth()
            house.expectEachRunOnce()
            #expect(!house.agent.output.contains("redis failed"))
        }
    }
}

extension House {
    func program(_ program: WiredProgram) -> Program {
        switch program {
        case .panel: panel
        case .agent: agent
        }
    }
}

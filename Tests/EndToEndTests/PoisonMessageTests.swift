import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

@Suite(
    "A message that the agent dies of", .enabled(if: House.hasRoot, House.needsRoot),
    .enabled(if: House.hasCrashPoints, House.needsCrashPoints), .timeLimit(.minutes(5)))
struct PoisonMessageTests {
    /// F57: an order that agents die of while they look at it is refused, and the queue moves on.
    @Test func f57RefusesAnOrderThatAgentsDieOfAtSight() async throws {
        try await House.run([.greeting]) { house in
            try await house.agent.stop()
            let poison = try await house.install(number: 1, "greeting")
            // The first run dies unsuspecting, behind one that ended well.
            #expect(try await house.agentDeaths(at: .receiveOrder) == 4)
            let job = try await house.end(of: poison)
            #expect(job["status"] == "refused")
            #expect(job["reason"] == "poison")
            #expect(job["detail"]?.string?.contains("the agent died") == true)

            try await house.mendAgent()
            let next = try await house.end(of: house.install(number: 2, "greeting"))
            #expect(next["status"] == "succeeded")
            try await house.expectTruth()
            #expect(house.told("began", of: poison) == 0)
        }
    }

    /// F57: of an order that cannot even be written down nothing is known: nothing behind it is taken in, what runs goes
    /// on and is told, and a mended agent carries the order out.
    @Test func f57StopsAtAnOrderThatCannotBeWrittenDown() async throws {
        try await House.run([.greeting, .patient]) { house in
            let running = try await house.install("patient")
            try await house.waitForOutput(of: running, holding: "line 3\n")
            house.agent.kill()
            let poison = try await house.install(number: 1, "greeting")
            let behind = try await house.install(number: 2, "greeting")
            #expect(try await house.agentDeaths(at: .receiveBeforeJournal) == 4)
            try await eventually("word of what the agent is stuck at") {
                try await house.server()?["stuck"] == "poison"
            }
            try house.openGate("go")
            #expect(try await house.end(of: running)["exit_code"] == 3)
            for id in [poison, behind] { #expect(try await house.job(id)["status"] == "queued") }

            try await house.mendAgent()
            for id in [poison, behind] { #expect(try await house.end(of: id)["status"] == "succeeded") }
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F57: an order of the journal's own that agents die of keeps no agent from its work: what runs by it is told to its
    /// end, and one that has not begun is refused.
    @Test func f57GetsOverAnOrderOfItsJournal() async throws {
        try await House.run([.greeting, .patient]) { house in
            let running = try await house.install("patient")
            try await house.waitForOutput(of: running, holding: "line 3\n")
            let waiting = try await house.install(number: 1, "greeting")
            try await eventually("an agent that has both orders") {
                try await house.server()?["undelivered"] == 0
            }
            house.agent.kill()
            // Either is deadly.
            #expect(try await house.agentDeaths(at: .receiveOrder) == 6)
            #expect(try await house.end(of: waiting)["reason"] == "poison")
            try house.openGate("go")
            #expect(try await house.end(of: running)["exit_code"] == 3)

            // What was set aside stays so, whoever comes next.
            house.agent.kill()
            try house.startAgent(dyingAt: .receiveOrder)
            _ = try await house.agent.line(with: "agent works")
            try await house.mendAgent()
            #expect(try await house.end(of: house.install(number: 2, "greeting"))["status"] == "succeeded")
            try await house.expectTruth()
            #expect(house.told("began", of: waiting) == 0)
        }
    }
}

extension House {
    /// Starts the agent again and again, which dies when it comes to that point, until one lives.
    ///
    /// - Returns: how many died.
    fileprivate func agentDeaths(at point: CrashPoint) async throws -> Int {
        for deaths in 0..<9 {
            try startAgent(dyingAt: point)
            // The agent says so when it is over it.
            let lives = try await eventually("an agent that lives, or its end") { () -> Bool? in
                if agent.isOver { return false }
                return agent.output.contains("poison") ? true : nil
            }
            if lives { return deaths }
        }
        throw SystemFailure("the agent does not get over its message")
    }

    /// Ends the agent in good order, and starts one that dies nowhere.
    fileprivate func mendAgent() async throws {
        try await agent.stop()
        agent.change(["PROVISION_CRASH_AT": nil])
        try await startAgent()
    }
}

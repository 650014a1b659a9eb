import JobKit
import ManifestKit
import RedisQueue
import TestSupport
import Testing

@Suite(
    "An event or a beat that the panel dies of", .enabled(if: House.hasRoot, House.needsRoot),
    .enabled(if: House.hasCrashPoints, House.needsCrashPoints), .timeLimit(.minutes(5)))
struct PoisonEventTests {
    /// F56: an agent's event is the panel's end, again and again: the agent is quarantined, others are not affected, and
    /// a panel that bears the event takes it in once the agent is released.
    @Test func f56QuarantinesAnAgentWhoseEventIsPoison() async throws {
        let poisoner = Fixtures.otherAgent
        try await House.run([.greeting, .patient]) { house in
            let running = try await house.install("patient")
            try await house.waitForOutput(of: running, holding: "line 3\n")
            try await house.announce(poisoner)
            house.panel.kill()
            try await house.report(
                [.inventory([], live: nil)], of: poisoner,
                after: ChainHead(genesis: .up, agent: poisoner, epoch: 1),
                keys: Fixtures.keyring.keys(for: poisoner)[0])

            try await house.expectQuarantine(of: poisoner, dyingAt: .ingestEvent)
            _ = try await house.install("greeting", ["who": "after all"])
            try house.openGate("go")
            #expect(try await house.end(of: running)["exit_code"] == 3)

            house.panel.kill()
            house.panel.change(["PROVISION_CRASH_AT": nil])
            try await house.startPanel()
            #expect(try await house.server(poisoner)["status"] == "quarantined")
            #expect(try await house.api.post("/api/servers/\(poisoner)/release", "{}".utf8).status == 200)
            // What is on the disk is taken off the wire.
            let redis = try house.redisConnection()
            try await eventually("an event that is taken in") {
                try await redis.command("XLEN", RedisArgument("provision:up:\(poisoner)")) == .integer(0)
            }
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F56: an agent's beat is the panel's end: the same, and a panel that bears the beat believes the agent again.
    @Test func f56QuarantinesAnAgentWhoseBeatIsPoison() async throws {
        let poisoner = Fixtures.otherAgent
        try await House.run([.greeting]) { house in
            try await house.announce(poisoner)
            house.panel.kill()
            try await house.expectQuarantine(of: poisoner, dyingAt: .sweepBeat)
            _ = try await house.end(of: house.install("greeting", ["who": "others"]))

            house.panel.kill()
            house.panel.change(["PROVISION_CRASH_AT": nil])
            try await house.startPanel()
            #expect(try await house.api.post("/api/servers/\(poisoner)/release", "{}".utf8).status == 200)
            try await house.announce(poisoner)
            #expect(try await house.server(poisoner)["quarantined"] == .null)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

extension House {
    /// Starts the panel again and again, which dies of whatever it looks at of the agent, until it quarantines it.
    fileprivate func expectQuarantine(of agent: AgentID, dyingAt point: CrashPoint) async throws {
        var deaths = 0
        while try await !startsAndQuarantines(agent, point) {
            deaths += 1
            try #require(deaths < 9, "the panel does not get over it")
        }
        // Beside others the first death may be of any of them.
        #expect((3...4).contains(deaths))
        #expect(try await server(agent)["quarantined"] == "poison")
    }

    /// Whether the panel lived to quarantine the agent.
    private func startsAndQuarantines(_ agent: AgentID, _ point: CrashPoint) async throws -> Bool {
        try await startPanel(dyingAt: point, of: agent)
        try await eventually("a quarantine, or the panel's end") {
            if panel.isOver { return true }
            return (try? await server(agent))?["status"] == "quarantined"
        }
        return !panel.isOver
    }

    fileprivate func server(_ agent: AgentID) async throws -> JSONObject {
        try await api.get("/api/servers/\(agent)").json
    }
}

import ManifestKit
import TestSupport
import Testing

/// How an agent is cut off.
enum Cut: Sendable {
    /// Its network's link is down, and comes up again under the same connections.
    case link
    /// Something on the way keeps its connections for ever and passes nothing on.
    case hole

    /// Those that this machine can do.
    static let possible: [Cut] = NetworkLink.isPossible ? [.link, .hole] : [.hole]
}

@Suite(
    "An agent is cut off from Redis for long", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(House.isLongRun ? 20 : 5)))
struct AgentPartitionTests {
    /// Counts until it is told to end, however long that takes.
    private static let lasting = TestApplication(
        id: "lasting", timeoutSeconds: 1800,
        script: """
            for ((n = 1; ; n++)); do
                echo "line $n"
                ! is_open go || end 3
                sleep 0.1
            done
            """)

    /// F46: cut off, the agent is shown as unreachable and its script goes on, to its end; once the wire is there
    /// again, the panel has the exact result and all of the log.
    @Test(arguments: Cut.possible) func f46TellsAllOnceTheWireIsThere(_ cut: Cut) async throws {
        try await House.run([Self.lasting, .greeting], withAgent: false) { house in
            let wire = try await AgentsWire(of: house, cut)
            let id = try await house.install("lasting")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            try wire.sever()
            let cutAt = ContinuousClock.now
            let told = try await house.output(of: id)
            let lines = house.plainLog(of: id).count
            try await eventually("an agent that is missed", within: .seconds(90)) {
                try await house.server()?["status"] == "unreachable"
            }
            #expect(try await house.job(id)["status"] == "running")
            #expect(house.plainLog(of: id).count > lines + 1000)
            let next = try await house.install("greeting", ["who": "you"])
            if House.isLongRun {
                let rest = Duration.seconds(600) - (ContinuousClock.now - cutAt)
                try await throughout("the script goes on", for: rest) { !house.scripts(of: id).isEmpty }
            }
            try house.openGate("go")
            try await eventually("an end of the script") {
                house.told("done", of: id) == 1 && house.scripts(of: id).isEmpty
            }
            #expect(try await house.job(id)["status"] == "running")
            // Only what was on its way when the wire was cut.
            #expect(try await house.output(of: id).count < told.count + 200)
            #expect(house.told("began", of: next) == 0)

            try wire.mend()
            try await eventually("an agent that is back") { try await house.server()?["status"] == "online" }
            #expect(try await house.end(of: next)["status"] == "succeeded")
            let job = try await house.end(of: id)
            #expect(job["exit_code"] == 3)
            #expect(job["attempt"] == 1)
            #expect(try await house.output(of: id) == house.plainLog(of: id))
            try await house.expectTruth()
            house.expectEachRunOnce()
            wire.agent.kill()
        }
    }
}

/// An agent, and the way from it to Redis.
private struct AgentsWire {
    let agent: Program
    private let link: NetworkLink?
    private let wire: FaultyWire

    /// Returns when the agent works and the panel knows it.
    init(of house: House, _ cut: Cut) async throws {
        switch cut {
        case .hole:
            link = nil
            agent = house.agent
            wire = try FaultyWire(to: house.redis.port)
            agent.change(["REDIS_URL": wire.url])
            try agent.start()
        case .link:
            let link = try NetworkLink()
            self.link = link
            agent = try house.anotherAgent(under: link.wrapper)
            // The link's address is not there yet.
            let wire = try FaultyWire(to: house.redis.port, on: "0.0.0.0")
            self.wire = wire
            agent.change(["REDIS_URL": "redis://\(link.address):\(wire.port)"])
            try agent.start()
            try await link.connect(agent.pid)
        }
        _ = try await agent.line(with: "agent works")
        try await eventually("an agent that the panel knows") { try await house.server() != nil }
    }

    func sever() throws {
        guard let link else { return wire.inject(.blackHole) }
        try link.takeDown()
    }

    func mend() throws {
        guard let link else { return wire.heal() }
        try link.takeUp()
    }
}

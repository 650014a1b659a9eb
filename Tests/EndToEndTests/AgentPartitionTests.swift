import ManifestKit
import TestSupport
import Testing

@Suite(
    "The wire between agent and Redis is cut for long", .enabled(if: House.hasRoot, House.needsRoot),
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
    @Test func f46TellsAllOnceTheWireIsThere() async throws {
        try await House.run([Self.lasting, .greeting], withAgent: false) { house in
            let wire = try FaultyWire(to: house.redis.port)
            house.agent.change(["REDIS_URL": wire.url])
            try await house.startAgent()
            let id = try await house.install("lasting")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            wire.inject(.blackHole)
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

            wire.heal()
            try await eventually("an agent that is back") { try await house.server()?["status"] == "online" }
            #expect(try await house.end(of: next)["status"] == "succeeded")
            let job = try await house.end(of: id)
            #expect(job["exit_code"] == 3)
            #expect(job["attempt"] == 1)
            #expect(try await house.output(of: id) == house.plainLog(of: id))
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

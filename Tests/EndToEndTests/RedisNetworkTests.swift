import ManifestKit
import TestSupport
import Testing

@Suite(
    "The network to Redis is down, or slow", .enabled(if: House.hasRoot, House.needsRoot),
    .enabled(if: NetworkCable.isPossible, NetworkCable.needs), .timeLimit(.minutes(House.isLongRun ? 20 : 5)))
struct RedisNetworkTests {
    /// F47: the panel is cut off from Redis: it accepts jobs, and sends them once it is back.
    @Test func f47AcceptsJobsWithoutANetwork() async throws {
        try await House.run([.patient, .greeting], withAgent: false, isFar: true) { house in
            let (cable, url) = try house.redis.cable()
            try await house.reach(url, from: [house.panel])
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            try cable.cut()
            for number in 1...3 { _ = try await house.install(number: number, "greeting") }
            _ = try await house.panel.line(with: "redis failed")
            let lines = house.plainLog(of: id).count
            try house.openGate("go")
            try await eventually("an end of the script") { house.told("done", of: id) == 1 }
            try await eventually("its last words") { house.plainLog(of: id).count > lines }
            try await throughout("nothing begins", for: .seconds(House.isLongRun ? 120 : 3)) {
                house.witness.count == 2
            }
            #expect(try await house.job(id)["status"] == "running")
            try cable.mend()
            #expect(try await house.end(of: id)["exit_code"] == 3)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// Writes more than a slow wire carries in a minute.
    private static let talkative = TestApplication(
        id: "talkative", timeoutSeconds: 900,
        script: """
            for ((n = 1; n <= \(House.isLongRun ? 30_000 : 3000); n++)); do printf 'line %s %080d\\n' "$n" 0; done
            end 0
            """)

    /// F48: the agent's wire carries 64 kbit/s, and its output alone is more: beats come through all the same, and all
    /// of the output in the end.
    @Test func f48BeatsOverASlowWire() async throws {
        try await House.run([Self.talkative], withAgent: false, isFar: true) { house in
            let (cable, url) = try house.redis.cable()
            try cable.slow(toKilobits: 64)
            try await house.reach(url, from: [house.agent])
            try await eventually("an agent at work") { try await house.server()?["status"] == "online" }
            let start = ContinuousClock.now
            let id = try await house.install("talkative")
            try await eventually("an end of the job", within: .seconds(House.isLongRun ? 900 : 240)) {
                let server = try #require(try await house.server())
                try #require(server["status"] != "unreachable")
                return try await house.job(id)["status"] == "succeeded"
            }
            // Less would not go through: the cable is as slow as it should be.
            #expect(ContinuousClock.now - start > .seconds(20))
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

import JobKit
import ManifestKit
import SQLiteStore
import TestSupport
import Testing

@Suite(
    "The panel dies", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct PanelCrashTests {
    /// Redis holds still, so that nothing can be sent between the 202 and the kill.
    @Test func runsAJobOnceThatItHadOnlyAccepted() async throws {
        try await House.run([.greeting]) { house in
            house.redis.pause()
            let id = try await house.install("greeting", ["who": "you"], key: "once")
            house.panel.kill()
            house.redis.resume()
            #expect(house.witness.isEmpty)
            try await house.startPanel()
            #expect(try await house.install("greeting", ["who": "you"], key: "once") == id)
            #expect(try await house.end(of: id)["status"] == "succeeded")
            #expect(house.witness == ["began \(id) 1", "done \(id) 1"])
        }
    }

    @Test func missesNothingOfAScriptThatWroteAndEndedWithoutIt() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            house.panel.kill()
            let lines = house.plainLog(of: id).count
            try await eventually("a script that goes on") { house.plainLog(of: id).count > lines + 60 }
            try house.openGate("go")
            try await eventually("an end of the script") { house.scripts(of: id).isEmpty }
            try await house.startPanel()
            try await house.expectWholeRun(of: id)
        }
    }

    /// A panel that only holds still is no reason to doubt anybody.
    @Test func goesOnAfterItHeldStill() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            house.panel.pause()
            let lines = house.plainLog(of: id).count
            try await eventually("a script that goes on") { house.plainLog(of: id).count > lines + 100 }
            house.panel.resume()
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
        }
    }

    /// Killed at any moment while requests come in: what was answered with 202 runs once, the rest at most once.
    @Test(arguments: [1, 2]) func keepsWhatItAcceptedHoweverOftenItDies(seed: UInt64) async throws {
        try await House.run([.greeting]) { house in
            var random = SeededGenerator(seed: seed)
            var accepted: Set<String> = []
            for number in 1...8 {
                let inputs: JSONObject = ["who": .string("number \(number)")]
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    _ = try await house.api.get("/api/health")
                }
                async let first = try? house.install("greeting", inputs, key: "\(number)")
                for _ in 0..<Int.random(in: 0...8, using: &random) { await Task.yield() }
                house.panel.kill()
                let answer = await first
                try await house.startPanel()
                // Whether or not an answer came, asking again is safe.
                let id = try await house.install("greeting", inputs, key: "\(number)")
                if let answer { #expect(answer == id, "seed \(seed)") }
                accepted.insert(id)
            }
            #expect(accepted.count == 8, "seed \(seed)")
            for id in accepted {
                #expect(try await house.end(of: id)["status"] == "succeeded", "seed \(seed)")
                #expect(house.told("began", of: id) == 1, "seed \(seed)")
                #expect(house.told("done", of: id) == 1, "seed \(seed)")
            }
            try await house.panel.stop()
            let trail = try await house.withRecord { store in
                try await store.read { try $0.audit(after: 0, limit: 1000) }
            }
            #expect(AuditEntry.firstBreak(in: trail) == nil)
        }
    }

    @Test func takesBothDyingAtOnce() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            house.panel.kill()
            house.agent.kill()
            house.redis.kill()
            try await house.redis.restart()
            try house.agent.start()
            try await house.startPanel()
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
        }
    }
}

import ManifestKit
import RedisQueue
import TestSupport
import Testing

/// How everything that Redis holds is lost.
enum RedisLoss: String, CaseIterable, Sendable {
    case flushed, restartedEmpty

    func happen(to house: House) async throws {
        switch self {
        case .flushed: _ = try await house.redisConnection().command("FLUSHALL")
        case .restartedEmpty: try await house.redis.restart()
        }
    }
}

@Suite(
    "Redis loses everything", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct RedisLossTests {
    @Test(arguments: RedisLoss.allCases) func runsJobsOnceThatWereQueued(_ loss: RedisLoss) async throws {
        try await House.run([.greeting]) { house in
            house.agent.kill()
            var ids: [String] = []
            for number in 1...3 {
                ids.append(try await house.install("greeting", ["who": .string("number \(number)")]))
            }
            _ = try await house.downlink(number: 3)
            try await loss.happen(to: house)
            try await house.startAgent()
            for id in ids { #expect(try await house.end(of: id)["status"] == "succeeded") }
            #expect(house.witness == ids.flatMap { ["began \($0) 1", "done \($0) 1"] })
        }
    }

    @Test(arguments: RedisLoss.allCases) func missesNothingOfAJobThatRuns(_ loss: RedisLoss) async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            for round in 1...3 {
                try await house.waitForOutput(of: id, holding: "line \(round * 5)\n")
                try await loss.happen(to: house)
            }
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
        }
    }

    @Test func runsEveryJobOnceHoweverOftenItIsFlushed() async throws {
        try await House.run([.greeting]) { house in
            var ids: [String] = []
            for number in 1...12 {
                ids.append(try await house.install("greeting", ["who": .string("number \(number)")]))
                if number % 2 == 0 { try await RedisLoss.flushed.happen(to: house) }
            }
            for id in ids { #expect(try await house.end(of: id)["status"] == "succeeded") }
            #expect(house.witness == ids.flatMap { ["began \($0) 1", "done \($0) 1"] })
        }
    }

    /// The last events are lost together with all signs of them: only the agent's beat tells that there were any.
    @Test(arguments: RedisLoss.allCases) func asksAgainForALostEnd(_ loss: RedisLoss) async throws {
        try await House.run([.greeting, .patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            house.panel.pause()
            try house.openGate("go")
            try await eventually("an end of the script") {
                house.scripts(of: id).isEmpty && house.told("done", of: id) == 1
            }
            try await loss.happen(to: house)
            house.panel.resume()
            try await house.expectWholeRun(of: id)

            let next = try await house.install("greeting", ["who": "you"])
            #expect(try await house.end(of: next)["status"] == "succeeded")
        }
    }

    @Test func goesOnAfterItHeldStill() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            house.redis.pause()
            let lines = house.plainLog(of: id).count
            try await eventually("a script that goes on") { house.plainLog(of: id).count > lines + 100 }
            house.redis.resume()
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
        }
    }

    @Test func acceptsJobsWhileItIsAwayAndRunsThemAfterwards() async throws {
        try await House.run([.greeting]) { house in
            house.redis.kill()
            var ids: [String] = []
            for number in 1...3 {
                ids.append(try await house.install("greeting", ["who": .string("number \(number)")]))
            }
            #expect(house.witness.isEmpty)
            try await house.redis.restart()
            for id in ids { #expect(try await house.end(of: id)["status"] == "succeeded") }
            #expect(house.witness == ids.flatMap { ["began \($0) 1", "done \($0) 1"] })
        }
    }
}

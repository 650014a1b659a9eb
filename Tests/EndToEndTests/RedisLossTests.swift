import Glibc
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
    "Redis loses everything", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(House.isLongRun ? 60 : 5)))
struct RedisLossTests {
    private static let appendOnly = ["--appendonly", "yes", "--appendfsync", "everysec"]

    /// F15: Redis is killed under a stream of jobs, and comes back without the last of what it had taken.
    @Test func f15LosesNothingWithTheLastSecondOfRedis() async throws {
        try await House.run([.greeting], redis: Self.appendOnly) { house in
            try await house.bear(
                under: 20, rounds: 4, every: .seconds(5), for: .seconds(60),
                within: .seconds(House.isLongRun ? 900 : 100)
            ) {
                house.redis.kill()
                try house.cutAppendOnlyFile(to: house.appendOnlyFileSize() * 9 / 10)
                try await house.redis.restart()
            }
        }
    }

    /// F15: nothing shows that messages are gone, neither a gap nor a later one: they are sent again all the same.
    @Test func f15SendsAgainWhatNoGapShows() async throws {
        try await House.run([.greeting], redis: Self.appendOnly) { house in
            _ = try await house.end(of: house.install(number: 1, "greeting"))
            house.agent.pause()
            let size = try house.appendOnlyFileSize()
            for number in 2...4 { _ = try await house.install(number: number, "greeting") }
            _ = try await house.downlink(number: 4)
            house.redis.kill()
            try house.cutAppendOnlyFile(to: size)
            try await house.redis.restart()
            #expect(try await house.downlinkNumbers().allSatisfy { $0 == "1-1" })
            house.agent.resume()
            // 30 s of standing still and a beat, of up to 12 s; the panel looks every 5 s.
            try await eventually("the scripts of all", within: .seconds(60)) { house.witness.count == 8 }
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F16: Redis is emptied again and again under a stream of jobs.
    @Test func f16RunsEveryJobOnceHoweverOftenItIsEmptied() async throws {
        try await House.run([.greeting]) { house in
            let redis = try house.redisConnection()
            try await house.bear(
                under: 20, rounds: 4, every: .seconds(10), for: .seconds(600),
                within: .seconds(House.isLongRun ? 1800 : 100)
            ) {
                // There is always something that nobody has read.
                house.agent.pause()
                let before = house.accepted.count
                try await eventually("jobs that wait") { house.accepted.count >= before + 2 }
                _ = try await redis.command("FLUSHALL")
                house.agent.resume()
            }
        }
    }

    /// What the old master alone had when it died.
    enum Unread: CaseIterable {
        case nothing, messages, events
    }

    /// F17: a copy that had stopped copying is made the master: it lacks the last messages, events and answers, of which
    /// those who were to read them may have read none.
    @Test(arguments: Unread.allCases) func f17LosesNothingByAStaleCopy(_ unread: Unread) async throws {
        try await House.run([.patient, .greeting], withAgent: false) { house in
            let copy = try await RedisServer.start(settings: [
                "--replicaof", "127.0.0.1", "\(house.redis.port)",
            ])
            let copied = try RedisConnection(to: RedisURL(copy.socketURL), name: "admin")
            let wire = try await house.wire([house.panel, house.agent])
            for number in 1...3 { _ = try await house.install(number: number, "greeting") }
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            try await eventually("a copy of the message") {
                try await copied.command("XLEN", "provision:down:agent-001") != .integer(0)
            }
            _ = try await copied.command("REPLICAOF", "NO", "ONE")
            if unread == .messages { house.agent.pause() }
            for number in 4...6 { _ = try await house.install(number: number, "greeting") }
            _ = try await house.downlink(number: 7)
            if unread != .messages { try await house.waitForOutput(of: id, holding: "line 60\n") }
            if unread == .events {
                house.panel.pause()
                let redis = try house.redisConnection()
                try await eventually("events that nobody reads") {
                    guard case .integer(let count) = try await redis.command("XLEN", "provision:up:agent-001")
                    else { return false }
                    return count >= 3
                }
            }
            wire.lead(to: copy.port)
            house.redis.kill()
            house.agent.resume()
            house.panel.resume()
            try house.openGate("go")
            #expect(try await house.end(of: id)["exit_code"] == 3)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

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

extension House {
    fileprivate func appendOnlyFileSize() throws -> Int {
        var status = stat()
        guard stat(redisAppendOnlyFile, &status) == 0 else { throw SystemFailure("no append-only file") }
        return Int(status.st_size)
    }

    /// Takes the end of Redis's file away, as a power cut does before the file is synced.
    fileprivate func cutAppendOnlyFile(to size: Int) throws {
        guard truncate(redisAppendOnlyFile, size) == 0 else { throw SystemFailure("cannot cut the file") }
    }

    /// The ids of the messages that are in the agent's stream.
    fileprivate func downlinkNumbers() async throws -> [String] {
        guard
            case .array(let entries) = try await redisConnection().command(
                "XRANGE", "provision:down:agent-001", "-", "+")
        else { return [] }
        return entries.map { entry in
            guard case .array(let parts) = entry, case .string(let id)? = parts.first else { return "?" }
            return String(decoding: id, as: UTF8.self)
        }
    }
}

import Glibc
import ManifestKit
import RedisQueue
import TestSupport
import Testing

/// Why Redis takes nothing in.
enum RedisRefusal: String, CaseIterable, Sendable {
    case outOfMemory, readOnly, cannotSave

    /// The first word of its answers.
    var word: String {
        switch self {
        case .outOfMemory: "OOM"
        case .readOnly: "READONLY"
        case .cannotSave: "MISCONF"
        }
    }

    func begin(in house: House, _ redis: RedisConnection) async throws {
        switch self {
        case .outOfMemory:
            _ = try await redis.command("SET", "filler", RedisArgument([UInt8](repeating: 1, count: 8 << 20)))
            _ = try await redis.command("CONFIG", "SET", "maxmemory", "4mb")
        case .readOnly: _ = try await redis.command("REPLICAOF", "127.0.0.1", 1)
        case .cannotSave:
            // A folder in the place of the file makes every save fail.
            try #require(mkdir(house.redisDump, 0o700) == 0)
            _ = try await redis.command("CONFIG", "SET", "save", "3600 1")
            _ = try await redis.command("BGSAVE")
        }
        try await eventually("\(word) of Redis") {
            guard case .error(let text) = try await redis.pipeline([["SET", "trial", "x"]])[0] else {
                return false
            }
            return text.hasPrefix(word)
        }
    }

    func end(in house: House, _ redis: RedisConnection) async throws {
        switch self {
        case .outOfMemory:
            _ = try await redis.command("DEL", "filler")
            _ = try await redis.command("CONFIG", "SET", "maxmemory", 0)
        case .readOnly: _ = try await redis.command("REPLICAOF", "NO", "ONE")
        case .cannotSave:
            try #require(rmdir(house.redisDump) == 0)
            _ = try await redis.command("CONFIG", "SET", "save", "")
        }
    }
}

@Suite(
    "Redis takes nothing in, or nobody", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5))
)
struct RedisPressureTests {
    /// F18: Redis is out of memory: jobs are accepted and sent later, scripts go on, and both programs say so.
    @Test func f18AcceptsJobsWhileRedisIsFull() async throws { try await bear(.outOfMemory) }

    /// F19: Redis may not write, as a copy or because it cannot save.
    @Test(arguments: [RedisRefusal.readOnly, .cannotSave])
    func f19AcceptsJobsWhileRedisMayNotWrite(_ refusal: RedisRefusal) async throws { try await bear(refusal) }

    private func bear(_ refusal: RedisRefusal) async throws {
        try await House.run([.patient, .greeting]) { house in
            let redis = try house.redisConnection()
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            try await refusal.begin(in: house, redis)
            for number in 1...3 { _ = try await house.install(number: number, "greeting") }
            for program in [house.panel, house.agent] {
                _ = try await program.line(with: "'\(refusal.word) ")
            }
            let lines = house.plainLog(of: id).count
            try await eventually("a script that goes on") { house.plainLog(of: id).count > lines + 200 }
            try await throughout("nothing is sent", for: .seconds(House.isLongRun ? 20 : 2)) {
                try await redis.command("XRANGE", "provision:down:agent-001", "1-2", "+") == .array([])
            }
            #expect(!house.panel.isOver && !house.agent.isOver)
            try await refusal.end(in: house, redis)
            try house.openGate("go")
            #expect(try await house.end(of: id)["exit_code"] == 3)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F20: Redis takes no more clients: the panel keeps its connections, and an agent without one comes back in time,
    /// without knocking all the while.
    @Test func f20WaitsForAPlaceAtRedis() async throws {
        try await House.run([.greeting]) { house in
            let redis = try house.redisConnection()
            _ = try await house.end(of: house.install(number: 1, "greeting"))
            let panel = try await redis.clients(named: "panel")
            #expect(panel.count == 3)
            house.agent.kill()
            try await eventually("an end of the agent's connections") {
                try await redis.clients(named: "agent").isEmpty
            }
            let count = try await redis.number("connected_clients", in: "clients")
            _ = try await redis.command("CONFIG", "SET", "maxclients", RedisArgument(count))
            try house.agent.start()
            _ = try await house.agent.line(with: "max number of clients")

            for number in 2...4 { _ = try await house.install(number: number, "greeting") }
            try await eventually("the last message in Redis") {
                try await redis.command("XRANGE", "provision:down:agent-001", "1-4", "1-4") != .array([])
            }
            let before = try await redis.number("rejected_connections", in: "stats")
            let seconds = House.isLongRun ? 60 : 5
            try await throughout("nothing begins", for: .seconds(seconds)) { house.witness.count == 2 }
            let attempts = try await redis.number("rejected_connections", in: "stats") - before
            #expect(attempts > 0, "it tries again")
            // Each of its connections every half second in the mean; without a pause it would be thousands.
            #expect(attempts < 30 * seconds)
            #expect(try await redis.clients(named: "panel") == panel, "the panel's live on")

            _ = try await redis.command("CONFIG", "SET", "maxclients", 1000)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

extension RedisConnection {
    /// The ids of clients whose names begin so.
    fileprivate func clients(named name: String) async throws -> Set<String> {
        guard case .string(let text) = try await command("CLIENT", "LIST") else { return [] }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        return Set(
            lines.filter { $0.contains(" name=\(name)") }.compactMap { line in
                line.split(separator: " ").first.map { String($0) }
            })
    }

    /// A number of `INFO`.
    fileprivate func number(_ name: String, in section: RedisArgument) async throws -> Int {
        guard case .string(let text) = try await command("INFO", section) else { return -1 }
        let line = String(decoding: text, as: UTF8.self).split(separator: "\r\n").first {
            $0.hasPrefix("\(name):")
        }
        return try #require(line.flatMap { Int($0.dropFirst(name.utf8.count + 1)) })
    }
}

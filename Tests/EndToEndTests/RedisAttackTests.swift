import JobKit
import ManifestKit
import RedisQueue
import TestSupport
import Testing

@Suite(
    "Redis belongs to an attacker", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(House.isLongRun ? 30 : 5)))
struct RedisAttackTests {
    /// F59: whoever owns Redis replays, swaps, alters, deletes and delivers elsewhere, message after message: nothing
    /// runs that nobody asked for, both programs say so, and when it stops all comes to its end.
    @Test func f59RunsNothingOfAnAttackers() async throws {
        try await House.run([.greeting]) { house in
            let count = House.isLongRun ? 100_000 : 3000
            try await house.announce(Fixtures.otherAgent)
            var attacker = Attacker(redis: try house.redisConnection())
            for number in 1...3 { _ = try await house.install(number: number, "greeting") }
            let stranger = try await house.api.install("greeting", ["who": "me"], server: "agent-002")
            #expect(stranger.status == 202)
            while attacker.messages < count {
                if attacker.rounds.isMultiple(of: House.isLongRun ? 200 : 10), house.accepted.count < 12 {
                    _ = try await house.install(number: house.accepted.count + 1, "greeting")
                }
                try await attacker.attack()
            }
            #expect(attacker.isComplete)
            try await eventually("a word of both programs") {
                house.agent.output.contains("message refused")
                    && house.panel.output.contains("event is not to be believed")
            }
            let servers = try await house.api.get("/api/servers").json["servers"]?.array?.compactMap(\.object)
            #expect(servers?.allSatisfy { $0["halted"] == .null && $0["quarantined"] == .null } == true)
            // Of an agent that is none nobody will ever tell an end.
            #expect(try await house.api.post("/api/servers/agent-002/revoke", "{}".utf8).status == 200)
            _ = try await house.install(number: house.accepted.count + 1, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

/// What one who owns Redis does with the messages that he finds there.
private struct Attacker {
    private enum Deed: CaseIterable {
        case replay, swap, alter, delete, deliverElsewhere
    }

    private static let agents = ["agent-001", "agent-002"]

    let redis: RedisConnection
    private var random = SeededGenerator(seed: 59)
    /// Authentic messages, by the kind of key they were found in.
    private var found: [String: [[UInt8]]] = [:]
    private var deeds: [Deed: Int] = [:]
    /// Messages that were put in or taken away so far.
    private(set) var messages = 0
    private(set) var rounds = 0

    init(redis: RedisConnection) { self.redis = redis }

    /// Whether each deed was done often.
    var isComplete: Bool { Deed.allCases.allSatisfy { deeds[$0, default: 0] > messages / 20 } }

    /// Takes what there is and does something to every kind of key.
    mutating func attack() async throws {
        rounds += 1
        for agent in Self.agents {
            for kind in ["down", "up", "ack"] { try await attack(stream: kind, of: agent) }
            try await attackBeat(of: agent)
        }
    }

    private mutating func attack(stream kind: String, of agent: String) async throws {
        let key = RedisArgument("provision:\(kind):\(agent)")
        let reply = try await redis.command("XRANGE", key, "-", "+", "COUNT", 64)
        let entries = Self.entries(reply)
        note(entries.map(\.bytes), kind + agent)
        let last = entries.last.flatMap { Int($0.id.split(separator: "-").last ?? "") } ?? 0
        let deed = Deed.allCases.randomElement(using: &random) ?? .replay
        var commands: [[RedisArgument]] = []
        switch deed {
        case .replay:
            for number in 1...8 {
                guard let bytes = any(kind + agent) else { continue }
                commands.append(["XADD", key, id(kind, last + number), "e", RedisArgument(bytes)])
            }
        case .swap:
            commands = [["DEL", key]]
            for (entry, bytes) in zip(entries, entries.map(\.bytes).reversed()) {
                commands.append(["XADD", key, RedisArgument(entry.id), "e", RedisArgument(bytes)])
            }
        case .alter:
            commands = [["DEL", key]]
            for (number, entry) in entries.enumerated() {
                let bytes = number == 0 || Bool.random(using: &random) ? altered(entry.bytes) : entry.bytes
                commands.append(["XADD", key, RedisArgument(entry.id), "e", RedisArgument(bytes)])
            }
        case .delete:
            for entry in entries where Bool.random(using: &random) {
                commands.append(["XDEL", key, RedisArgument(entry.id)])
            }
            commands.append(["DEL", key])
        case .deliverElsewhere:
            let other = Self.agents.first { $0 != agent } ?? agent
            for (number, source) in [
                kind + other, "down" + agent, "up" + agent, "ack" + other, "beat" + agent,
            ]
            .enumerated() {
                guard let bytes = any(source) else { continue }
                commands.append(["XADD", key, id(kind, last + 1 + number), "e", RedisArgument(bytes)])
            }
        }
        try await carryOut(deed, commands, ringing: agent)
    }

    private mutating func attackBeat(of agent: String) async throws {
        let key = RedisArgument("provision:beat:\(agent)")
        if case .string(let bytes) = try await redis.command("GET", key) { note([bytes], "beat" + agent) }
        let other = Self.agents.first { $0 != agent } ?? agent
        let deed = Deed.allCases.randomElement(using: &random) ?? .replay
        let bytes: [UInt8]? =
            switch deed {
            case .replay: any("beat" + agent)
            case .swap: any("ack" + agent)
            case .alter: any("beat" + agent).map { altered($0) }
            case .delete: nil
            case .deliverElsewhere: any("beat" + other)
            }
        let command: [RedisArgument] =
            bytes.map { ["SET", key, RedisArgument($0), "EX", "45"] } ?? ["DEL", key]
        try await carryOut(deed, [command], ringing: agent)
    }

    private mutating func carryOut(_ deed: Deed, _ commands: [[RedisArgument]], ringing agent: String)
        async throws
    {
        // Numbers that are too low are refused; that is one more thing the others have to bear.
        _ = try await redis.pipeline(commands + [["PUBLISH", RedisArgument("provision:bell:\(agent)"), ""]])
        deeds[deed, default: 0] += commands.count
        messages += commands.count
    }

    private mutating func note(_ messages: [[UInt8]], _ place: String) {
        let known = found[place] ?? []
        found[place] = (known + messages.filter { !known.contains($0) }).suffix(64)
    }

    private mutating func any(_ place: String) -> [UInt8]? { found[place]?.randomElement(using: &random) }

    private mutating func altered(_ bytes: [UInt8]) -> [UInt8] {
        guard let place = bytes.indices.randomElement(using: &random) else { return [0] }
        var bytes = bytes
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        return bytes
    }

    private func id(_ kind: String, _ number: Int) -> RedisArgument {
        kind == "ack" ? "*" : RedisArgument("1-\(number)")
    }

    private static func entries(_ reply: RedisReply) -> [(id: String, bytes: [UInt8])] {
        guard case .array(let entries) = reply else { return [] }
        return entries.compactMap { entry in
            guard case .array(let parts) = entry, case .string(let id)? = parts.first,
                case .array(let fields)? = parts.last, case .string(let bytes)? = fields.last
            else { return nil }
            return (String(decoding: id, as: UTF8.self), bytes)
        }
    }
}

import Glibc
import JobKit
import ManifestKit
import OpenSSLCrypto
import RedisQueue
import Synchronization
import TestSupport
import Testing

/// What an agent with its own valid key and user floods Redis with.
enum Flood: String, CaseIterable, Sendable {
    case ownStream, bell, beats

    /// A portion of it.
    func commands(of agent: AgentID, after sent: Int) -> [[RedisArgument]] {
        let bell: [RedisArgument] = ["PUBLISH", RedisArgument("provision:bell:\(agent)"), ""]
        switch self {
        case .ownStream:
            let filler = RedisArgument([UInt8](repeating: 1, count: 1 << 20))
            return (1...4).map {
                [
                    "XADD", RedisArgument("provision:up:\(agent)"), RedisArgument("1-\(sent + $0)"), "e",
                    filler,
                ]
            }
        case .bell: return Array(repeating: bell, count: 1000)
        case .beats:
            let noise = RedisArgument([UInt8](repeating: 1, count: 500))
            let beat: [RedisArgument] = ["SET", RedisArgument("provision:beat:\(agent)"), noise, "EX", 45]
            return (0..<500).flatMap { _ in [beat, bell] }
        }
    }

    /// How much of it there is at most.
    var limit: Int { self == .ownStream ? 1024 : 5_000_000 }
}

@Suite(
    "An agent that floods Redis", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct FloodTests {
    /// F58: its user of Redis is turned off within seconds, and jobs of others come to their end meanwhile.
    @Test(arguments: Flood.allCases) func f58ShutsOutWhoFloods(_ flood: Flood) async throws {
        try await House.run([.greeting], withAgent: false) { house in
            let (honest, rogue) = (Fixtures.agent, Fixtures.otherAgent)
            let redis = try house.redisConnection()
            for agent in [honest, rogue] { try await redis.enrol(agent) }
            house.agent.change(["REDIS_URL": house.redis.socketURL(of: honest)])
            try await house.startAgent()
            try await house.announce(rogue)
            let calm = try await house.times(of: 5, after: 0)

            let flooder = try RedisConnection(
                to: RedisURL(house.redis.socketURL(of: rogue)), name: "flooder")
            let start = ContinuousClock.now
            async let end = Self.flood(flood, rogue, over: flooder)
            var wild = try await house.times(of: 5, after: 5)
            try await eventually("a user that is off", within: .seconds(30)) {
                try await redis.isOff(rogue)
            }
            let time = ContinuousClock.now - start
            let (sent, refusal) = try await end
            #expect(refusal.word == "WRONGPASS" || refusal.code == .connectionLost, "\(sent) were sent")
            wild += try await house.times(of: 5, after: 10)
            print(
                "flood: \(flood): off after \(time), \(sent) sent; jobs took", calm.sorted(), "ms, then",
                wild.sorted())

            _ = try await house.panel.line(with: "an agent floods Redis: its user there is off now")
            #expect(try await flooder.isRefused())
            #expect(try await redis.command("XLEN", "provision:up:agent-002") == .integer(0))
            #expect(try await redis.isOff(honest) == false)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// Sends what there is, and then asks until it is refused; how much went out, and why there was no more.
    private static func flood(_ flood: Flood, _ agent: AgentID, over flooder: RedisConnection) async throws
        -> (sent: Int, refusal: RedisError)
    {
        var sent = 0
        while true {
            let commands = sent < flood.limit ? flood.commands(of: agent, after: sent) : [["PING"]]
            do throws(RedisError) {
                for reply in try await flooder.pipeline(commands) { _ = try flooder.checked(reply) }
            } catch {
                return (sent, error)
            }
            sent += sent < flood.limit ? commands.count : 0
        }
    }
}

extension RedisServer {
    fileprivate func socketURL(of agent: AgentID) -> String {
        socketURL.replacing("//", with: "//\(agent):secret@")
    }
}

extension RedisConnection {
    /// Makes the agent's user, as its enrolment prints it.
    fileprivate func enrol(_ agent: AgentID) async throws {
        let access = RedisAgentAccess(
            of: agent, passwordDigest: Hex.encode(SHA256.digest(Array("secret".utf8))))
        #expect(
            try await pipeline([access.rule.split(separator: " ").map { RedisArgument($0) }]) == [
                .status("OK")
            ])
    }

    /// Whether the agent's user may not log in.
    fileprivate func isOff(_ agent: AgentID) async throws -> Bool {
        guard case .array(let parts) = try await command("ACL", "GETUSER", RedisArgument(agent.description)),
            parts.count > 1, case .array(let flags) = parts[1]
        else { return false }
        return flags.contains(.string(Array("off".utf8)))
    }

    /// Whether its user is not let in.
    fileprivate func isRefused() async throws -> Bool {
        do throws(RedisError) {
            _ = try await command("PING")
            return false
        } catch {
            return error.word == "WRONGPASS"
        }
    }
}

extension House {
    /// How long each of some jobs took from its request to its end, in milliseconds.
    fileprivate func times(of count: Int, after first: Int) async throws -> [Int64] {
        var times: [Int64] = []
        for number in first + 1...first + count {
            let start = ContinuousClock.now
            #expect(try await end(of: install(number: number, "greeting"))["status"] == "succeeded")
            let time = (ContinuousClock.now - start).components
            times.append(time.seconds * 1000 + time.attoseconds / 1_000_000_000_000_000)
        }
        return times
    }
}

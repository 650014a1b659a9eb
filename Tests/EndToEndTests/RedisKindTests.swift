import JobKit
import ManifestKit
import OpenSSLCrypto
import TestSupport
import Testing

@testable import RedisQueue

@Suite(
    "A Redis of another kind", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct RedisKindTests {
    /// F22: Redis 6.2 in the wire's place, with the agent's user as 6.2 takes it: no difference.
    @Test func f22NeedsNothingThatRedis62Lacks() async throws {
        try await House.run([.greeting, .patient], withAgent: false) { house in
            let redis = try house.redisConnection()
            let older = try OlderRedis(knowing: house.redis)
            let wire = try FaultyWire(to: house.redis.port) { older.translate($0) }
            let admin = try RedisConnection(to: RedisURL(wire.url), name: "admin")
            try await Self.expectAge(of: older, admin, beside: redis)

            let access = RedisAgentAccess(
                of: Fixtures.agent, passwordDigest: Hex.encode(SHA256.digest(Array("secret".utf8))))
            let rule = access.olderRule.split(separator: " ").map { RedisArgument($0) }
            #expect(try await admin.pipeline([rule]) == [.status("OK")])
            let refused = older.refused
            house.agent.change(["REDIS_URL": wire.url.replacing("//", with: "//agent-001:secret@")])
            try await house.reach(wire.url, from: [house.panel])

            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            let late = try await house.install("greeting", ["who": "nobody"])
            #expect(try await house.api.post("/api/jobs/\(late)/cancel", "{}".utf8).status == 200)
            for number in 1...3 { _ = try await house.install(number: number, "greeting") }
            _ = try await redis.command("FLUSHALL")
            try house.openGate("go")
            #expect(try await house.end(of: id)["exit_code"] == 3)
            #expect(try await house.end(of: late)["status"] == "cancelled")
            try await house.expectTruth()
            #expect(house.witness.count == 8)
            #expect(older.refused == refused, "6.2 would have refused that")
        }
    }

    /// F22: the oldest Redis itself, and Valkey, with the agent's user: jobs run, and a lost wire is made again.
    @Test(arguments: RedisKind.present.filter { $0 != .installed })
    func f22RunsJobsOverOtherServers(_ kind: RedisKind) async throws {
        try await House.run([.greeting, .patient], withAgent: false, of: kind) { house in
            let admin = try house.redisConnection()
            let access = RedisAgentAccess(
                of: Fixtures.agent, passwordDigest: Hex.encode(SHA256.digest(Array("secret".utf8))))
            let rule = (kind == .oldest ? access.olderRule : access.rule).split(separator: " ")
            #expect(try await admin.pipeline([rule.map { RedisArgument($0) }]) == [.status("OK")])
            house.agent.change(["REDIS_URL": house.redis.url.replacing("//", with: "//agent-001:secret@")])
            try await house.startAgent()
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            for number in 1...3 { _ = try await house.install(number: number, "greeting") }
            _ = try await admin.command("FLUSHALL")
            try house.openGate("go")
            #expect(try await house.end(of: id)["exit_code"] == 3)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// What stands in for 6.2 refuses what came later, and nothing else.
    private static func expectAge(
        of older: OlderRedis, _ admin: RedisConnection, beside newer: RedisConnection
    ) async throws {
        let young: [[RedisArgument]] = [
            ["EXPIRETIME", "trial"], ["SET", "trial", "1"], ["EXPIRE", "trial", "100", "NX"],
            ["XADD", "young", "1-*", "e", "x"], ["CLIENT", "NO-EVICT", "off"],
            ["ACL", "SETUSER", "young", "%R~trial"], ["XADD", "old", "1-1", "e", "x"],
            ["XTRIM", "old", "MINID", "1-2"], ["DEL", "trial", "young", "old"],
        ]
        let isOld = [false, true, false, false, false, false, true, true, true]
        for (reply, isOld) in zip(try await admin.pipeline(young), isOld) {
            if case .error(let text) = reply {
                #expect(!isOld && text.contains("redis-6.2-has-no-"), "\(text)")
            } else {
                #expect(isOld)
            }
        }
        for reply in try await newer.pipeline(young + [["ACL", "DELUSER", "young"]]) {
            if case .error(let text) = reply { Issue.record("this Redis is as old: \(text)") }
        }
    }

    /// Answers that Redis never gives, or gives nobody who did not ask for them.
    private static let nonsense: [(text: String, floods: Bool)] = [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", false), ("\u{0}\u{1}\u{2}\u{3}", false), ("*-2\r\n", false),
        // RESP3
        ("%1\r\n+a\r\n+b\r\n", false), ("~1\r\n+a\r\n", false), ("_\r\n", false), ("#t\r\n", false),
        (",1.5\r\n", false), ("(12345678901234567890\r\n", false), (">2\r\n+message\r\n+x\r\n", false),
        // Without bounds
        ("*2147483648\r\n", false), ("*2147483647\r\n", false), ("*100000\r\n*100000\r\n", false),
        ("$536870912\r\n", true), ("*100000\r\n$536870912\r\n", true), ("+", true),
    ]

    /// F23: whatever Redis answers, the connection ends, another one is tried, and little memory is taken.
    @Test(arguments: WiredProgram.allCases) func f23BearsAnyAnswer(_ program: WiredProgram) async throws {
        try await House.run([.patient, .greeting], withAgent: false) { house in
            let subject = house.program(program)
            let wire = try await house.wire([subject])
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            let before = try ProcessTable.peakMemory(of: subject.pid)
            for (text, floods) in Self.nonsense {
                wire.inject(.answer(Array(text.utf8), floods: floods))
                let connections = wire.connections
                try await eventually("more connections after \(text.prefix(20))") {
                    wire.connections >= connections + 3
                }
                _ = try await house.install("greeting", ["who": "you"])
            }
            wire.heal()
            try house.openGate("go")
            #expect(try await house.end(of: id)["exit_code"] == 3)
            let peak = try ProcessTable.peakMemory(of: subject.pid)
            #expect(peak < before + (48 << 10), "it took \(peak) KiB, and \(before) KiB before")
            // The panel as it is built for tests has 52 MiB already.
            if program == .agent { #expect(peak < 64 << 10, "it took \(peak) KiB") }
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

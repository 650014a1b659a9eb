import JobKit
import OpenSSLCrypto
import TestSupport
import Testing

@testable import RedisQueue

/// The user that an enrolment makes up: all that an agent does, and nothing besides.
@Suite("An agent's user of Redis", .timeLimit(.minutes(1))) struct AgentAccessTests {
    private static let password = "the agent's own"

    private let server: RedisServer
    private let admin: RedisConnection
    private let mine: RedisConnection

    init() async throws {
        server = try await RedisServer.start(settings: ["--enable-debug-command", "yes"])
        admin = try RedisConnection(to: RedisURL(server.socketURL), name: "admin")
        mine = try RedisConnection(to: try Self.url(of: server), name: "agent")
    }

    private static func url(of server: RedisServer) throws -> RedisURL {
        try RedisURL(
            server.socketURL.replacing("unix://", with: "unix://agent-001:the%20agent%27s%20own@"))
    }

    private static let access = RedisAgentAccess(
        of: Fixtures.agent, passwordDigest: Hex.encode(SHA256.digest(Array(password.utf8))))

    private func enrol(_ rule: String) async throws {
        let words = rule.split(separator: " ").map { RedisArgument($0) }
        let reply = try await admin.pipeline([words])[0]
        _ = try admin.checked(reply)
    }

    /// Every promise of the wire is kept for an agent that is confined so.
    @Test(arguments: [access.rule, access.olderRule], JobQueueConformance.checks.indices)
    func sufficesForAllThatAnAgentDoes(_ rule: String, _ check: Int) async throws {
        try await enrol(rule)
        let panel = try RedisJobQueue(url: server.socketURL, name: "panel")
        let confined = try RedisJobQueue(at: try Self.url(of: server), name: "agent")
        try await JobQueueConformance.checks[check].run(
            JobQueueConformance(
                panel: panel, agent: try confined.link(for: Fixtures.agent),
                other: try panel.link(for: Fixtures.otherAgent), agentID: Fixtures.agent,
                otherID: Fixtures.otherAgent))
    }

    /// The same on the oldest Redis and on Valkey: the user can do its work, and nothing of another agent's.
    @Test(arguments: RedisKind.present.filter { $0 != .installed })
    func holdsOn(_ kind: RedisKind) async throws {
        let server = try await RedisServer.start(kind)
        let admin = try RedisConnection(to: RedisURL(server.socketURL), name: "admin")
        for rule in kind == .oldest ? [Self.access.olderRule] : [Self.access.rule, Self.access.olderRule] {
            let words = rule.split(separator: " ").map { RedisArgument($0) }
            let confined = try RedisJobQueue(at: try Self.url(of: server), name: "agent")
            let panel = try RedisJobQueue(url: server.socketURL, name: "panel")
            for check in JobQueueConformance.checks {
                // The last one may have shut the agent out.
                _ = try await admin.command("FLUSHALL")
                _ = try admin.checked(try await admin.pipeline([words])[0])
                try await check.run(
                    JobQueueConformance(
                        panel: panel, agent: try confined.link(for: Fixtures.agent),
                        other: try panel.link(for: Fixtures.otherAgent), agentID: Fixtures.agent,
                        otherID: Fixtures.otherAgent))
            }
            _ = try admin.checked(try await admin.pipeline([words])[0])
            _ = try await admin.command("FLUSHALL")
            try await Self.expectHealth(at: server)
            let mine = try RedisConnection(to: try Self.url(of: server), name: "agent")
            for (command, reply) in zip(Self.forbidden, try await mine.pipeline(Self.forbidden)) {
                guard case .error = reply else {
                    Issue.record("\(kind.rawValue): \(command) was answered: \(reply)")
                    continue
                }
            }
        }
    }

    private static let forbidden: [[RedisArgument]] = [
        // Other agents.
        ["XREAD", "STREAMS", "provision:down:agent-002", "0"],
        ["XADD", "provision:up:agent-002", "1-1", "e", "x"], ["DEL", "provision:up:agent-002"],
        ["XRANGE", "provision:up:agent-002", "-", "+"], ["SET", "provision:beat:agent-002", "x"],
        ["XREVRANGE", "provision:ack:agent-002", "+", "-"], ["DEL", "provision:ack:agent-002"],
        // Anything else in Redis.
        ["GET", "secret"], ["SET", "secret", "x"], ["KEYS", "*"], ["SCAN", "0"], ["FLUSHALL"], ["FLUSHDB"],
        ["CONFIG", "GET", "*"], ["CONFIG", "SET", "dir", "/tmp"], ["ACL", "LIST"], ["ACL", "WHOAMI"],
        ["ACL", "SETUSER", "agent-001", "allcommands"], ["MONITOR"], ["CLIENT", "LIST"],
        ["CLIENT", "KILL", "x"],
        ["SHUTDOWN"], ["DEBUG", "SLEEP", "0"], ["EVAL", "return 1", "0"], ["FUNCTION", "LIST"],
        ["MODULE", "LIST"], ["SLAVEOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], ["SAVE"], ["INFO"],
        ["SUBSCRIBE", "provision:bell:agent-001"], ["PSUBSCRIBE", "*"], ["PUBLISH", "other", "x"],
        ["PUBLISH", "provision:bell:agent-002", ""],
        ["RENAME", "provision:up:agent-001", "provision:up:agent-002"],
        ["COPY", "provision:up:agent-001", "provision:up:agent-002"],
        ["SORT", "provision:up:agent-001"], ["DUMP", "provision:up:agent-001"],
        ["XGROUP", "CREATE", "provision:up:agent-001", "g", "0"],
        ["XSETID", "provision:up:agent-001", "9-9"],
        ["OBJECT", "ENCODING", "provision:up:agent-001"], ["EXPIRE", "provision:up:agent-001", "1"],
        ["MULTI"], ["SWAPDB", "0", "1"], ["MIGRATE", "127.0.0.1", "1", "x", "0", "1"],
    ]

    /// What the doctor tries is within the agent's rights, and nothing comes of it.
    @Test(arguments: [access.rule, access.olderRule])
    func sufficesForTheDoctor(_ rule: String) async throws {
        try await enrol(rule)
        try await Self.expectHealth(at: server)
        #expect(try await admin.command("KEYS", "*") == .array([]))
        let panel = try RedisJobQueue(url: server.socketURL, name: "panel")
        try await panel.acknowledge([
            (Fixtures.agent, Array("word".utf8), StreamPosition(epoch: 1, number: 0))
        ])
        #expect(try await Self.checkup(at: Self.url(of: server)).acknowledgement == Array("word".utf8))
    }

    @Test func isTriedByTheDoctor() async throws {
        let whole = try await Self.checkup(at: RedisURL(server.socketURL))
        #expect(!whole.isConfined && whole.trial.isFine)
        try await enrol(Self.access.rule + " -publish")
        let denied = try await Self.checkup(at: Self.url(of: server))
        #expect(denied.trial.denial?.contains("publish") == true && denied.trial.failure == nil)
        try await enrol(Self.access.rule)
        _ = try await admin.command("CONFIG", "SET", "maxmemory", "1")
        let full = try await Self.checkup(at: Self.url(of: server))
        #expect(full.trial.failure?.contains("OOM") == true && full.trial.denial == nil)
    }

    private static func checkup(at url: RedisURL) async throws -> RedisAgentCheckup {
        try await RedisAgentCheckup(of: url, agent: Fixtures.agent, prefix: RedisJobQueue.defaultPrefix)
    }

    private static func expectHealth(at server: RedisServer) async throws {
        let checkup = try await Self.checkup(at: Self.url(of: server))
        #expect(checkup.trial.isFine && checkup.isConfined, "\(checkup)")
    }

    private static let readOnly: [[RedisArgument]] = [
        ["XADD", "provision:down:agent-001", "9-9", "e", "x"], ["DEL", "provision:down:agent-001"],
        ["XADD", "provision:ack:agent-001", "*", "e", "x"], ["DEL", "provision:ack:agent-001"],
    ]

    @Test func mayNothingElse() async throws {
        try await enrol(Self.access.rule)
        let replies = try await mine.pipeline(Self.forbidden + Self.readOnly)
        for (command, reply) in zip(Self.forbidden + Self.readOnly, replies) {
            expectRefusal(reply, of: command)
        }
    }

    @Test func mayNothingElseInRedis62() async throws {
        try await enrol(Self.access.olderRule)
        let replies = try await mine.pipeline(Self.forbidden)
        for (command, reply) in zip(Self.forbidden, replies) { expectRefusal(reply, of: command) }
    }

    private func expectRefusal(_ reply: RedisReply, of command: [RedisArgument]) {
        let words = command.map(\.text).joined(separator: " ")
        guard case .error(let text) = reply else {
            Issue.record("'\(words)' was answered with \(reply)")
            return
        }
        #expect(text.hasPrefix("NOPERM"), "\(words): \(text)")
    }

    /// F58: who is shut out is so at once and from then on; nobody without a user of that name, and never the panel.
    @Test func isTakenAwayFromOneAgentAlone() async throws {
        try await enrol(Self.access.rule)
        #expect(try await mine.command("PING") == .status("PONG"))
        let panel = try RedisJobQueue(url: server.socketURL, name: "panel")
        #expect(try await panel.shutOut(Fixtures.agent))
        #expect(await failure { try await mine.command("PING") } != nil)
        #expect(await failure { try await mine.command("PING") }?.word == "WRONGPASS")
        for name in ["agent-002", "default"] { #expect(try await !panel.shutOut(.sample(name))) }
        #expect(try await admin.command("ACL", "GETUSER", "agent-002") == .null)
        try await RedisJobQueue(url: server.socketURL, name: "another").check()
    }

    @Test func holdsNoPassword() {
        #expect(!Self.access.rule.contains(Self.password))
        #expect(Self.access.rule.contains("#\(Hex.encode(SHA256.digest(Array(Self.password.utf8))))"))
    }
}

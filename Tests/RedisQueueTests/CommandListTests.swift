import JobKit
import TestSupport
import Testing

@testable import RedisQueue

/// All that is ever said to a server, so that any Redis from 6.2 on will do, and Valkey.
@Suite("Commands that are used", .timeLimit(.minutes(1))) struct CommandListTests {
    /// Every form of every command, `*` for any word, and the version of Redis that had it first.
    private static let forms: [(form: String, since: String)] = [
        ("AUTH *", "1.0"), ("AUTH * *", "6.0"), ("SELECT *", "1.0"), ("CLIENT SETNAME *", "2.6.9"),
        ("ROLE", "2.8.12"), ("PING", "1.0"), ("DEL *", "1.0"), ("GETRANGE * * *", "2.4"),
        ("SET * * EX *", "2.6.12"), ("PUBLISH * *", "2.0"), ("PSUBSCRIBE *", "2.0"),
        ("MEMORY USAGE * SAMPLES *", "4.0"),
        ("ACL GETUSER *", "6.0"), ("ACL SETUSER * off", "6.0"), ("ACL SETUSER * nosuchrule", "6.0"),
        ("CLIENT KILL USER *", "6.0"),
        ("UNLINK * *", "4.0"), ("INFO server", "2.6"), ("CONFIG GET *", "2.0"),

        ("XADD * * e *", "5.0"), ("XADD * MAXLEN 1 * e *", "5.0"), ("XRANGE * * *", "5.0"),
        ("XREVRANGE * + - COUNT *", "5.0"),
        ("XREAD COUNT * STREAMS * *", "5.0"), ("XREAD COUNT * BLOCK * STREAMS * * * *", "5.0"),
        ("XTRIM * MINID *", "6.2"), ("SENTINEL get-master-addr-by-name *", "2.8"),
    ]

    @Test func areThoseOfTheTableAndAllOfThem() async throws {
        let master = try await RedisServer.start(password: "secret")
        let wire = try WireTap(to: master.port)
        let sentinel = try FakeSentinel(naming: wire.port)
        let way = try WireTap(to: sentinel.port)
        let admin = try RedisConnection(
            to: RedisURL(master.socketURL.replacing("unix://", with: "unix://:secret@")), name: "admin")
        _ = try await admin.command(
            "ACL", "SETUSER", "me", "on", ">secret", "allcommands", "allkeys", "allchannels")
        // One check shuts the agent out, by its user.
        _ = try await admin.command("ACL", "SETUSER", RedisArgument(Fixtures.agent.description), "on")
        for user in ["", "me"] {
            let url = try RedisURL("redis+sentinel://\(user):secret@127.0.0.1:\(way.port)/mymaster/1")
            try await useEverything(at: url, prefix: user)
            _ = try await RedisCheckup(of: url, prefix: user)
            _ = try await RedisAgentCheckup(of: url, agent: Fixtures.agent, prefix: user)
        }
        let said = try (wire.spoken + way.spoken).flatMap { try Self.commands(in: $0) }
        let forms = said.map { command in Self.forms.first { Self.fits(command, $0.form) }?.form }
        for (command, form) in zip(said, forms) where form == nil {
            Issue.record("the table lacks '\(command.joined(separator: " ").prefix(100))'")
        }
        #expect(Set(forms.compactMap(\.self)) == Set(Self.forms.map(\.form)), "and holds nothing besides")
        let young = Self.forms.filter { Self.number($0.since).lexicographicallyPrecedes([6, 3]) == false }
        #expect(young.isEmpty, "\(young)")
    }

    // Every check of the wire wants one that nobody has used: names of its own will do.
    private func useEverything(at url: RedisURL, prefix: String) async throws {
        for (number, check) in JobQueueConformance.checks.enumerated() {
            let queue = try RedisJobQueue(at: url, name: "test", prefix: "\(prefix)\(number):")
            try await check.run(
                JobQueueConformance(
                    panel: queue, agent: try queue.link(for: Fixtures.agent),
                    other: try queue.link(for: Fixtures.otherAgent), agentID: Fixtures.agent,
                    otherID: Fixtures.otherAgent))
            try await queue.check()
            // Nothing ever comes there, so that this one surely waits.
            if number == 0 {
                let nobody = try queue.link(for: .sample("nobody"))
                _ = try await nobody.receive(
                    after: StreamPosition(epoch: 1, number: 0), acknowledgement: nil, waiting: 1)
            }
        }
    }

    // A command travels as an array of strings, as answers do.
    private static func commands(in bytes: [UInt8]) throws -> [[String]] {
        try bytes.withUnsafeBytes { try RedisReplyReader().replies(with: $0) }.map { reply in
            guard case .array(let words) = reply else { return ["\(reply)"] }
            return words.map { word in
                guard case .string(let bytes) = word else { return "\(word)" }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    private static func fits(_ command: [String], _ form: String) -> Bool {
        let words = form.split(separator: " ")
        return words.count == command.count
            && zip(words, command).allSatisfy { $0 == "*" || String($0) == $1 }
    }

    private static func number(_ version: String) -> [Int] {
        version.split(separator: ".").compactMap { Int($0) }
    }
}

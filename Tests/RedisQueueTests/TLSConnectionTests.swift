import JobKit
import RedisQueue
import TestSupport
import Testing

@Suite("Connections over TLS", .timeLimit(.minutes(1))) struct TLSConnectionTests {
    let certificates: TestCertificates
    let server: RedisServer
    let url: RedisURL

    init() async throws {
        certificates = try TestCertificates()
        server = try await RedisServer.start(identity: try certificates.issue("server"))
        url = try RedisURL(server.tlsURL, trust: RedisTrust(authorityFile: certificates.authority))
    }

    @Test(arguments: JobQueueConformance.checks.indices) func theWireDoes(_ check: Int) async throws {
        let queue = try RedisJobQueue(at: url, name: "test")
        try await JobQueueConformance.checks[check].run(
            JobQueueConformance(
                panel: queue, agent: try queue.link(for: Fixtures.agent),
                other: try queue.link(for: Fixtures.otherAgent),
                agentID: Fixtures.agent, otherID: Fixtures.otherAgent))
    }

    @Test(arguments: ["TLSv1.2", "TLSv1.3"]) func carriesMegabytesEachWayAtOnce(version: String) async throws
    {
        let server = try await RedisServer.start(
            identity: try certificates.issue("other"), settings: ["--tls-protocols", version])
        let connection = try RedisConnection(to: RedisURL(server.tlsURL, trust: url.trust), name: "test")
        let value = (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let replies = try await connection.pipeline((0..<4).map { _ in ["ECHO", RedisArgument(value)] })
        #expect(replies == [RedisReply](repeating: .string(value), count: 4))
    }

    @Test(arguments: [16_383, 16_384, 16_385, 65_535, 65_536, 65_537])
    func carriesWhatFillsRecords(count: Int) async throws {
        let connection = try RedisConnection(to: url, name: "test")
        let value = [UInt8](repeating: 7, count: count)
        for _ in 0..<10 {
            #expect(try await connection.command("ECHO", RedisArgument(value)) == .string(value))
        }
    }

    @Test func pipelinesWhatManyTasksAsk() async throws {
        let connection = try RedisConnection(to: url, name: "test")
        try await connection.expectAnswersInOrder()
    }

    @Test func aBlockingReadWakes() async throws {
        let reader = try RedisConnection(to: url, name: "reader")
        let writer = try RedisConnection(to: url, name: "writer")
        async let read = reader.command("BLPOP", "list", 0, timeout: .seconds(40))
        while try await !writer.hasBlockedClient {}
        _ = try await writer.command("RPUSH", "list", "hello")
        #expect(try await read == .array([.text("list"), .text("hello")]))
    }

    @Test func anotherCommandGoesOutDuringABlockingRead() async throws {
        let reader = try RedisConnection(to: url, name: "reader")
        let other = try server.connection()
        async let read = reader.command("BLPOP", "list", 0, timeout: .seconds(40))
        while try await !other.hasBlockedClient {}
        async let behind = reader.command("ECHO", "behind", timeout: .seconds(40))
        _ = try await other.command("RPUSH", "list", "hello")
        #expect(try await read == .array([.text("list"), .text("hello")]))
        #expect(try await behind == .text("behind"))
    }

    @Test func aServerThatRestartedWhileNothingWasAskedGoesUnnoticed() async throws {
        let connection = try RedisConnection(to: url, name: "test")
        for _ in 0..<3 {
            #expect(try await connection.command("PING") == .status("PONG"))
            try await server.restart()
        }
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    @Test func aServerThatDiesFailsWhatWaits() async throws {
        let connection = try RedisConnection(to: url, name: "test")
        let other = try server.connection()
        async let waiting = failure {
            try await connection.command("BLPOP", "list", 0, timeout: .seconds(40))
        }
        try await eventually("a blocked client") { try await other.hasBlockedClient }
        server.kill()
        #expect(await waiting?.code == .connectionLost)
    }

    @Test func aServerThatEndsInOrderIsSaidToHaveClosed() async throws {
        let connection = try RedisConnection(to: url, name: "test")
        let other = try server.connection()
        async let waiting = failure {
            try await connection.command("BLPOP", "list", 0, timeout: .seconds(40))
        }
        try await eventually("a blocked client") { try await other.hasBlockedClient }
        _ = try await other.command("CLIENT", "KILL", "TYPE", "normal")
        let error = await waiting
        #expect(error?.code == .connectionLost)
        #expect(error?.message.hasSuffix("broke: closed by the server") == true, "\(error as Any)")
    }

    @Test func messagesOfAChannelCome() async throws {
        let mouth = try RedisConnection(to: url, name: "mouth")
        let messages = try RedisSubscription.messages(on: "bell", at: url, name: "ear") { $1 }
        while try await mouth.command("PUBLISH", "bell", "hello") == .integer(0) {}
        #expect(await messages.first { _ in true } == Array("hello".utf8))
    }

    @Test func aRepliesLimitsHold() async throws {
        let connection = try RedisConnection(to: url, name: "test")
        let huge = [UInt8](repeating: 0, count: 9 << 20)
        _ = try await connection.command("SET", "huge", RedisArgument(huge))
        #expect(await failure { try await connection.command("GET", "huge") }?.code == .replyTooLarge)
        let many = "local t = {} for i = 1, 140000 do t[i] = 1 end return t"
        #expect(
            await failure { try await connection.command("EVAL", RedisArgument(many), 0) }?.code
                == .replyTooLarge)
        let deep = "local t = {} for i = 1, 12 do t = {t} end return t"
        #expect(
            await failure { try await connection.command("EVAL", RedisArgument(deep), 0) }?.code
                == .protocolViolated)
        #expect(try await connection.command("PING") == .status("PONG"))
    }
}

import JobKit
import RedisQueue
import TestSupport
import Testing

/// Real servers, and sentinels that say what a test wants.
@Suite("Looking for a master", .timeLimit(.minutes(1))) struct SentinelSearchTests {
    let master: RedisServer
    let sentinel: FakeSentinel

    init() async throws {
        master = try await RedisServer.start()
        sentinel = try FakeSentinel(naming: master.port)
    }

    private func url(_ ports: UInt16...) throws -> RedisURL {
        let places = ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
        return try RedisURL("redis+sentinel://\(places)/mymaster")
    }

    @Test(arguments: JobQueueConformance.checks.indices) func theWireDoes(_ check: Int) async throws {
        let queue = try RedisJobQueue(at: url(sentinel.port), name: "test")
        try await JobQueueConformance.checks[check].run(
            JobQueueConformance(
                panel: queue, agent: try queue.link(for: Fixtures.agent),
                other: try queue.link(for: Fixtures.otherAgent),
                agentID: Fixtures.agent, otherID: Fixtures.otherAgent))
    }

    @Test func usesTheAddressesPasswordAndDatabaseOnTheMaster() async throws {
        let master = try await RedisServer.start(password: "hunter2")
        sentinel.name(master.port)
        let url = try RedisURL("redis+sentinel://:hunter2@127.0.0.1:\(sentinel.port)/mymaster/3")
        let connection = try RedisConnection(to: url, name: "panel-7")
        guard case .string(let bytes) = try await connection.command("CLIENT", "LIST") else { return }
        let clients = String(decoding: bytes, as: UTF8.self)
        #expect(clients.contains("name=panel-7 "))
        #expect(clients.contains(" db=3 "))
    }

    @Test func aMasterThatIsDemotedIsLeftForTheNextOne() async throws {
        let next = try await RedisServer.start()
        let connection = try RedisConnection(to: url(sentinel.port), name: "test")
        _ = try await connection.command("SET", "k", "old")
        _ = try await master.connection().command("REPLICAOF", "127.0.0.1", RedisArgument(next.port))
        sentinel.name(next.port)
        #expect(await failure { try await connection.command("SET", "k", "lost") }?.word == "READONLY")
        #expect(try await connection.command("SET", "k", "new") == .status("OK"))
        #expect(try await next.connection().command("GET", "k") == .text("new"))
    }

    @Test func aReaderThatIsThrownOutGoesToTheNextOne() async throws {
        let next = try await RedisServer.start()
        let connection = try RedisConnection(to: url(sentinel.port), name: "test")
        let admin = try master.connection()
        async let read = failure { try await connection.command("BLPOP", "list", 0, timeout: .seconds(40)) }
        while try await !admin.hasBlockedClient {}
        sentinel.name(next.port)
        _ = try await admin.command("REPLICAOF", "127.0.0.1", RedisArgument(next.port))
        #expect(await read?.word == "UNBLOCKED")
        #expect(try await connection.information("server").contains("tcp_port:\(next.port)\r\n"))
    }

    @Test func aSentinelThatLiesAboutACopyIsNotBelieved() async throws {
        let copy = try await copy(of: master)
        let liar = try FakeSentinel(naming: copy.port)
        let connection = try RedisConnection(to: url(liar.port, sentinel.port), name: "test")
        #expect(try await connection.command("SET", "k", "v") == .status("OK"))
        #expect(try await connection.information("server").contains("tcp_port:\(master.port)\r\n"))
    }

    @Test func theOneThatWasRightIsAskedFirst() async throws {
        let liar = try FakeSentinel(naming: 1)
        let connection = try RedisConnection(to: url(liar.port, sentinel.port), name: "test")
        _ = try await connection.command("PING")
        try await master.restart()
        _ = try await connection.command("PING")
        #expect(liar.questions == 1)
        #expect(sentinel.questions == 2)
    }

    @Test func aCopyIsWaitedForUntilItIsPromoted() async throws {
        let copy = try await copy(of: master)
        sentinel.name(copy.port)
        let connection = try RedisConnection(to: url(sentinel.port), name: "test")
        let error = await failure { try await connection.command("PING", timeout: .seconds(1)) }
        #expect(error?.code == .unreachable)
        #expect(
            error?.message.hasSuffix(
                "Redis at 'redis://127.0.0.1:\(copy.port)/0' is no master, but a copy of one")
                == true, "\(error as Any)")
        async let answer = connection.command("SET", "k", "v", timeout: .seconds(40))
        try await eventually("a search that goes on") { sentinel.questions >= 5 }
        _ = try await copy.connection().command("REPLICAOF", "NO", "ONE")
        #expect(try await answer == .status("OK"))
    }

    @Test(arguments: [
        ("*-1\r\n", "knows no master 'mymaster'"), ("-ERR no\r\n", "answered 'ERR no'"),
        ("-NOAUTH Authentication required.\r\n", "REDIS_SENTINEL_PASSWORD"),
        ("+OK\r\n", "named no place that can be read"), ("*2\r\n$1\r\na\r\n$1\r\n0\r\n", "named no place"),
        ("*2\r\n$3\r\na\nb\r\n$1\r\n1\r\n", "named no place"),
        ("*2\r\n$0\r\n\r\n$1\r\n1\r\n", "named no place"),
        ("HTTP/1.1 400\r\n", "sent bytes that are no reply"),
    ])
    func aSentinelThatDoesNotKnowIsPassedOver(answer: String, what: String) async throws {
        let ignorant = try FakeSentinel(naming: 1)
        ignorant.say(answer)
        let both = try RedisConnection(to: url(ignorant.port, sentinel.port), name: "test")
        #expect(try await both.command("PING") == .status("PONG"))
        let alone = try RedisConnection(to: url(ignorant.port), name: "test")
        let error = await failure { try await alone.command("PING", timeout: .seconds(1)) }
        #expect(error?.message.contains(what) == true, "\(error as Any)")
    }

    @Test func aSentinelThatIsSilentLeavesTimeForTheNextOne() async throws {
        let silent = try ScriptedServer(.silence, greets: false)
        let connection = try RedisConnection(to: url(silent.port, silent.port, sentinel.port), name: "test")
        #expect(try await connection.command("PING", timeout: .seconds(2)) == .status("PONG"))
    }

    @Test func allSentinelsGoneIsToldWithAllThatWasTried() async throws {
        let gone = try RedisURL(
            "redis+sentinel://me:hunter2@127.0.0.1:1,[::1]:2,no-such-host.invalid/mymaster")
        let connection = try RedisConnection(to: gone, name: "test")
        let error = await failure { try await connection.command("PING", timeout: .seconds(3)) }
        #expect(error?.code == .unreachable)
        for text in [
            "the sentinels of 'redis+sentinel://127.0.0.1:1,[::1]:2,no-such-host.invalid:26379/mymaster/0' led to no master: ",
            "'redis://127.0.0.1:1/0' cannot be reached: Connection refused", "'redis://[::1]:2/0' cannot",
            "'redis://no-such-host.invalid:26379/0' cannot be reached",
        ] { #expect(error?.message.contains(text) == true, "\(error as Any)") }
        #expect(error?.message.contains("hunter2") == false)
        #expect(error?.message.contains("me:") == false)
    }

    @Test func aMasterThatRefusesThePasswordIsToldAtOnce() async throws {
        let master = try await RedisServer.start(password: "hunter2")
        sentinel.name(master.port)
        let connection = try RedisConnection(to: url(sentinel.port), name: "test")
        let error = await failure { try await connection.command("PING", timeout: .seconds(600)) }
        #expect(error?.code == .refused)
        #expect(error?.word == "NOAUTH")
    }

    @Test func messagesComeFromTheNextMasterToo() async throws {
        let next = try await RedisServer.start()
        let messages = try RedisSubscription.messages(on: "bell", at: url(sentinel.port), name: "ear") { $1 }
        let mouth = try master.connection()
        while try await mouth.command("PUBLISH", "bell", "one") == .integer(0) {}
        var iterator = messages.makeAsyncIterator()
        #expect(await iterator.next() == Array("one".utf8))
        sentinel.name(next.port)
        master.kill()
        let other = try next.connection()
        while try await other.command("PUBLISH", "bell", "two") == .integer(0) {}
        #expect(await iterator.next() == Array("two".utf8))
    }

    private func copy(of master: RedisServer) async throws -> RedisServer {
        try await RedisServer.start(settings: ["--replicaof", "127.0.0.1", "\(master.port)"])
    }
}

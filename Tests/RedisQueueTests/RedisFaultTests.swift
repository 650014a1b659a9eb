import Glibc
import RedisQueue
import TestSupport
import Testing

@Suite("Faults of Redis", .timeLimit(.minutes(1))) struct RedisFaultTests {
    @Test func aServerThatDiesFailsWhatWaitsAndIsFoundAgain() async throws {
        let server = try await RedisServer.start()
        let connection = try server.connection()
        let other = try server.connection()
        async let waiting = failure {
            try await connection.command("BLPOP", "list", 0, timeout: .seconds(40))
        }
        async let behind = failure { try await connection.command("PING", timeout: .seconds(40)) }
        while await (try? other.hasBlockedClient) != true {}
        server.kill()
        #expect(await waiting?.code == .connectionLost)
        // It was either on its way with the other, or came after and now waits for the server to return.
        try await server.restart()
        let late = await behind
        #expect(late == nil || late?.code == .connectionLost)
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    @Test func everyCommandEndsWhileTheServerComesAndGoes() async throws {
        let server = try await RedisServer.start()
        let connection = try server.connection()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<20 {
                group.addTask {
                    for round in 0..<200 {
                        let word = RedisArgument("\(task) \(round)")
                        let error = await failure {
                            let reply = try await connection.command("ECHO", word, timeout: .seconds(40))
                            #expect(reply == .string(word.bytes))
                        }
                        #expect(error == nil || error?.code == .connectionLost)
                    }
                }
            }
            for _ in 0..<5 { try await server.restart() }
            try await group.waitForAll()
        }
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    @Test func aServerThatRestartedWhileNothingWasAskedGoesUnnoticed() async throws {
        let server = try await RedisServer.start()
        let connection = try server.connection()
        for _ in 0..<3 {
            #expect(try await connection.command("PING") == .status("PONG"))
            try await server.restart()
        }
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    @Test func aCommandWaitsForAServerThatIsAway() async throws {
        let server = try await RedisServer.start()
        let connection = try server.connection()
        server.stop()
        async let answer = connection.command("PING", timeout: .seconds(40))
        try await server.restart()
        #expect(try await answer == .status("PONG"))
    }

    @Test func aServerThatStaysAwayIsUnreachable() async throws {
        let server = try await RedisServer.start()
        server.stop()
        for address in [server.url, server.socketURL, "redis://:hunter2@no-such-host.invalid"] {
            let connection = try RedisConnection(to: RedisURL(address), name: "test")
            let error = await failure { try await connection.command("PING", timeout: .milliseconds(100)) }
            #expect(error?.code == .unreachable)
            #expect(error?.message.hasPrefix("Redis at '") == true)
            #expect(error?.message.contains("hunter2") == false)
        }
    }

    @Test(arguments: [true, false]) func aServerThatNeverAnswersIsGivenUp(greets: Bool) async throws {
        let server = try ScriptedServer(.silence, greets: greets)
        let connection = try RedisConnection(to: RedisURL(server.url), name: "test")
        let error = await failure { try await connection.command("PING", timeout: .milliseconds(200)) }
        #expect(error?.code == .timedOut)
    }

    @Test func aServerThatStopsAnsweringIsGivenUpAndFoundAgain() async throws {
        let server = try await RedisServer.start()
        let connection = try server.connection()
        _ = try await connection.command("PING")
        server.pause()
        async let first = failure { try await connection.command("PING", timeout: .milliseconds(200)) }
        async let second = failure { try await connection.command("PING", timeout: .milliseconds(300)) }
        #expect(await first?.code == .timedOut)
        #expect(await second?.code == .timedOut)
        server.resume()
        #expect(
            try await connection.command("ECHO", "again") == .text("again"),
            "and no late answer is taken for it")
    }

    @Test func aServerThatHangsUpLosesTheCommand() async throws {
        let server = try ScriptedServer(.hangUp)
        let connection = try RedisConnection(to: RedisURL(server.url), name: "test")
        // Time enough for a machine whose threads are all taken: a lost connection is not a late answer.
        let lost = await failure { try await connection.command("PING", timeout: .seconds(30)) }
        #expect(lost?.code == .connectionLost)
    }

    @Test(
        arguments: [.hangUp, .answer(Array("HTTP/1.1 400 Bad Request\r\n".utf8))] as [ScriptedServer.Script])
    func aServerThatGreetsBadlyIsTriedAgain(_ script: ScriptedServer.Script) async throws {
        let server = try ScriptedServer(script, greets: false)
        let connection = try RedisConnection(to: RedisURL(server.url), name: "test")
        async let error = failure { try await connection.command("PING", timeout: .seconds(40)) }
        while server.connections < 3 { await Task.yield() }
        connection.close()
        #expect(await error?.code == .closed)
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "*4294967295\r\n",
        "%1\r\n+a\r\n+b\r\n", "\u{0}\u{0}\u{0}\u{0}",
    ])
    func garbageEndsTheConnection(text: String) async throws {
        let server = try ScriptedServer(.answer(Array(text.utf8)))
        let connection = try RedisConnection(to: RedisURL(server.url), name: "test")
        let error = await failure { try await connection.command("PING", timeout: .seconds(40)) }
        #expect(error?.code == .protocolViolated)
    }

    @Test(arguments: ["*2147483647\r\n", "*200000\r\n", "*1000\r\n*100000\r\n*100000\r\n"])
    func anArrayTooLargeEndsTheConnection(text: String) async throws {
        let server = try ScriptedServer(.answer(Array(text.utf8)))
        let connection = try RedisConnection(to: RedisURL(server.url), name: "test")
        let error = await failure { try await connection.command("PING", timeout: .seconds(40)) }
        #expect(error?.code == .replyTooLarge)
    }

    /// Who asked for less than that is told that the connection was lost, and asks again.
    @Test func anArrayTooLargeIsChargedToTheCommandThatAskedForIt() async throws {
        let ping = "*1\r\n$4\r\nPING\r\n"
        let server = try ScriptedServer(
            .answerLate(Array("*2147483647\r\n".utf8), after: 2 * ping.utf8.count))
        let connection = try RedisConnection(to: RedisURL(server.url), name: "test")
        let codes = await withTaskGroup(of: RedisError.Code?.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    await failure { try await connection.command("PING", timeout: .seconds(40)) }?.code
                }
            }
            return await group.reduce(into: [RedisError.Code?]()) { $0.append($1) }
        }
        #expect(Set(codes) == [.replyTooLarge, .connectionLost])
    }

    @Test func anAnswerTooManyIsNotTakenForTheNextOne() async throws {
        let server = try ScriptedServer(.answer(Array("+first\r\n+forged\r\n".utf8)))
        let connection = try RedisConnection(to: RedisURL(server.url), name: "test")
        for _ in 0..<10 {
            #expect(try await connection.command("PING", timeout: .seconds(40)) == .status("first"))
        }
        #expect(server.connections == 10)
    }

    @Test(arguments: ["$536870912\r\n", "*100000\r\n$536870912\r\n", "+"])
    func ofAFloodNoMoreIsTakenThanAReplyMayHave(start: String) async throws {
        let server = try ScriptedServer(.flood(Array(start.utf8)))
        let connection = try RedisConnection(to: RedisURL(server.url), name: "test")
        let error = await failure { try await connection.command("PING", timeout: .seconds(40)) }
        #expect(error?.code == .replyTooLarge)
        #expect(server.flooded < 32 << 20)
    }
}

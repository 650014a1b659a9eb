import RedisQueue
import TestSupport
import Testing

@Suite("Connections to Redis", .timeLimit(.minutes(1))) struct RedisConnectionTests {
    let server: RedisServer

    init() async throws {
        server = try await RedisServer.start()
    }

    @Test func carriesAnyBytes() async throws {
        let connection = try server.connection()
        let value = Array(UInt8.min...UInt8.max) + Array("\r\n$-1\r\n".utf8)
        for value in [value, [], [0]] {
            _ = try await connection.command("SET", RedisArgument(value), RedisArgument(value))
            #expect(try await connection.command("GET", RedisArgument(value)) == .string(value))
        }
    }

    @Test func carriesAMegabyteEachWayAtOnce() async throws {
        let connection = try server.connection()
        let value = [UInt8](repeating: 7, count: 1 << 20)
        let replies = try await connection.pipeline((0..<4).map { _ in ["ECHO", RedisArgument(value)] })
        #expect(replies == [RedisReply](repeating: .string(value), count: 4))
    }

    @Test func worksOverTheNetworkToo() async throws {
        let connection = try RedisConnection(to: RedisURL(server.url), name: "network")
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    @Test func everyTaskGetsItsOwnAnswersInOrder() async throws {
        let connection = try server.connection()
        try await connection.expectAnswersInOrder()
        #expect(try await connection.information("clients").contains("connected_clients:1\r\n"))
    }

    @Test func commandsOfOneTaskTakeEffectInOrder() async throws {
        let connection = try server.connection()
        let replies = try await connection.pipeline((1...100).map { _ in ["INCR", "n"] })
        #expect(replies == (1...100).map { .integer($0) })
        #expect(try await connection.pipeline([]) == [])
    }

    @Test func speaksWithThePasswordInTheDatabaseAndUnderTheName() async throws {
        let server = try await RedisServer.start(password: "p@ss word")
        let address = server.socketURL.replacing("unix://", with: "unix://:p%40ss%20word@") + "?db=3"
        let connection = try RedisConnection(to: RedisURL(address), name: "panel-7")
        let clients = try await connection.command("CLIENT", "LIST").text
        #expect(clients.contains("name=panel-7 "))
        #expect(clients.contains(" db=3 "))
    }

    @Test func aBlockingReadWakesWithoutHoldingUpAnotherConnection() async throws {
        let reader = try server.connection("reader")
        let writer = try server.connection("writer")
        async let read = reader.command("XREAD", "BLOCK", 30_000, "STREAMS", "s", "$", timeout: .seconds(40))
        while try await !writer.hasBlockedClient {}
        _ = try await writer.command("XADD", "s", "1-1", "m", "hello")
        let entry = RedisReply.array([.text("1-1"), .array([.text("m"), .text("hello")])])
        #expect(try await read == .array([.array([.text("s"), .array([entry])])]))
    }

    @Test func aCancelledWaitEndsAtOnceAndLeavesTheOrderOfAnswersAlone() async throws {
        let connection = try server.connection()
        let other = try server.connection()
        let waiting = Task {
            await failure { try await connection.command("BLPOP", "list", 0, timeout: .seconds(40)) }
        }
        while await (try? other.hasBlockedClient) != true {}
        waiting.cancel()
        #expect(await waiting.value?.code == .cancelled)
        async let next = connection.command("ECHO", "next")
        _ = try await other.command("RPUSH", "list", "late")
        #expect(try await next == .text("next"))
    }

    @Test func aTaskThatIsCancelledBeforehandSendsNothing() async throws {
        let connection = try server.connection()
        let error = await Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await failure { try await connection.command("SET", "k", "v") }
        }.value
        #expect(error?.code == .cancelled)
        #expect(try await connection.command("GET", "k") == .null)
    }

    @Test func closingFailsWhatWaitsAndWhatComes() async throws {
        let connection = try server.connection()
        let other = try server.connection()
        async let waiting = failure {
            try await connection.command("BLPOP", "list", 0, timeout: .seconds(40))
        }
        while await (try? other.hasBlockedClient) != true {}
        connection.close()
        #expect(await waiting?.code == .closed)
        #expect(await failure { try await connection.command("PING") }?.code == .closed)
        while try await !other.information("clients").contains("connected_clients:1\r\n") {}
    }
}

extension RedisReply {
    fileprivate var text: String {
        if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { "\(self)" }
    }
}

extension RedisConnection {
    /// Many tasks ask at once, several things at a time, and each gets its own answers.
    func expectAnswersInOrder() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<50 {
                group.addTask {
                    for round in 0..<20 {
                        let words = (0..<3).map { "\(task) \(round) \($0)" }
                        let replies = try await self.pipeline(words.map { ["ECHO", RedisArgument($0)] })
                        #expect(replies == words.map { .text($0) })
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

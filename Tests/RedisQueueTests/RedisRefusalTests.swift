import Glibc
import RedisQueue
import TestSupport
import Testing

@Suite("Refusals by Redis", .timeLimit(.minutes(1))) struct RedisRefusalTests {
    @Test func anErrorReplyIsThrownWithItsWordAndTheAddress() async throws {
        let server = try await RedisServer.start()
        let connection = try server.connection()
        _ = try await connection.command("SET", "k", "v")
        let error = await failure { try await connection.command("XADD", "k", "1-1", "m", "x") }
        #expect(error?.code == .refused)
        #expect(error?.word == "WRONGTYPE")
        #expect(error?.message.hasPrefix("Redis at '\(server.socketURL)?db=0' answered 'WRONGTYPE ") == true)
    }

    @Test func anErrorReplyAmongOthersStaysInItsPlace() async throws {
        let server = try await RedisServer.start()
        let connection = try server.connection()
        let replies = try await connection.pipeline([["SET", "k", "v"], ["INCR", "k"], ["GET", "k"]])
        #expect(replies.first == .status("OK"))
        #expect(replies.last == .text("v"))
        guard case .error(let text) = replies[1] else {
            Issue.record("no error reply but \(replies[1])")
            return
        }
        #expect(text.hasPrefix("ERR "))
        let error = #expect(throws: RedisError.self) { try connection.checked(replies[1]) }
        #expect(error?.word == "ERR")
    }

    @Test func aServerWithoutItsPasswordIsRefusedAtOnce() async throws {
        let server = try await RedisServer.start(password: "hunter2")
        let error = try await refusal(of: server.connection())
        #expect(error?.word == "NOAUTH")
    }

    @Test func aWrongPasswordIsRefusedAtOnceAndNotRepeated() async throws {
        let server = try await RedisServer.start(password: "hunter2")
        let address = server.socketURL.replacing("unix://", with: "unix://someone:hunter3@")
        let error = try await refusal(of: RedisConnection(to: RedisURL(address), name: "test"))
        #expect(error?.code == .refused)
        #expect(error?.word == "WRONGPASS")
        #expect(error?.description.contains("hunter3") == false)
        #expect(error?.description.contains("someone") == false)
    }

    @Test func aServerThatQuotesThePasswordIsNotQuoted() async throws {
        let server = try ScriptedServer(
            .answer(Array("-ERR unknown command `AUTH`, with args beginning with: `hunter2`\r\n".utf8)),
            greets: false)
        let address = server.url.replacing("redis://", with: "redis://:hunter2@")
        let error = try await refusal(of: RedisConnection(to: RedisURL(address), name: "test"))
        #expect(error?.code == .refused)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func aDatabaseThatIsNotThereIsRefusedAtOnce() async throws {
        let server = try await RedisServer.start()
        let error = try await refusal(
            of: RedisConnection(to: RedisURL(server.socketURL + "?db=99"), name: "test"))
        #expect(error?.code == .refused)
        #expect(error?.message.contains("DB index is out of range") == true)
    }

    @Test func aReadOnlyServerSaysSo() async throws {
        let server = try await RedisServer.start()
        let connection = try server.connection()
        _ = try await connection.command("REPLICAOF", "127.0.0.1", 1)
        let error = await failure { try await connection.command("SET", "k", "v") }
        #expect(error?.word == "READONLY")
        #expect(try await connection.command("GET", "k") == .null, "and the connection lives on")
    }

    @Test func aFullServerSaysSo() async throws {
        let server = try await RedisServer.start(settings: ["--maxmemory", "1"])
        let error = await failure { try await server.connection().command("SET", "k", "v") }
        #expect(error?.word == "OOM")
    }

    @Test func aServerThatCannotSaveSaysSo() async throws {
        let server = try await RedisServer.start(settings: [
            "--dbfilename", "redis.sock.rdb", "--save", "3600 1",
        ])
        // A folder in the place of the file makes every save fail.
        try #require(mkdir(server.socketPath + ".rdb", 0o700) == 0)
        let connection = try server.connection()
        _ = try await connection.command("BGSAVE")
        while try await !connection.information("persistence").contains("rdb_last_bgsave_status:err") {}
        let error = await failure { try await connection.command("SET", "k", "w") }
        #expect(error?.word == "MISCONF")
    }

    @Test func aUserWithoutTheRightToANameIsServed() async throws {
        let server = try await RedisServer.start()
        let admin = try server.connection()
        _ = try await admin.command("ACL", "SETUSER", "agent", "on", ">secret", "~mine", "+get", "+set")
        let address = server.socketURL.replacing("unix://", with: "unix://agent:secret@")
        let agent = try RedisConnection(to: RedisURL(address), name: "agent")
        #expect(try await agent.command("SET", "mine", "v") == .status("OK"))
        #expect(await failure { try await agent.command("GET", "other") }?.word == "NOPERM")
    }

    @Test func aServerWithTooManyClientsIsTriedAgain() async throws {
        let server = try await RedisServer.start(settings: ["--maxclients", "1"])
        let first = try server.connection()
        _ = try await first.command("PING")
        let second = try server.connection()
        let error = await failure { try await second.command("PING", timeout: .seconds(2)) }
        #expect(error?.message.contains("max number of clients") == true)
        async let answer = second.command("PING", timeout: .seconds(20))
        first.close()
        #expect(try await answer == .status("PONG"))
    }

    private func refusal(of connection: RedisConnection) async -> RedisError? {
        // Far longer than the test may take: a refusal does not wait for it.
        await failure { try await connection.command("PING", timeout: .seconds(600)) }
    }
}

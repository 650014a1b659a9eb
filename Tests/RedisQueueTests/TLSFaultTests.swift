import RedisQueue
import TestSupport
import Testing

@Suite("Faults over TLS", .timeLimit(.minutes(1))) struct TLSFaultTests {
    let certificates: TestCertificates
    let trust: RedisTrust

    init() throws {
        certificates = try TestCertificates()
        trust = RedisTrust(authorityFile: certificates.authority)
    }

    private func connection(_ port: UInt16) throws -> RedisConnection {
        try RedisConnection(to: RedisURL("rediss://:hunter2@127.0.0.1:\(port)", trust: trust), name: "test")
    }

    @Test func aServerThatNeverShakesHandsIsGivenUp() async throws {
        let server = try ScriptedServer(.silence, greets: false)
        let connection = try connection(server.port)
        let error = await failure { try await connection.command("PING", timeout: .milliseconds(200)) }
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("did not shake hands for TLS in time") == true, "\(error as Any)")
    }

    @Test func aServerThatStopsInTheMiddleOfTheHandshakeIsGivenUp() async throws {
        let server = try ScriptedServer(.answer([0x16, 0x03, 0x03, 0x00, 0x7A, 0x02]), greets: false)
        let connection = try connection(server.port)
        let error = await failure { try await connection.command("PING", timeout: .milliseconds(200)) }
        #expect(error?.code == .timedOut)
    }

    @Test func aServerThatHangsUpInTheHandshakeIsTriedAgain() async throws {
        let server = try ScriptedServer(.hangUp, greets: false)
        let connection = try connection(server.port)
        async let error = failure { try await connection.command("PING", timeout: .seconds(40)) }
        try await eventually("a third attempt") { server.connections >= 3 }
        connection.close()
        #expect(await error?.code == .closed)
    }

    @Test(arguments: ["-ERR unknown command\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "+OK\r\n"])
    func aServerWithoutTLSIsToldOfAtOnceAndLearnsNoPassword(answer: String) async throws {
        let server = try ScriptedServer(.answer(Array(answer.utf8)), greets: false)
        let tap = try WireTap(to: server.port)
        let connection = try connection(tap.port)
        let error = await failure { try await connection.command("PING", timeout: .seconds(600)) }
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains("does not speak TLS here") == true, "\(error as Any)")
        #expect(error?.message.contains("'redis://'") == true)
        #expect(!tap.spoken.joined().contains("hunter2".utf8))
    }

    /// Redis takes the first bytes of a handshake for a command that has no end yet, and waits.
    @Test func aRedisWithoutTLSIsToldOf() async throws {
        let server = try await RedisServer.start()
        let connection = try connection(server.port)
        let error = await failure { try await connection.command("PING", timeout: .seconds(2)) }
        #expect(error?.code == .untrusted || error?.code == .timedOut || error?.code == .unreachable)
        #expect(error?.message.contains("begins with 'redis://'") == true, "\(error as Any)")
    }

    @Test func garbageAfterItsFirstByteEndsTheHandshake() async throws {
        let server = try ScriptedServer(.answer([0x16] + Array(repeating: 0xFF, count: 500)), greets: false)
        let connection = try connection(server.port)
        let error = await failure { try await connection.command("PING", timeout: .seconds(2)) }
        #expect(error?.code == .connectionLost)
        #expect(error?.message.contains("TLS: ") == true, "\(error as Any)")
    }

    @Test(arguments: [1, 1_000, 20_000, 100_000])
    func aWireCutInTheMiddleOfARecordLosesTheAnswer(count: Int) async throws {
        let (server, tap) = try await tapped()
        let connection = try RedisConnection(
            to: RedisURL("rediss://127.0.0.1:\(tap.port)", trust: trust), name: "test")
        #expect(try await connection.command("PING") == .status("PONG"))
        tap.cut(after: count)
        let value = RedisArgument([UInt8](repeating: 7, count: 1 << 20))
        let error = await failure { try await connection.command("ECHO", value, timeout: .seconds(40)) }
        #expect(error?.code == .connectionLost)
        // Both ends of it may be there first: what could not be sent, and what did not come.
        let reasons = ["cut off, without the farewell of TLS", "Connection reset by peer"]
        #expect(reasons.contains { error?.message.hasSuffix($0) == true }, "\(error as Any)")
        withExtendedLifetime(server) {}
    }

    @Test func aByteThatWasChangedOnTheWayEndsTheConnection() async throws {
        let (server, tap) = try await tapped()
        let connection = try RedisConnection(
            to: RedisURL("rediss://127.0.0.1:\(tap.port)", trust: trust), name: "test")
        #expect(try await connection.command("PING") == .status("PONG"))
        tap.spoil()
        let error = await failure { try await connection.command("PING", timeout: .seconds(40)) }
        #expect(error?.code == .connectionLost)
        #expect(error?.message.contains("broke: TLS: ") == true, "\(error as Any)")
        withExtendedLifetime(server) {}
    }

    @Test func everyCommandEndsWhileTheServerComesAndGoes() async throws {
        let server = try await RedisServer.start(identity: try certificates.issue("server"))
        let connection = try RedisConnection(to: RedisURL(server.tlsURL, trust: trust), name: "test")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<10 {
                group.addTask {
                    for round in 0..<100 {
                        let word = RedisArgument("\(task) \(round)")
                        let error = await failure {
                            let reply = try await connection.command("ECHO", word, timeout: .seconds(40))
                            #expect(reply == .string(word.bytes))
                        }
                        #expect(error == nil || error?.code == .connectionLost)
                    }
                }
            }
            for _ in 0..<3 { try await server.restart() }
            try await group.waitForAll()
        }
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    private func tapped() async throws -> (RedisServer, WireTap) {
        let server = try await RedisServer.start(identity: try certificates.issue("server"))
        return (server, try WireTap(to: server.tlsPort))
    }
}

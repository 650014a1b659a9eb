import RedisQueue
import TestSupport
import Testing

/// Real sentinels over a real master and its copy; the system itself decides who is the master next.
@Suite("Real sentinels", .timeLimit(.minutes(2))) struct SentinelFailoverTests {
    @Test func aMasterThatDiesIsReplaced() async throws {
        let master = try await RedisServer.start()
        let copy = try await RedisServer.start(settings: ["--replicaof", "127.0.0.1", "\(master.port)"])
        try await hasCopied(copy)
        var sentinels: [RedisSentinel] = []
        for _ in 0..<3 { sentinels.append(try await RedisSentinel.start(watching: master.port, quorum: 2)) }
        for sentinel in sentinels { try await isReady(sentinel) }
        let places = sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        let url = try RedisURL("redis+sentinel://\(places)/\(RedisSentinel.master)")
        let connection = try RedisConnection(to: url, name: "test")
        #expect(try await connection.command("SET", "k", "v") == .status("OK"))
        let messages = try RedisSubscription.messages(on: "bell", at: url, name: "ear") { $1 }
        async let waiting = failure {
            try await connection.command("BLPOP", "list", 0, timeout: .seconds(60))
        }
        let admin = try master.connection()
        while try await !admin.hasBlockedClient {}
        master.kill()
        #expect(await waiting?.code == .connectionLost)
        #expect(try await connection.command("SET", "k", "w", timeout: .seconds(60)) == .status("OK"))
        #expect(try await connection.information("server").contains("tcp_port:\(copy.port)\r\n"))
        while try await connection.command("PUBLISH", "bell", "hello") == .integer(0) {}
        #expect(await messages.first { _ in true } == Array("hello".utf8))
        // The link stays, whoever watches it.
        for sentinel in sentinels { sentinel.kill() }
        #expect(try await connection.command("GET", "k") == .text("w"))
    }

    @Test func sentinelsWithAPasswordOfTheirOwnAreAskedByIt() async throws {
        let master = try await RedisServer.start(password: "masters")
        let sentinel = try await RedisSentinel.start(
            watching: master.port,
            settings: ["requirepass hunter2", "sentinel auth-pass \(RedisSentinel.master) masters"])
        var url = try RedisURL(
            "redis+sentinel://:masters@127.0.0.1:\(sentinel.port)/\(RedisSentinel.master)")
        let stranger = await failure {
            try await RedisConnection(to: url, name: "test").command("PING", timeout: .seconds(600))
        }
        #expect(stranger?.word == "NOAUTH")
        #expect(stranger?.message.contains("REDIS_SENTINEL_PASSWORD") == true)
        url.sentinelCredentials = RedisCredentials(user: nil, password: "hunter3")
        let wrong = await failure {
            try await RedisConnection(to: url, name: "test").command("PING", timeout: .seconds(600))
        }
        #expect(wrong?.word == "WRONGPASS")
        #expect(wrong?.description.contains("hunter3") == false)
        url.sentinelCredentials = RedisCredentials(user: "default", password: "hunter2")
        #expect(try await RedisConnection(to: url, name: "test").command("PING") == .status("PONG"))
    }

    @Test func sentinelsAndMasterSpeakTLS() async throws {
        let certificates = try TestCertificates()
        let identity = try certificates.issue("server")
        let settings = ["--tls-replication", "yes", "--tls-ca-cert-file", certificates.authority]
        let master = try await RedisServer.start(identity: identity, settings: settings)
        let copy = try await RedisServer.start(
            identity: identity,
            settings: settings + ["--replicaof", "127.0.0.1", "\(master.tlsPort)"])
        try await hasCopied(copy)
        let sentinel = try await RedisSentinel.start(
            watching: master.tlsPort, identity: identity, authority: certificates.authority)
        let trust = RedisTrust(authorityFile: certificates.authority)
        try await isReady(sentinel, url: RedisURL("rediss://127.0.0.1:\(sentinel.port)", trust: trust))
        let connection = try RedisConnection(
            to: RedisURL(
                "rediss+sentinel://127.0.0.1:\(sentinel.port)/\(RedisSentinel.master)", trust: trust),
            name: "test")
        #expect(try await connection.information("server").contains("tcp_port:\(master.port)\r\n"))
        master.kill()
        let answer = try await connection.pipeline([["PING"], ["ROLE"]], timeout: .seconds(60))
        #expect(answer[0] == .status("PONG"))
        #expect(try await connection.information("server").contains("tcp_port:\(copy.port)\r\n"))
    }

    @Test func aMasterWithAForeignCertificateIsRefusedThoughTheSentinelNamesIt() async throws {
        let certificates = try TestCertificates()
        let master = try await RedisServer.start(
            identity: try certificates.issue("master", for: "DNS:redis.example.com"))
        let sentinel = try await RedisSentinel.start(
            watching: master.tlsPort, identity: try certificates.issue("sentinel"),
            authority: certificates.authority)
        let url = try RedisURL(
            "rediss+sentinel://127.0.0.1:\(sentinel.port)/\(RedisSentinel.master)",
            trust: RedisTrust(authorityFile: certificates.authority))
        let connection = try RedisConnection(to: url, name: "test")
        let error = await failure { try await connection.command("PING", timeout: .seconds(600)) }
        #expect(error?.code == .untrusted)
        #expect(
            error?.message.hasPrefix(
                "the certificate of Redis at 'rediss://127.0.0.1:\(master.tlsPort)/0' is for other names")
                == true)
    }

    // MARK: - Waiting for the system

    private func hasCopied(_ copy: RedisServer) async throws {
        let admin = try copy.connection()
        try await eventually("a copy that is up to date") {
            try await admin.information("replication").contains("master_link_status:up\r\n")
        }
    }

    private func isReady(_ sentinel: RedisSentinel, url: RedisURL? = nil) async throws {
        let admin = try RedisConnection(
            to: url ?? RedisURL("redis://127.0.0.1:\(sentinel.port)"), name: "admin")
        try await eventually("a sentinel that knows the others and the copy") {
            let quorum = await failure {
                try await admin.command("SENTINEL", "CKQUORUM", RedisArgument(RedisSentinel.master))
            }
            guard quorum == nil,
                case .array(let copies) = try await admin.command(
                    "SENTINEL", "REPLICAS", RedisArgument(RedisSentinel.master))
            else { return false }
            return copies.count == 1
        }
    }
}

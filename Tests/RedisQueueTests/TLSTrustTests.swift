import RedisQueue
import TestSupport
import Testing

/// Who proves what to whom; a real server with certificates of a test's own.
@Suite("Trust over TLS", .timeLimit(.minutes(1))) struct TLSTrustTests {
    let certificates: TestCertificates
    let trust: RedisTrust

    init() throws {
        certificates = try TestCertificates()
        trust = RedisTrust(authorityFile: certificates.authority)
    }

    // MARK: - The server's certificate

    @Test(arguments: ["127.0.0.1", "localhost", "LOCALHOST"])
    func aServerIsFoundByEachOfItsNames(host: String) async throws {
        let server = try await start(for: "DNS:localhost,IP:127.0.0.1")
        #expect(try await connection(to: server, host: host).command("PING") == .status("PONG"))
    }

    @Test func aNumberOfTheNewKindIsANumberToo() async throws {
        let server = try await start(for: "IP:::1", settings: ["--bind", "::1"])
        #expect(try await connection(to: server, host: "[::1]").command("PING") == .status("PONG"))
    }

    @Test(arguments: [
        ("DNS:redis.example.com", "127.0.0.1"), ("DNS:redis.example.com", "localhost"),
        ("DNS:localhost", "127.0.0.1"), ("IP:127.0.0.1", "localhost"), ("IP:127.0.0.2", "127.0.0.1"),
        // A number that is written as a name is a name.
        ("DNS:127.0.0.1", "127.0.0.1"), ("email:a@localhost", "localhost"),
    ])
    func aCertificateForOtherNamesIsRefused(names: String, host: String) async throws {
        let server = try await start(for: names)
        let error = await error(to: server, host: host)
        #expect(error?.code == .untrusted)
        #expect(
            error?.message.hasPrefix(
                "the certificate of Redis at 'rediss://\(host):\(server.tlsPort)/0' is for other names")
                == true,
            "\(error as Any)")
    }

    /// Not even where no name stands in the place that is meant for names.
    @Test(arguments: ["DNS:elsewhere", "IP:127.0.0.2"])
    func theSubjectsCommonNameIsNoHost(names: String) async throws {
        let identity = try certificates.issue("localhost", for: names)
        let server = try await RedisServer.start(identity: identity)
        #expect(await error(to: server, host: "localhost")?.message.contains("is for other names") == true)
    }

    @Test func whatIsBetweenACertificateAndItsAuthorityIsShown() async throws {
        let middle = try certificates.issue("middle", for: "DNS:middle", isAuthority: true)
        let identity = try certificates.chained("server", by: middle)
        let client = try certificates.chained("client", by: middle)
        let server = try await RedisServer.start(
            identity: identity,
            settings: ["--tls-auth-clients", "yes", "--tls-ca-cert-file", certificates.authority])
        let connection = try RedisConnection(
            to: RedisURL(server.tlsURL, trust: trust.showing(client)), name: "test")
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    /// By its name a server with several certificates knows which one to show; numbers are not told.
    @Test func theServerIsToldByWhichNameItIsWanted() async throws {
        let server = try await start(for: "DNS:localhost,IP:127.0.0.1")
        for (host, isTold) in [("localhost", true), ("127.0.0.1", false)] {
            let tap = try WireTap(to: server.tlsPort)
            let url = try RedisURL("rediss://\(host):\(tap.port)", trust: trust)
            _ = try await RedisConnection(to: url, name: "test").command("PING")
            #expect(tap.spoken.joined().contains(host.utf8) == isTold)
        }
    }

    @Test func anUnknownAuthorityIsRefused() async throws {
        let server = try await start()
        let strangers = try TestCertificates()
        for trust in [RedisTrust(), RedisTrust(authorityFile: strangers.authority)] {
            let connection = try RedisConnection(to: RedisURL(server.tlsURL, trust: trust), name: "test")
            let error = await failure { try await connection.command("PING", timeout: .seconds(600)) }
            #expect(error?.code == .untrusted)
            #expect(
                error?.message.hasSuffix(
                    "is signed by nobody this server trusts; name its CA in REDIS_CA_FILE") == true,
                "\(error as Any)")
        }
    }

    @Test(arguments: [(2020...2021, "has expired"), (2048...2049, "is not valid yet")])
    func aCertificateOfAnotherTimeIsRefused(years: ClosedRange<Int>, what: String) async throws {
        let server = try await start(years: years)
        let error = await error(to: server)
        #expect(error?.code == .untrusted)
        #expect(
            error?.message.hasPrefix("the certificate of Redis at '\(server.tlsURL)/0' \(what)") == true,
            "\(error as Any)")
    }

    @Test func aCertificateThatTheFileNamesItselfIsTrusted() async throws {
        let identity = try certificates.issue("server")
        let server = try await RedisServer.start(identity: identity)
        let pinned = RedisTrust(authorityFile: identity.certificate)
        let connection = try RedisConnection(to: RedisURL(server.tlsURL, trust: pinned), name: "test")
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    @Test func onlyAnOldVersionIsRefused() async throws {
        let server = try await start(settings: [
            "--tls-protocols", "TLSv1.1", "--tls-ciphers", "DEFAULT@SECLEVEL=0",
        ])
        let error = await error(to: server)
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains("speaks no TLS of 1.2 or newer") == true, "\(error as Any)")
        #expect(
            try ChildProcess.run(
                [
                    "openssl", "s_client", "-connect", "127.0.0.1:\(server.tlsPort)", "-tls1_1", "-cipher",
                    "DEFAULT@SECLEVEL=0",
                ], output: certificates.path("s_client")) == 0, "the server does speak the old one")
    }

    // MARK: - The client's certificate

    @Test(arguments: ["TLSv1.2", "TLSv1.3"]) func aCertificateOfOursIsShown(version: String) async throws {
        let server = try await demanding(version)
        let client = try certificates.issue("client")
        let connection = try RedisConnection(
            to: RedisURL(server.tlsURL, trust: trust.showing(client)), name: "test")
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    @Test(arguments: ["TLSv1.2", "TLSv1.3"])
    func aServerThatWantsACertificateSaysSo(version: String) async throws {
        let server = try await demanding(version)
        let error = await error(to: server)
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains("wants a certificate of its clients") == true, "\(error as Any)")
        #expect(error?.message.contains("REDIS_CERT_FILE") == true)
    }

    @Test(arguments: ["TLSv1.2", "TLSv1.3"])
    func aCertificateThatTheServerDoesNotTakeIsToldOf(version: String) async throws {
        let server = try await demanding(version)
        let strangers = try TestCertificates()
        for client in [
            try strangers.issue("client"), try certificates.issue("client", years: 2020...2021),
        ] {
            let connection = try RedisConnection(
                to: RedisURL(server.tlsURL, trust: trust.showing(client)), name: "test")
            let error = await failure { try await connection.command("PING", timeout: .seconds(600)) }
            #expect(error?.code == .untrusted)
            #expect(
                error?.message.contains("does not take the certificate in REDIS_CERT_FILE") == true,
                "\(error as Any)")
        }
    }

    @Test func aRenewedCertificateCountsFromTheNextConnectionOn() async throws {
        let server = try await demanding("TLSv1.3")
        let client = try certificates.issue("client", years: 2020...2021)
        let connection = try RedisConnection(
            to: RedisURL(server.tlsURL, trust: trust.showing(client)), name: "test")
        #expect(await failure { try await connection.command("PING") }?.code == .untrusted)
        _ = try certificates.issue("client")
        #expect(try await connection.command("PING") == .status("PONG"))
    }

    // MARK: - Parts

    private func start(
        for names: String = "IP:127.0.0.1", years: ClosedRange<Int> = 2020...2049, settings: [String] = []
    ) async throws -> RedisServer {
        try await RedisServer.start(
            identity: try certificates.issue("server", for: names, years: years), settings: settings)
    }

    private func demanding(_ version: String) async throws -> RedisServer {
        try await start(settings: [
            "--tls-protocols", version, "--tls-auth-clients", "yes", "--tls-ca-cert-file",
            certificates.authority,
        ])
    }

    private func connection(to server: RedisServer, host: String = "127.0.0.1") throws -> RedisConnection {
        try RedisConnection(to: RedisURL("rediss://\(host):\(server.tlsPort)", trust: trust), name: "test")
    }

    private func error(to server: RedisServer, host: String = "127.0.0.1") async -> RedisError? {
        // Far longer than the test may take: what is not trusted does not wait for it.
        await failure { try await connection(to: server, host: host).command("PING", timeout: .seconds(600)) }
    }
}

extension RedisTrust {
    fileprivate func showing(_ identity: TestCertificates.Identity) -> RedisTrust {
        RedisTrust(
            authorityFile: authorityFile, certificateFile: identity.certificate, keyFile: identity.key)
    }
}

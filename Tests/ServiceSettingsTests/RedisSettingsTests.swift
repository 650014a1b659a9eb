import Configuration
import Glibc
import RedisQueue
import TestSupport
import Testing

@testable import ServiceSettings

@Suite("Settings of Redis") struct RedisSettingsTests {
    let certificates: TestCertificates
    let identity: TestCertificates.Identity

    init() throws {
        certificates = try TestCertificates()
        identity = try certificates.issue("server")
    }

    private func redis(_ variables: [String: String]) throws -> RedisURL {
        try Settings(
            ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables))
        ).redis()
    }

    private func problem(_ variables: [String: String]) throws -> String {
        try #require(throws: StartupProblem.self) { try redis(variables) }.description
    }

    private var encrypted: [String: String] {
        [
            "REDIS_URL": "rediss://host", "REDIS_CA_FILE": certificates.authority,
            "REDIS_CERT_FILE": identity.certificate, "REDIS_KEY_FILE": identity.key,
        ]
    }

    @Test func areAnAddressAndTheFilesOfTLS() throws {
        #expect(try redis([:]).description == "redis://localhost:6379/0")
        #expect(try redis(["REDIS_URL": "rediss://host"]).trust.isEmpty)
        let url = try redis(encrypted)
        #expect(url.description == "rediss://host:6379/0")
        #expect(
            url.trust
                == RedisTrust(
                    authorityFile: certificates.authority, certificateFile: identity.certificate,
                    keyFile: identity.key))
    }

    @Test(arguments: ["REDIS_CA_FILE", "REDIS_CERT_FILE", "REDIS_KEY_FILE"])
    func nameTheFileThatIsNotThere(name: String) throws {
        var settings = encrypted
        settings[name] = "/nowhere"
        #expect(try problem(settings) == "\(name): '/nowhere' cannot be read: No such file or directory")
        settings[name] = "server.pem"
        #expect(try problem(settings).hasPrefix("\(name) is 'server.pem'; it takes a full path"))
        settings[name] = "/tmp"
        #expect(try problem(settings) == "\(name): '/tmp' is no file")
        try Fixtures.write("", to: certificates.path("empty"), mode: 0o600)
        settings[name] = certificates.path("empty")
        #expect(try problem(settings).contains("' is empty"))
        try Fixtures.write("hello\n", to: certificates.path("text"), mode: 0o600)
        settings[name] = certificates.path("text")
        #expect(try problem(settings).hasPrefix("\(name): '\(certificates.path("text"))' is not a"))
    }

    @Test func tellOfAFileThatIsCutOff() throws {
        let whole = try Fixtures.read(certificates.authority)
        let path = certificates.path("cut.pem")
        try Fixtures.write(whole + whole.prefix(whole.utf8.count / 2), to: path)
        #expect(
            try problem(["REDIS_URL": "rediss://host", "REDIS_CA_FILE": path]).hasSuffix(
                "is not a file of certificates in PEM's form"))
    }

    @Test func tellThatAKeyIsOfAnotherCertificate() throws {
        var settings = encrypted
        settings["REDIS_KEY_FILE"] = try certificates.issue("other").key
        #expect(try problem(settings).contains("is not the key of the certificate in REDIS_CERT_FILE"))
    }

    @Test func tellOfHalfAPair() throws {
        var settings = encrypted
        settings["REDIS_KEY_FILE"] = ""
        #expect(try problem(settings).hasSuffix("has no key; name its key in REDIS_KEY_FILE"))
        settings = encrypted
        settings["REDIS_CERT_FILE"] = nil
        #expect(
            try problem(settings).hasSuffix(
                "belongs to no certificate; name its certificate in REDIS_CERT_FILE"))
    }

    @Test(arguments: [0o640, 0o604, 0o644, 0o660, 0o440] as [mode_t])
    func refuseAKeyThatOthersMayRead(mode: mode_t) throws {
        try #require(chmod(identity.key, mode) == 0)
        #expect(
            try problem(encrypted)
                == "REDIS_KEY_FILE: '\(identity.key)' can be read by others; take that right away (`chmod 600`)"
        )
    }

    @Test(arguments: [0o600, 0o400] as [mode_t]) func takeAKeyOfTheOwnerAlone(mode: mode_t) throws {
        try #require(chmod(identity.key, mode) == 0)
        #expect(throws: Never.self) { try redis(encrypted) }
    }

    /// libcrypto would otherwise ask for it on the terminal, and the service would wait for ever.
    @Test func refuseAKeyWithAPassphrase() throws {
        let path = certificates.path("locked.key")
        try #require(
            ChildProcess.run(
                [
                    "openssl", "pkey", "-in", identity.key, "-aes256", "-passout", "pass:hunter2", "-out",
                    path,
                ],
                output: certificates.path("log")) == 0)
        var settings = encrypted
        settings["REDIS_KEY_FILE"] = path
        #expect(try problem(settings) == "REDIS_KEY_FILE: '\(path)' has a passphrase; take it away")
    }

    @Test func refuseFilesOfTLSForAnAddressWithoutIt() throws {
        for url in ["redis://host", "unix:///run/redis.sock"] {
            var settings = encrypted
            settings["REDIS_URL"] = url
            #expect(try problem(settings).contains("let REDIS_URL begin with 'rediss', or leave them out"))
        }
    }

    @Test func takeThePasswordOfTheSentinels() throws {
        var settings = [
            "REDIS_URL": "rediss+sentinel://a,b/mymaster", "REDIS_SENTINEL_USER": "me",
            "REDIS_SENTINEL_PASSWORD": "hunter2",
        ]
        #expect(try redis(settings).sentinelCredentials?.user == "me")
        settings["REDIS_SENTINEL_USER"] = nil
        let credentials = try #require(try redis(settings).sentinelCredentials)
        #expect(credentials.user == nil)
        #expect(!"\(credentials)".contains("hunter2"))
        settings["REDIS_SENTINEL_PASSWORD"] = nil
        #expect(try redis(settings).sentinelCredentials == nil)
        settings["REDIS_SENTINEL_USER"] = "me"
        #expect(try problem(settings).hasPrefix("REDIS_SENTINEL_PASSWORD is missing"))
        settings["REDIS_SENTINEL_USER"] = nil
        settings["REDIS_SENTINEL_PASSWORD"] = " hunter2"
        #expect(try problem(settings).hasPrefix("REDIS_SENTINEL_PASSWORD begins or ends with a blank"))
    }

    @Test(arguments: ["REDIS_SENTINEL_USER", "REDIS_SENTINEL_PASSWORD"])
    func refuseThePasswordOfSentinelsWhereThereAreNone(name: String) throws {
        let text = try problem(["REDIS_URL": "rediss://host", name: "hunter2"])
        #expect(text.contains("are for sentinels"))
        #expect(!text.contains("hunter2"))
    }

    @Test func neverShowWhatAnAddressHoldsOfAPassword() throws {
        #expect(try !problem(["REDIS_URL": "rediss://:hunter2"]).contains("hunter2"))
        #expect(try !redis(["REDIS_URL": "rediss://:hunter2@host"]).description.contains("hunter2"))
    }
}

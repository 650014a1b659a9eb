import RedisQueue
import TestSupport
import Testing

/// Redis as it stands in real places: passwords, TLS on every wire, certificates both ways, sentinels.
@Suite(
    "A Redis with sentinels and TLS", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct RedisDeploymentTests {
    @Test func aMasterThatDiesInTheMiddleOfAJobCostsNothing() async throws {
        let certificates = try TestCertificates()
        let identity = try certificates.issue("server")
        let secrets = [
            "--tls-replication", "yes", "--tls-ca-cert-file", certificates.authority, "--tls-auth-clients",
            "yes", "--masterauth", "masters",
        ]
        let master = try await RedisServer.start(password: "masters", identity: identity, settings: secrets)
        let copy = try await RedisServer.start(
            password: "masters", identity: identity,
            settings: secrets + ["--replicaof", "127.0.0.1", "\(master.tlsPort)"])
        let sentinel = try await RedisSentinel.start(
            watching: master.tlsPort, identity: identity, authority: certificates.authority,
            settings: ["sentinel auth-pass \(RedisSentinel.master) masters", "requirepass sentinels"])
        let client = try certificates.issue("client")
        let trust = RedisTrust(
            authorityFile: certificates.authority, certificateFile: client.certificate, keyFile: client.key)
        try await areReady(
            copy: RedisURL(copy.tlsURL.replacing("//", with: "//:masters@"), trust: trust),
            sentinel: RedisURL("rediss://:sentinels@127.0.0.1:\(sentinel.port)", trust: trust))
        let settings = [
            "REDIS_URL": "rediss+sentinel://:masters@127.0.0.1:\(sentinel.port)/\(RedisSentinel.master)",
            "REDIS_SENTINEL_PASSWORD": "sentinels", "REDIS_CA_FILE": certificates.authority,
            "REDIS_CERT_FILE": client.certificate, "REDIS_KEY_FILE": client.key,
        ]
        try await House.run([.patient], withAgent: false) { house in
            try await house.panel.stop()
            for program in [house.panel, house.agent] { program.change(settings) }
            try await house.startPanel()
            try await house.startAgent()
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 5\n")
            master.kill()
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
            #expect(!(house.panel.output + house.agent.output).contains("masters@"))
        }
    }

    private func areReady(copy: RedisURL, sentinel: RedisURL) async throws {
        let copy = try RedisConnection(to: copy, name: "admin")
        try await eventually("a copy that is up to date") {
            guard case .string(let text) = try await copy.command("INFO", "replication") else { return false }
            return String(decoding: text, as: UTF8.self).contains("master_link_status:up\r\n")
        }
        let sentinel = try RedisConnection(to: sentinel, name: "admin")
        try await eventually("a sentinel that knows the copy") {
            let copies = try await sentinel.command(
                "SENTINEL", "REPLICAS", RedisArgument(RedisSentinel.master))
            guard case .array(let copies) = copies else { return false }
            return copies.count == 1
        }
    }
}

import JobKit
import OpenSSLCrypto
import RedisQueue
import ServiceSettings

/// What a server needs to become one of this panel's: its agent's settings, and its user of Redis.
struct Enrolment {
    let agent: AgentID
    let generation: Int
    let settings: Settings

    /// - Parameter generation: which key of that name; a revocation tells the next one.
    init(of name: String, generation text: String?, _ settings: Settings) throws {
        agent = try AgentID(setting: "--enrol", name)
        generation = try Self.generation(text)
        self.settings = settings
    }

    /// Which key of a name `--key-generation` asks for; the first where it is not given.
    static func generation(_ text: String?) throws -> Int {
        guard let number = Int(text ?? "1"), number >= 1 else {
            throw StartupProblem(
                "--key-generation takes a whole number from 1, as `key_generation` of the server tells it")
        }
        return number
    }

    /// A file of settings for the agent; what is to be done at Redis stands in its comments.
    func text() throws -> String {
        let root = try PanelConfiguration.rootKey(settings)
        let redis = try settings.redis()
        let prefix = try settings.redisPrefix()
        let password = Hex.encode(try RandomBytes.generate(24))
        let access = RedisAgentAccess(
            of: agent, passwordDigest: Hex.encode(SHA256.digest(Array(password.utf8))), prefix: prefix)
        var lines = [
            "# Settings of the agent on server '\(agent)': its /etc/provisioning/agent.env, root's alone (0600).",
            "AGENT_ID=\(agent)", "AGENT_KEY=\(root.agentKey(for: agent, generation: generation))",
            "# Redis as this panel reaches it; from the server it may have another address.",
            "REDIS_URL=\(redis.description(user: agent.description, password: password))",
        ]
        if prefix != RedisJobQueue.defaultPrefix { lines.append("REDIS_PREFIX=\(prefix)") }
        if redis.isEncrypted {
            lines.append(
                "# Where Redis's certificate is not of a public authority: that authority's, on the server.")
            lines.append("#REDIS_CA_FILE=/etc/provisioning/redis-ca.pem")
        }
        if redis.trust.hasCertificate {
            lines += [
                "# This panel shows Redis a certificate; where Redis asks every client for one, the server's own:",
                "#REDIS_CERT_FILE=/etc/provisioning/redis.pem", "#REDIS_KEY_FILE=/etc/provisioning/redis.key",
            ]
        }
        if redis.sentinelCredentials != nil {
            lines += [
                "# The sentinels ask who speaks: a user of theirs for the server, and its password.",
                "#REDIS_SENTINEL_USER=\(agent)", "#REDIS_SENTINEL_PASSWORD=",
            ]
        }
        return
            (lines + [
                "",
                "# The agent's user of Redis 7 or Valkey, to be given to redis-cli once ('ACL SAVE' keeps it):",
                "# \(access.rule)", "# The same for Redis 6.2:", "# \(access.olderRule)",
            ]).joined(separator: "\n")
    }
}

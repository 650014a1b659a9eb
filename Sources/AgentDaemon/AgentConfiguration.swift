import Configuration
import JobKit
import OpenSSLCrypto
import SystemPackage

/// What an agent is told from outside: environment, or a file of the same names.
struct AgentConfiguration: Sendable {
    let agent: AgentID
    /// The agent's keys, the one to sign with first.
    let keys: [AgentKeys]
    /// Whether the agent was given the panel's root secret; it should have a key of its own.
    let derivedFromRoot: Bool
    let redisURL: String
    let stateFolder: String
    let logFolder: String
    let installersFolder: String
    let runner: String
    let logLevel: String

    /// Reads the settings.
    ///
    /// - Parameters:
    ///   - file: a file of `NAME=value` lines that serves where the environment has no such name.
    ///   - folder: where this program is; the runner is looked for beside it.
    /// - Throws: ``ConfigurationProblem``, which names the setting and the cure.
    init(file: String?, folder: String) async throws {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider()]
        if let file {
            providers.append(try await EnvironmentVariablesProvider(environmentFilePath: FilePath(file)))
        }
        try self.init(ConfigReader(providers: providers), folder: folder)
    }

    init(_ settings: ConfigReader, folder: String) throws {
        guard let name = settings.string(forKey: "agent.id") else {
            throw ConfigurationProblem(
                "AGENT_ID is missing: set it to this server's name, such as 'agent-001'")
        }
        guard let agent = AgentID(name) else {
            throw ConfigurationProblem(
                "AGENT_ID '\(name)' is no server name: a letter or digit, then up to 62 letters, digits, '.', '-' or '_'"
            )
        }
        self.agent = agent
        (keys, derivedFromRoot) = try Self.keys(settings, agent)
        redisURL = settings.string(forKey: "redis.url", isSecret: true, default: "redis://localhost:6379/0")
        stateFolder = settings.string(forKey: "agent.state", default: "/var/lib/provisioning")
        logFolder = settings.string(forKey: "agent.logs", default: "/var/log/provisioning")
        installersFolder = settings.string(
            forKey: "agent.installers", default: "/usr/local/share/provisioning/installers")
        runner = settings.string(forKey: "agent.runner", default: "\(folder)/AttemptRunner")
        logLevel = settings.string(forKey: "log.level", default: "info")
    }

    private static func keys(_ settings: ConfigReader, _ agent: AgentID) throws -> ([AgentKeys], Bool) {
        if let text = settings.string(forKey: "agent.key", isSecret: true) {
            guard let key = Hex.decode(text).flatMap({ AgentKeys(agent: agent, agentKey: $0) }) else {
                throw ConfigurationProblem("AGENT_KEY is not 64 hexadecimal digits")
            }
            return ([key], false)
        }
        guard let secret = settings.string(forKey: "secret.key", isSecret: true) else {
            throw ConfigurationProblem(
                "AGENT_KEY is missing: set it to this agent's key, or SECRET_KEY to the panel's secret")
        }
        guard let root = RootKey(Array(secret.utf8)) else {
            throw ConfigurationProblem(
                "SECRET_KEY has \(secret.utf8.count) bytes; it takes \(RootKey.minimumCount) or more, the same as the panel's"
            )
        }
        let previous = try settings.string(forKey: "secret.key.previous", isSecret: true).map { text in
            guard let root = RootKey(Array(text.utf8)) else {
                throw ConfigurationProblem(
                    "SECRET_KEY_PREVIOUS is shorter than \(RootKey.minimumCount) bytes")
            }
            return root
        }
        return ([root.keys(for: agent)] + (previous.map { [$0.keys(for: agent)] } ?? []), true)
    }
}

/// A setting that keeps the agent from starting.
struct ConfigurationProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

import JobKit
import Logging
import OpenSSLCrypto
import RedisQueue
import ServiceSettings

/// A program that an agent starts, and the setting that says where it is.
struct HelperProgram: Sendable {
    let setting: String
    let path: String

    init(_ settings: Settings, _ setting: String, default path: String) throws {
        self.setting = setting
        self.path = try settings.path(setting, default: path)
    }
}

/// What an agent is told from outside.
struct AgentConfiguration: Sendable {
    let agent: AgentID
    /// The agent's keys, the one to sign with first.
    let keys: [AgentKeys]
    /// Whether the agent was given the panel's root secret; it should have a key of its own.
    let derivedFromRoot: Bool
    let redis: RedisURL
    let redisPrefix: String
    let stateFolder: String
    let logFolder: String
    let installersFolder: String
    let runner: HelperProgram
    let probe: HelperProgram
    let logLevel: Logger.Level

    /// What has to be there before any script runs.
    var programs: [HelperProgram] { [runner, probe] }

    /// - Parameter folder: where this program is; the programs it needs are looked for beside it.
    /// - Throws: ``StartupProblem``, which names the setting and the cure.
    init(_ settings: Settings, folder: String) throws {
        guard let name = settings.text("AGENT_ID") else {
            throw StartupProblem("AGENT_ID is missing: set it to this server's name, such as 'agent-001'")
        }
        let agent = try AgentID(setting: "AGENT_ID", name)
        self.agent = agent
        (keys, derivedFromRoot) = try Self.keys(settings, agent)
        redis = try settings.redis()
        redisPrefix = try settings.redisPrefix()
        stateFolder = try settings.path("AGENT_STATE", default: "/var/lib/provisioning")
        logFolder = try settings.path("AGENT_LOGS", default: "/var/log/provisioning")
        installersFolder = try settings.path(
            "AGENT_INSTALLERS", default: "/usr/local/share/provisioning/installers")
        runner = try HelperProgram(settings, "AGENT_RUNNER", default: "\(folder)/AttemptRunner")
        probe = try HelperProgram(settings, "AGENT_PROBE", default: "\(folder)/HealthProbe")
        logLevel = try settings.logLevel()
    }

    private static func keys(_ settings: Settings, _ agent: AgentID) throws -> ([AgentKeys], Bool) {
        if let key = try key("AGENT_KEY", settings, agent) {
            return ([key] + [try self.key("AGENT_KEY_PREVIOUS", settings, agent)].compactMap(\.self), false)
        }
        guard let root = try settings.rootKey("SECRET_KEY") else {
            throw StartupProblem(
                "AGENT_KEY is missing: set it to this agent's key (`PanelServer --agent-key \(agent)` makes it), or SECRET_KEY to the panel's secret"
            )
        }
        let roots = [root, try settings.rootKey("SECRET_KEY_PREVIOUS")].compactMap(\.self)
        return (roots.map { $0.keys(for: agent) }, true)
    }

    private static func key(_ name: String, _ settings: Settings, _ agent: AgentID) throws -> AgentKeys? {
        try settings.secret(name).map { text in
            guard let key = Hex.decode(text.lowercased()).flatMap({ AgentKeys(agent: agent, agentKey: $0) })
            else {
                throw StartupProblem(
                    "\(name) is not 64 hexadecimal digits; `PanelServer --agent-key \(agent)` makes it")
            }
            return key
        }
    }
}

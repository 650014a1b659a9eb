import JobKit
import Logging
import OpenSSLCrypto
import ServiceSettings

/// What an agent is told from outside.
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
    let logLevel: Logger.Level

    /// - Parameter folder: where this program is; the runner is looked for beside it.
    /// - Throws: ``StartupProblem``, which names the setting and the cure.
    init(_ settings: Settings, folder: String) throws {
        guard let name = settings.text("AGENT_ID") else {
            throw StartupProblem("AGENT_ID is missing: set it to this server's name, such as 'agent-001'")
        }
        guard let agent = AgentID(name) else {
            throw StartupProblem(
                "AGENT_ID '\(name)' is no server name: a letter or digit, then up to 62 letters, digits, '.', '-' or '_'"
            )
        }
        self.agent = agent
        (keys, derivedFromRoot) = try Self.keys(settings, agent)
        redisURL = try settings.redisURL()
        stateFolder = settings.text("AGENT_STATE") ?? "/var/lib/provisioning"
        logFolder = settings.text("AGENT_LOGS") ?? "/var/log/provisioning"
        installersFolder = settings.text("AGENT_INSTALLERS") ?? "/usr/local/share/provisioning/installers"
        runner = settings.text("AGENT_RUNNER") ?? "\(folder)/AttemptRunner"
        logLevel = try settings.logLevel()
    }

    private static func keys(_ settings: Settings, _ agent: AgentID) throws -> ([AgentKeys], Bool) {
        if let text = settings.secret("AGENT_KEY") {
            guard let key = Hex.decode(text).flatMap({ AgentKeys(agent: agent, agentKey: $0) }) else {
                throw StartupProblem("AGENT_KEY is not 64 hexadecimal digits")
            }
            return ([key], false)
        }
        guard let root = try settings.rootKey("SECRET_KEY") else {
            throw StartupProblem(
                "AGENT_KEY is missing: set it to this agent's key, or SECRET_KEY to the panel's secret")
        }
        let roots = [root, try settings.rootKey("SECRET_KEY_PREVIOUS")].compactMap(\.self)
        return (roots.map { $0.keys(for: agent) }, true)
    }
}

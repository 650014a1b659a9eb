import ExecKit
import Glibc
import JobKit
import ManifestKit
import RedisQueue
import ServiceSettings
import ValidationKit

/// Looks whether an agent has what it needs, beside one that runs or without.
struct AgentDoctor {
    /// Seconds after which the panel calls a clock skewed.
    private static let skew: Int64 = 120

    private let settings: Settings
    private let folder: String
    private var doctor = Doctor()

    /// - Parameter folder: where this program is; the programs it needs are looked for beside it.
    init(_ settings: Settings, folder: String) {
        self.settings = settings
        self.folder = folder
    }

    /// Says what is found.
    ///
    /// - Throws: ``StartupProblem`` where something keeps the agent from its work.
    mutating func examine() async throws {
        doctor.examineNames(of: settings, for: .agent)
        examineServer()
        do {
            let configuration = try AgentConfiguration(settings, folder: folder)
            examineKey(configuration)
            let process = examineState(configuration.stateFolder)
            examineLogs(configuration.logFolder)
            examineApplications(configuration)
            await examineRedis(configuration, besideAgent: process != nil)
        } catch {
            doctor.fault("\(error)")
        }
        try doctor.finish()
    }

    private mutating func examineServer() {
        doctor.look {
            try Agent.checkRights()
            return "the agent runs as root"
        }
        doctor.look {
            let facts = try HostIdentity.read().facts
            let system = "\(facts.osID) \(facts.versionID ?? "") (\(facts.architecture))"
            return "this server has an identity, and runs \(system)"
        }
        doctor.look {
            "scripts run in cgroups below this process's own, '\(try ProcessAttemptHost.tryControlGroup())'"
        }
        doctor.look { "scripts are run by '\(try ProcessAttemptHost.findShell())'" }
    }

    private func examineKey(_ configuration: AgentConfiguration) {
        if configuration.derivedFromRoot { return doctor.advise(Agent.rootKeyAdvice) }
        for name in ["SECRET_KEY", "SECRET_KEY_PREVIOUS"] where settings.text(name) != nil {
            doctor.advise("\(name) is of no use beside AGENT_KEY; take it away, for it is worth every server")
        }
    }

    /// - Returns: the process of the agent that runs on it, where one does.
    private mutating func examineState(_ folder: String) -> pid_t? {
        var process: pid_t?
        doctor.look {
            guard try PrivateFolder.isThere(folder, setting: "AGENT_STATE") else {
                return "AGENT_STATE: '\(folder)' is made when the agent starts"
            }
            try PrivateFolder.check(folder, setting: "AGENT_STATE")
            process = try StateLock.holder(of: folder)
            let agent = process.map { "an agent runs on it (process \($0))" } ?? "no agent runs on it"
            return "AGENT_STATE: '\(folder)', \(agent)"
        }
        return process
    }

    private mutating func examineLogs(_ folder: String) {
        doctor.look {
            guard try PrivateFolder.isThere(folder, setting: "AGENT_LOGS") else {
                return "AGENT_LOGS: '\(folder)' is made when the agent starts"
            }
            try PrivateFolder.check(folder, setting: "AGENT_LOGS")
            return "AGENT_LOGS: '\(folder)'"
        }
    }

    private mutating func examineApplications(_ configuration: AgentConfiguration) {
        for program in configuration.programs {
            doctor.look {
                try Agent.check(program)
                return "\(program.setting): '\(program.path)'"
            }
        }
        do {
            try Agent.checkInstallers(configuration)
        } catch {
            return doctor.fault("\(error)")
        }
        let folder = configuration.installersFolder
        let catalog = ApplicationCatalog.load(folder: folder)
        for finding in catalog.diagnostics where finding.isError { doctor.advise("\(finding)") }
        let text = "AGENT_INSTALLERS: \(catalog.applications.count) applications in '\(folder)'"
        if catalog.applications.isEmpty {
            doctor.advise("\(text): every job will be refused")
        } else {
            doctor.good(text)
        }
    }

    private mutating func examineRedis(
        _ configuration: AgentConfiguration, besideAgent isBesideAgent: Bool
    ) async {
        let (redis, agent, user) = (configuration.redis, configuration.agent, "this server's user of Redis")
        doctor.examineWay(to: redis)
        do throws(RedisError) {
            let checkup = try await RedisAgentCheckup(
                of: redis, agent: agent, prefix: configuration.redisPrefix)
            doctor.good("Redis answers at '\(redis)'")
            doctor.examine(checkup.trial, by: user, doing: "do what an agent has to")
            if checkup.isConfined {
                doctor.good("\(user) does not reach other agents' keys")
            } else {
                doctor.advise(
                    "\(user) reaches other agents' keys; "
                        + "give it the one that `PanelServer --enrol \(agent)` prints")
            }
            examineWord(checkup.acknowledgement, configuration, besideAgent: isBesideAgent)
        } catch {
            doctor.fault(error.message)
        }
    }

    /// What the panel said last: by it the two share Redis, prefix and key.
    private mutating func examineWord(
        _ envelope: [UInt8]?, _ configuration: AgentConfiguration, besideAgent isBesideAgent: Bool
    ) {
        let agent = configuration.agent
        guard let envelope else {
            return doctor.advise(
                "the panel has said nothing to agent '\(agent)' in this Redis: it does so every ten seconds "
                    + "once the agent has run. REDIS_URL or REDIS_PREFIX is not the panel's, or the panel "
                    + "does not believe this key (its log: `a beat is not to be believed`)")
        }
        guard let word = try? Acknowledgement(verifying: envelope, keys: configuration.keys) else {
            let enrolment =
                "`PanelServer --enrol \(agent)` prints (with `--key-generation N` where its server "
                + "shows another than 1)"
            // The panel speaks under the key that the agent spoke under last.
            guard isBesideAgent else {
                return doctor.advise(
                    "what the panel said to agent '\(agent)' is signed under another key: right if this key "
                        + "is newer than the agent's last start; else give it the one that \(enrolment)")
            }
            return doctor.fault(
                "what the panel says to agent '\(agent)' is not signed with this server's key; "
                    + "give it the one that \(enrolment)")
        }
        let age = (SystemTime.now().wall.milliseconds - word.panelTime.milliseconds) / 1000
        if (-Self.skew...Self.skew).contains(age) {
            doctor.good("the panel spoke to this agent \(max(0, age)) seconds ago")
        } else if age > 0 {
            doctor.advise(
                "the panel spoke to this agent \(age) seconds ago: it is away, or it no longer trusts this "
                    + "agent (revoked, quarantined), or this server's clock is ahead of its own")
        } else {
            doctor.advise("this server's clock is \(-age) seconds behind the panel's")
        }
    }
}

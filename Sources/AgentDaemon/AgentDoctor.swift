import ExecKit
import Glibc
import JobKit
import ManifestKit
import RedisQueue
import ServiceSettings
import ValidationKit

/// Looks whether a server has what an agent and its scripts need, beside an agent that runs or without one.
struct AgentDoctor {
    private let configuration: AgentConfiguration
    private var doctor = Doctor()

    init(_ configuration: AgentConfiguration) { self.configuration = configuration }

    /// Says what is found.
    ///
    /// - Throws: ``StartupProblem`` where something keeps the agent from its work.
    consuming func examine(_ settings: Settings) async throws {
        doctor.examineNames(of: settings)
        examineServer()
        examineState()
        examineApplications()
        await examineRedis()
        try doctor.finish()
    }

    private mutating func examineServer() {
        doctor.look {
            try Agent.checkRights()
            return "agent '\(configuration.agent)' runs as root"
        }
        if configuration.derivedFromRoot { doctor.advise(Agent.rootKeyAdvice) }
        doctor.look {
            let facts = try HostIdentity.read().facts
            return
                "this server has an identity, and runs \(facts.osID) \(facts.versionID ?? "") (\(facts.architecture))"
        }
        doctor.look { "scripts run in cgroups of '\(try ProcessAttemptHost.tryControlGroup())'" }
        doctor.look { "scripts are run by '\(try ProcessAttemptHost.findShell())'" }
    }

    private mutating func examineState() {
        let folder = configuration.stateFolder
        guard access(folder, F_OK) == 0 else {
            return doctor.good("AGENT_STATE: '\(folder)' is made when the agent starts")
        }
        doctor.look {
            try PrivateFolder.check(folder, setting: "AGENT_STATE")
            let process = StateLock.holder(of: folder)
            return
                "AGENT_STATE: '\(folder)', \(process.map { "an agent runs on it (process \($0))" } ?? "no agent runs on it")"
        }
    }

    private mutating func examineApplications() {
        doctor.look {
            try Agent.checkPlaces(configuration)
            return "AGENT_RUNNER: '\(configuration.runner)'"
        }
        let catalog = ApplicationCatalog.load(folder: configuration.installersFolder)
        for finding in catalog.diagnostics where finding.isError { doctor.advise("\(finding)") }
        let text =
            "AGENT_INSTALLERS: \(catalog.applications.count) applications in '\(configuration.installersFolder)'"
        if catalog.applications.isEmpty {
            doctor.advise("\(text): every job will be refused")
        } else {
            doctor.good(text)
        }
    }

    private mutating func examineRedis() async {
        doctor.examineWay(to: configuration.redis)
        do {
            let queue = try RedisJobQueue(
                at: configuration.redis, name: "doctor", prefix: configuration.redisPrefix)
            let link = try queue.link(for: configuration.agent)
            let delivery = try await link.receive(
                after: StreamPosition(epoch: 1, number: 0), acknowledgement: nil, waiting: 0)
            doctor.good("Redis answers at '\(configuration.redis)'")
            examineWord(delivery.acknowledgement?.bytes)
            if try await RedisCheckup.mayConfigure(configuration.redis) {
                doctor.advise(
                    "this server's user of Redis may do more than an agent has to; "
                        + "give it the one that `PanelServer --enrol \(configuration.agent)` prints")
            } else {
                doctor.good(
                    "this server's user of Redis may do what an agent has to, and not change its settings")
            }
        } catch {
            doctor.fault("\(error)")
        }
    }

    /// What the panel said last: by it the two share Redis, prefix and key.
    private mutating func examineWord(_ envelope: [UInt8]?) {
        guard let envelope else {
            return doctor.advise(
                "the panel has said nothing to agent '\(configuration.agent)' in this Redis: it does so every ten seconds "
                    + "once the agent has run; REDIS_URL and REDIS_PREFIX have to be the panel's")
        }
        guard let word = try? Acknowledgement(verifying: envelope, keys: configuration.keys) else {
            return doctor.fault(
                "what the panel says to agent '\(configuration.agent)' is not signed with this server's key; "
                    + "give it the one that `PanelServer --enrol \(configuration.agent)` prints")
        }
        let age = (SystemTime.now().wall.milliseconds - word.panelTime.milliseconds) / 1000
        if (-Self.skew...Self.skew).contains(age) {
            doctor.good("the panel spoke to this agent \(max(0, age)) seconds ago")
        } else if age > 0 {
            doctor.advise(
                "the panel spoke to this agent \(age) seconds ago: it is away, or this server's clock is ahead of its own"
            )
        } else {
            doctor.advise("this server's clock is \(-age) seconds behind the panel's")
        }
    }

    /// Seconds after which the panel calls a clock skewed.
    private static let skew: Int64 = 120
}

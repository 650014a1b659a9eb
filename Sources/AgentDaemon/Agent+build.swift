import ExecKit
import Glibc
public import JobKit
import Logging
import ManifestKit
import OpenSSLCrypto
import RedisQueue
public import ServiceLifecycle
import ServiceSettings
import UnixSignals

// The composition root: the only place that knows every concrete type.

extension AgentWorker: Service {}

/// An agent, put together and ready to run.
struct Agent {
    /// The version that beats tell.
    static let version = "0.1.0"
    static let rootKeyAdvice =
        "this agent was given SECRET_KEY; give it AGENT_KEY, which is worth this one server"

    let worker: AgentWorker
    let logger: Logger
    private let lock: StateLock

    static func build(_ configuration: AgentConfiguration, logger: Logger) async throws -> Agent {
        try checkRights()
        if configuration.derivedFromRoot { logger.warning("\(rootKeyAdvice)") }
        try checkInstallers(configuration)
        for program in configuration.programs { try check(program) }
        let lock = try StateLock(folder: configuration.stateFolder)
        let machine = try HostIdentity.read()
        let logging = EventLogging(logger: logger)
        let host = ProcessAttemptHost(
            places: .init(
                state: configuration.stateFolder, logs: configuration.logFolder,
                installers: configuration.installersFolder, runner: configuration.runner.path,
                probe: configuration.probe.path),
            agent: configuration.agent, sealers: configuration.keys.map(\.sealer), facts: machine.facts,
            bootID: machine.bootID, now: { SystemTime.now().wall })
        let link = try RedisJobQueue(
            at: configuration.redis, name: "agent-\(configuration.agent)", prefix: configuration.redisPrefix)
        let worker = AgentWorker(
            identity: .init(
                agent: configuration.agent, machine: machine.machineID, bootID: machine.bootID,
                version: version,
                facts: { machine.facts.wire }),
            session: Hex.encode(try RandomBytes.generate(16)), keys: configuration.keys,
            journal: try FileAgentJournal(folder: configuration.stateFolder),
            link: try link.link(for: configuration.agent),
            host: host, clock: ContinuousClock(), now: SystemTime.now,
            notes: try FileAgentNotes(folder: configuration.stateFolder),
            onEvent: { event in
                logging.worker(event)
                if case .recovered = event { SystemdNotification.ready() }
            })
        logger.info(
            "agent starts", metadata: ["agent": "\(configuration.agent)", "keys": "\(configuration.keys[0])"])
        return Agent(worker: worker, logger: logger, lock: lock)
    }

    /// - Throws: ``StartupProblem`` where the process may not do what an agent does.
    static func checkRights() throws {
        guard getuid() == 0 else {
            throw StartupProblem("the agent has to run as root: installers change the system")
        }
        try OpenFiles.require(40)
    }

    // What every job would fail for is told before there is any.

    /// - Throws: ``StartupProblem`` where the folder of applications cannot be read.
    static func checkInstallers(_ configuration: AgentConfiguration) throws {
        do throws(FileError) {
            _ = try Folder(path: configuration.installersFolder)
        } catch {
            throw StartupProblem("AGENT_INSTALLERS: \(error)")
        }
    }

    /// - Throws: ``StartupProblem`` where the program cannot be executed.
    static func check(_ program: HelperProgram) throws {
        var status = stat()
        let isThere = stat(program.path, &status) == 0
        let isFile = isThere && status.st_mode & S_IFMT == S_IFREG
        guard isFile, access(program.path, X_OK) == 0 else {
            let reason = isThere && !isFile ? "it is no file" : String(cString: strerror(errno))
            throw StartupProblem("\(program.setting): '\(program.path)' cannot be executed: \(reason)")
        }
    }

    func run() async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: StoppedAtShutdown(worker: worker)),
                    .init(service: Heartbeat(worker: worker)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}

/// Tells systemd every few seconds that the worker still answers; an agent that hangs is started anew.
private struct Heartbeat: Service {
    let worker: AgentWorker

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await worker.answer()
                SystemdNotification.alive()
                try? await Task.sleep(for: .seconds(10))
            }
        }
    }
}

/// Ends the worker's loops when the agent is told to stop; its scripts go on under their runners.
private struct StoppedAtShutdown: Service {
    let worker: AgentWorker

    func run() async throws { try await cancelWhenGracefulShutdown { try await worker.run() } }
}

extension HostFacts {
    /// The facts as beats tell them, and how much disk is free at the moment.
    fileprivate var wire: [String: String] {
        var facts = ["os_id": osID, "arch": architecture]
        facts["os_version"] = versionID
        facts["os_codename"] = codename
        facts["ram_mb"] = memoryMiB.map { String($0) }
        facts["cpu_cores"] = processors.map { String($0) }
        // In steps: the panel writes down what changes, and this always does a little.
        facts["disk_mb"] = RootDisk.freeMiB().map { String($0 / 256 * 256) }
        if !idLike.isEmpty { facts["os_like"] = idLike.joined(separator: " ") }
        return facts
    }
}

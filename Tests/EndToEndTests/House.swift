import Glibc
import JobKit
import ManifestKit
import OpenSSLCrypto
import RedisQueue
import SQLiteStore
import Synchronization
import TestSupport
import Testing

/// A panel, an agent and a Redis of a test's own, as an operator would start them.
final class House: Sendable {
    /// Why tests with an agent need more than other tests: it starts installers, in cgroups.
    static let needsRoot: Comment =
        "the agent needs root and a cgroup v2 that it may write to: run the tests as root"
    static let hasRoot = geteuid() == 0

    let redis: RedisServer
    let panel: Program
    let agent: Program
    private let folder: TemporaryDirectory
    private let port = Mutex<UInt16>(0)
    private let answered = Mutex<[String]>([])

    /// Runs `body` in a new house: the panel answers, and unless told otherwise its agent is known and works.
    ///
    /// Whatever goes wrong, what the programs wrote is told with it.
    ///
    /// - Parameters:
    ///   - settings: more of `redis.conf`, as flags.
    ///   - isFar: whether Redis has a network of its own.
    static func run(
        _ applications: [TestApplication] = [], withAgent: Bool = true, redis settings: [String] = [],
        of kind: RedisKind = .installed, isFar: Bool = false, _ body: (House) async throws -> Void
    ) async throws {
        await Neighbourhood.shared.moveIn()
        defer { Neighbourhood.shared.moveOut() }
        let house = try await House(applications, settings, kind, isFar)
        do {
            try await house.startPanel()
            if withAgent { try await house.startAgent() }
            try await body(house)
        } catch {
            Issue.record("panel:\n\(house.panel.output)\nagent:\n\(house.agent.output)")
            try await house.clear()
            throw error
        }
        try await house.clear()
    }

    /// Ends what a test left running; runners end with their scripts, and take the cgroups away.
    private func clear() async throws {
        panel.kill()
        agent.kill()
        try await eventually("an end of all scripts") {
            let left = ProcessTable.processes(with: agentState)
            for process in left { kill(process.pid, SIGKILL) }
            return left.isEmpty && runners().isEmpty
        }
    }

    private init(
        _ applications: [TestApplication], _ settings: [String], _ kind: RedisKind, _ isFar: Bool
    ) async throws {
        let folder = try TemporaryDirectory()
        self.folder = folder
        for name in ["panel", "agent", "gates"] { mkdir(folder.path(name), 0o700) }
        for name in ["panel", "agent"] {
            mkdir(folder.path("\(name)/installers"), 0o755)
            for application in applications {
                try application.write(
                    below: folder.path("\(name)/installers"), witness: folder.path("witness"),
                    gates: folder.path("gates"))
            }
        }
        redis = try await RedisServer.start(
            kind, settings: ["--dir", folder.path("."), "--dbfilename", "dump.rdb"] + settings,
            hasOwnNetwork: isFar)
        panel = Program(
            "PanelServer", settings: Self.panelSettings(folder, redis), folder: folder.path("panel"))
        agent = Program(
            "AgentDaemon", settings: Self.agentSettings(folder, redis), folder: folder.path("agent"))
    }

    // MARK: - The programs

    /// Starts the panel and waits until it answers.
    func startPanel(_ words: [String] = []) async throws {
        try panel.start(words)
        let line = try await panel.line(with: "panel answers")
        let digits = line.split(separator: " ").first { $0.hasPrefix("address=") }?.split(separator: ":").last
        let number = try #require(digits.flatMap { UInt16($0) }, "no port in '\(line)'")
        port.withLock { $0 = number }
    }

    /// Starts the agent and waits until it works and the panel knows it.
    func startAgent() async throws {
        try agent.start()
        _ = try await agent.line(with: "agent works")
        try await eventually("an agent that the panel knows") { try await server() != nil }
    }

    /// A second panel with the first one's settings; not started.
    func anotherPanel() throws -> Program {
        Program("PanelServer", settings: Self.panelSettings(folder, redis), folder: try newFolder())
    }

    /// A second agent with the first one's settings; not started.
    func anotherAgent(under wrapper: [String] = []) throws -> Program {
        Program(
            "AgentDaemon", settings: Self.agentSettings(folder, redis), folder: try newFolder(),
            under: wrapper)
    }

    private func newFolder() throws -> String {
        var template = Array(folder.path("more-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFailure("no folder in the house") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func panelSettings(_ folder: TemporaryDirectory, _ redis: RedisServer) -> [String: String]
    {
        common(redis).merging(
            [
                "PANEL_TOKEN": PanelClient.token, "PANEL_PORT": "0",
                "PANEL_DATABASE": folder.path("panel/panel.sqlite"),
                "PANEL_INSTALLERS": folder.path("panel/installers"),
            ]) { $1 }
    }

    private static func agentSettings(_ folder: TemporaryDirectory, _ redis: RedisServer) -> [String: String]
    {
        common(redis).merging(
            [
                "AGENT_ID": Fixtures.agent.description, "AGENT_STATE": folder.path("agent/state"),
                "AGENT_LOGS": folder.path("agent/logs"), "AGENT_INSTALLERS": folder.path("agent/installers"),
            ]) { $1 }
    }

    private static func common(_ redis: RedisServer) -> [String: String] {
        ["SECRET_KEY": Fixtures.rootSecret, "REDIS_URL": redis.socketURL, "LOG_LEVEL": "debug"]
    }

    // MARK: - What they hold

    var path: String { folder.path }
    var panelFolder: String { folder.path("panel") }
    var agentFolder: String { folder.path("agent") }
    var agentState: String { folder.path("agent/state") }
    var agentInstallers: String { folder.path("agent/installers") }
    var redisDump: String { folder.path("dump.rdb") }
    var redisAppendOnlyFile: String { folder.path("appendonlydir/appendonly.aof.1.incr.aof") }

    /// Speaks to the panel that was started last.
    var api: PanelClient { PanelClient(port: port.withLock { $0 }) }

    /// A connection to Redis such as an attacker might have.
    func redisConnection() throws -> RedisConnection {
        try RedisConnection(to: RedisURL(redis.socketURL), name: "intruder")
    }

    /// What the panel says of the agent, or nil where it does not know it.
    func server() async throws -> JSONObject? {
        try await api.get("/api/servers").json["servers"]?.array?.first?.object
    }

    /// Opens a gate that a script waits at.
    func openGate(_ name: String, saying text: String = "") throws {
        try Fixtures.write(text, to: folder.path("gates/\(name)"))
    }

    func closeGate(_ name: String) { FileTree.remove(folder.path("gates/\(name)")) }

    /// Jobs that ``install(_:_:key:)`` was answered with, in that order.
    var accepted: [String] { answered.withLock { $0 } }

    func noteAccepted(_ id: String) { answered.withLock { if !$0.contains(id) { $0.append(id) } } }

    /// What scripts have told, a line each: `began` or `done`, the job, the attempt.
    var witness: [String] {
        FileTree.text(folder.path("witness")).split(separator: "\n").map { String($0) }
    }

    /// The stopped panel's record.
    func withRecord<Value>(_ body: (SQLiteJobStore) async throws -> Value) async throws -> Value {
        let store = try SQLiteJobStore(path: folder.path("panel/panel.sqlite"))
        let value = try await body(store)
        try store.close()
        return value
    }
}

/// How many houses stand at a time: on a small machine more would only wait for each other.
private final class Neighbourhood: Sendable {
    static let shared = Neighbourhood(places: 8)

    private let state: Mutex<(free: Int, waiting: [CheckedContinuation<Void, Never>])>

    private init(places: Int) { state = Mutex((places, [])) }

    func moveIn() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func moveOut() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}

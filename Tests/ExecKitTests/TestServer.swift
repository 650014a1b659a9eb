import Glibc
import ManifestKit
import OpenSSLCrypto
import TestSupport
import Testing
import ValidationKit

@testable import ExecKit
@testable import JobKit

/// A server of its own for one test: real folders, real processes, real cgroups.
///
/// Needs root and a writable cgroup v2, as installers do.
final class TestServer: Sendable {
    static let agent = AgentID("agent-test") ?? { preconditionFailure("a valid name") }()

    let root: String
    let places: ProcessAttemptHost.Places
    let facts: HostFacts
    let sealer = InputSealer(key: [UInt8](repeating: 7, count: 32), agent: agent)

    init(facts: HostFacts = HostFacts(osID: "debian", versionID: "12", architecture: "x86_64")) throws {
        var template = Array("/tmp/execkit-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ExecKitError.system("make", "/tmp/execkit-XXXXXX") }
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        self.facts = facts
        places = ProcessAttemptHost.Places(
            state: root + "/state", logs: root + "/logs", installers: root + "/installers",
            runner: Self.runner, probe: Self.runner.replacing("/AttemptRunner", with: "/HealthProbe"))
        _ = try Directory.ensured(places.installers)
    }

    deinit {
        if let parent = try? Directory("/tmp") { parent.removeTree(String(root.dropFirst("/tmp/".count))) }
    }

    /// `AttemptRunner`, built beside the tests.
    static let runner: String = {
        guard let resolved = realpath("/proc/self/exe", nil) else { return "AttemptRunner" }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").dropLast().map { "/" + $0 }.joined()
            + "/AttemptRunner"
    }()

    static let bootID = (try? Directory("/proc/sys/kernel/random"))?.text("boot_id") ?? ""

    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    func host(
        in other: ProcessAttemptHost.Places? = nil, bootID: String = bootID, limits: AttemptLimits? = nil,
        runner: String = runner
    ) -> ProcessAttemptHost {
        var places = other ?? places
        places.runner = runner
        return ProcessAttemptHost(
            places: places, agent: Self.agent, sealers: [sealer], facts: facts, bootID: bootID,
            limits: limits,
            now: { Self.now })
    }

    // MARK: - Orders

    static let manifest = """
        id: app
        name: App
        version: 1.20
        revision: 3
        os_requirements:
          family: [debian]
        inputs:
          - name: server_name
            type: string
            validation: {charset: unicode}
            required: false
          - name: db_password
            type: password
            required: false
        """

    /// Puts an application with this script into the repository.
    func publish(script: String, manifest: String = TestServer.manifest) throws {
        let installers = try Directory(places.installers)
        installers.removeTree("app")
        let folder = try installers.makeDirectory("app")
        try folder.create("manifest.yml", Array(manifest.utf8), mode: 0o644)
        try folder.create("install.sh", Array(script.utf8), mode: 0o755)
    }

    /// The order that a panel with the same repository would sign.
    func order(
        attempt: Int = 1, of known: AttemptID? = nil, inputs: [String: String] = [:],
        secrets: [String: String] = [:], timeout: Int = 60,
        grace: Int = 10
    ) throws -> JobOrder {
        let job = JobID(at: Self.now, random: try RandomBytes.generate(10))
        let catalog = InstallerCatalog.load(folder: places.installers)
        guard let installer = catalog.installers.first else {
            throw ExecKitError(.damaged, catalog.diagnostics.map(\.message).joined(separator: "; "))
        }
        let sealed = try secrets.map { name, text in
            (
                name,
                try sealer.seal(
                    Secret(text), input: name, job: job, application: "app", nonce: RandomBytes.generate(12))
            )
        }
        return JobOrder(
            attempt: known ?? AttemptID(job: job, number: attempt), application: "app", revision: 3,
            contentDigest: Hex.encode(SHA256.digest(try installer.contentDigestInput())), action: "install",
            script: "install.sh", inputs: inputs, sealed: Dictionary(uniqueKeysWithValues: sealed),
            actor: "tester",
            issuedAt: Self.now, expiresAt: Self.now.advanced(bySeconds: 60), timeoutSeconds: timeout,
            graceSeconds: grace)
    }

    /// Leaves a process behind that says `left` when it is told to end, and ends at `go`: files of the working directory.
    static let leftover = """
        setsid bash -c 'trap "touch left" TERM; touch here; until [[ -e go ]]; do read -t 0.05 <> <(:); done' &
        until [[ -e here ]]; do read -t 0.05 <> <(:); done

        """

    // MARK: - Runs

    /// What a follower saw.
    struct Run: Sendable {
        var began: Timestamp?
        var records: [LogRecord] = []
        var result: AttemptResult?
        var text: String { String(decoding: records.flatMap(\.bytes), as: UTF8.self) }
    }

    /// Publishes and starts a script.
    func start(
        _ script: String, on host: ProcessAttemptHost, inputs: [String: String] = [:],
        secrets: [String: String] = [:]
    ) async throws -> AttemptID {
        try publish(script: "#!/bin/bash\n" + script)
        let order = try order(inputs: inputs, secrets: secrets)
        try await host.start(VerifiedJob(order: order))
        return order.attempt
    }

    /// Publishes and runs a script to its end; `onOutput` is called with each record.
    func run(
        _ script: String, inputs: [String: String] = [:], secrets: [String: String] = [:],
        limits: AttemptLimits? = nil,
        onOutput: (ProcessAttemptHost, AttemptID) async throws -> Void = { _, _ in }
    ) async throws -> Run {
        let host = host(limits: limits)
        let attempt = try await start(script, on: host, inputs: inputs, secrets: secrets)
        return try await follow(attempt, host) { try await onOutput(host, attempt) }
    }

    /// Follows an attempt to its end; `onOutput` is called with each record.
    func follow(
        _ attempt: AttemptID, _ host: ProcessAttemptHost, afterRecord record: Int = 0,
        onOutput: () async throws -> Void = {}
    ) async throws -> Run {
        var run = Run()
        for await event in host.events(of: attempt, afterRecord: record) {
            run.take(event)
            if case .log = event { try await onOutput() }
        }
        return run
    }

    /// Waits until an attempt's script has said something.
    ///
    /// By its log alone: a follower that is let go may look once more, and settle what a test has ended.
    func awaitOutput(of attempt: AttemptID) async throws {
        try await eventually("output of \(attempt)") {
            guard var reader = try? LogReader(folder(of: attempt)) else { return false }
            return reader.next() != nil
        }
    }

    func folder(of attempt: AttemptID) throws -> Directory {
        try Directory("\(places.state)/attempts/\(attempt)")
    }
}

/// Whether a process lives; a zombie does not.
func isAlive(_ process: pid_t) -> Bool {
    guard let stat = (try? Directory("/proc/\(process)"))?.text("stat"), let end = stat.lastIndex(of: ")")
    else { return false }
    return !stat[end...].hasPrefix(") Z")
}

extension AttemptLimits {
    /// Bounds in milliseconds that a test can wait for.
    static func short(timeout: Int = 60_000, grace: Int = 200, leftoverGrace: Int = 100) -> AttemptLimits {
        var limits = AttemptLimits(timeout: timeout, grace: grace)
        limits.leftoverGrace = leftoverGrace
        return limits
    }
}

extension TestServer.Run {
    mutating func take(_ event: AttemptEvent) {
        switch event {
        case .began(let time): began = time
        case .log(let record): records.append(record)
        case .ended(let ended): result = ended
        case .neverBegan: break
        }
    }
}

extension ControlGroup {
    /// Moves a process into the group.
    func adopt(_ process: pid_t) throws {
        let failure = try folder.open("cgroup.procs", O_WRONLY).write(Array("\(process)".utf8))
        guard failure == 0 else { throw ExecKitError.system("move", "a process", number: failure) }
    }
}

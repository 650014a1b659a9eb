import JobKit
import ManifestKit
import ValidationKit

/// What an agent tells the runner of one attempt.
///
/// It has two spellings: ``spec``, which rests in the attempt's folder and has
/// no secret in it, and ``bytes``, which goes through a socket only.
struct RunnerOrder: Equatable, Sendable {
    /// The attempt.
    var attempt: AttemptID
    /// The attempt's folder.
    var folder: String
    /// What the script is given.
    var plan: ExecutionPlan
    /// The cgroup to make for it.
    var controlGroup: String
    /// The kernel's name for the time since the server was started.
    var bootID: String
    /// The log for people.
    var plainLog: String
    #if DEBUG
        /// Where a test has this runner die.
        var crash: CrashPlan?
        /// What a test has this runner's wall clock go by.
        var clock: String?
    #endif

    /// No order is longer; the environment alone is bounded at 128 KiB.
    static let maximumSize = 1 << 20

    /// The order without secrets, for the disk.
    var spec: [UInt8] { json(revealing: false).canonicalBytes() }

    /// The order with everything, for the runner's ears.
    var bytes: [UInt8] { json(revealing: true).canonicalBytes() }

    private func json(revealing: Bool) -> JSONValue {
        let environment = plan.environment.map { variable -> JSONValue in
            switch variable.value {
            case .plain(let text): ["name": .string(variable.name), "value": .string(text)]
            case .secret(let secret) where revealing:
                ["name": .string(variable.name), "secret": .string(secret.reveal())]
            case .secret: ["name": .string(variable.name), "secret": true]
            }
        }
        var members: JSONObject = [
            "attempt": .string(attempt.description), "folder": .string(folder),
            "arguments": .array(plan.arguments.map { .string($0) }),
            "checks": .array(plan.checks.map(\.json)),
            "environment": .array(environment), "directory": .string(plan.directory),
            "limits": plan.limits.json, "cgroup": .string(controlGroup), "boot_id": .string(bootID),
            "plain_log": .string(plainLog),
        ]
        #if DEBUG
            members["crash"] = crash.map { .string($0.description) }
            members["clock"] = clock.map { .string($0) }
        #endif
        return .object(members)
    }

    /// The order as the agent sent it.
    init(parsing bytes: [UInt8]) throws(MemberReader.Failure) {
        var reader = try MemberReader(parsing: bytes)
        attempt = try reader.parsed("attempt", "an attempt", AttemptID.init)
        folder = try reader.string("folder")
        plan = ExecutionPlan(
            arguments: try reader.array("arguments").compactMap(\.string),
            environment: try reader.array("environment").map { element throws(MemberReader.Failure) in
                try Self.variable(element)
            },
            directory: try reader.string("directory"), limits: try AttemptLimits(json: reader.value("limits"))
        )
        plan.checks = try reader.array("checks").map { element throws(MemberReader.Failure) in
            try ExecutionPlan.Check(json: element)
        }
        controlGroup = try reader.string("cgroup")
        bootID = try reader.string("boot_id")
        plainLog = try reader.string("plain_log")
        #if DEBUG
            crash = (reader.value("crash")?.string).flatMap(CrashPlan.init)
            clock = reader.value("clock")?.string
        #endif
        try reader.finish()
    }

    /// The order for the next runner; where a test has that one die, it is told so.
    init(
        attempt: AttemptID, folder: String, plan: ExecutionPlan, controlGroup: String, bootID: String,
        plainLog: String
    ) {
        self.attempt = attempt
        self.folder = folder
        self.plan = plan
        self.controlGroup = controlGroup
        self.bootID = bootID
        self.plainLog = plainLog
        #if DEBUG
            crash = CrashPlan.handDown()
            clock = ClockShift.file
        #endif
    }

    private static func variable(_ json: JSONValue) throws(MemberReader.Failure) -> ExecutionPlan.Variable {
        var reader = try MemberReader(json)
        let name = try reader.string("name")
        if let text = reader.value("value")?.string { return ExecutionPlan.Variable(name, text) }
        return ExecutionPlan.Variable(name, secret: Secret(try reader.string("secret")))
    }

    /// The cgroup that a spec on disk names, or nil.
    static func controlGroup(inSpec bytes: [UInt8]) -> String? {
        (try? JSONValue(parsing: bytes))?.object?["cgroup"]?.string
    }
}

extension ExecutionPlan.Check {
    var json: JSONValue {
        [
            "id": .string(id), "arguments": .array(arguments.map { .string($0) }),
            "sees_inputs": .bool(seesInputs), "critical": .bool(isCritical), "timeout_ms": .integer(timeout),
            "retries": .integer(retries), "interval_ms": .integer(interval),
            "start_period_ms": .integer(startPeriod),
        ]
    }

    init(json: JSONValue) throws(MemberReader.Failure) {
        var reader = try MemberReader(json)
        self.init(
            id: try reader.string("id"), arguments: try reader.array("arguments").compactMap(\.string),
            seesInputs: try reader.bool("sees_inputs"), isCritical: try reader.bool("critical"),
            timeout: try reader.integer("timeout_ms"), retries: try reader.integer("retries"),
            interval: try reader.integer("interval_ms"), startPeriod: try reader.integer("start_period_ms"))
        try reader.finish()
    }
}

extension AttemptLimits {
    private static let members: [(String, any WritableKeyPath<AttemptLimits, Int> & Sendable)] = [
        ("timeout_ms", \.timeout), ("grace_ms", \.grace), ("patience_ms", \.patience),
        ("leftover_grace_ms", \.leftoverGrace), ("kill_bound_ms", \.killBound), ("head_bytes", \.headBytes),
        ("tail_bytes", \.tailBytes),
    ]

    var json: JSONValue { .object(JSONObject(Self.members.map { ($0, .integer(self[keyPath: $1])) })) }

    init(json: JSONValue?) throws(MemberReader.Failure) {
        var reader = try MemberReader(json)
        self.init(timeout: 0, grace: 0)
        for (name, path) in Self.members { self[keyPath: path] = try reader.integer(name) }
        try reader.finish()
    }
}

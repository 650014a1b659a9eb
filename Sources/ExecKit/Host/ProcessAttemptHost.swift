import Dispatch
import Glibc
public import JobKit
package import ManifestKit

/// Runs attempts as processes of this server, each watched over by a runner of its own.
///
/// Everything it knows is in the attempts' folders, so that an agent that is
/// started anew goes on where the last one was killed.
public struct ProcessAttemptHost: AttemptHost {
    /// Where things are on this server; all paths are full ones.
    public struct Places: Hashable, Sendable {
        /// Folder of the agent's state: `/var/lib/provisioning`.
        public var state: String
        /// Folder of the logs for people: `/var/log/provisioning`.
        public var logs: String
        /// Folder with a folder for each application.
        public var installers: String
        /// The program `AttemptRunner`.
        public var runner: String
        /// The program `HealthProbe`.
        public var probe: String

        /// Places with all their paths.
        public init(state: String, logs: String, installers: String, runner: String, probe: String) {
            self.state = state
            self.logs = logs
            self.installers = installers
            self.runner = runner
            self.probe = probe
        }
    }

    let places: Places
    let agent: AgentID
    let facts: HostFacts
    let bootID: String
    let examiner: JobExaminer
    let now: @Sendable () -> Timestamp
    /// Bounds that tests make small; the order's own times replace the first two.
    let limits: AttemptLimits?
    let queue = DispatchQueue(label: "ExecKit.ProcessAttemptHost", attributes: .concurrent)
    let template: RunnerTemplate
    let groups: AttemptGroups

    /// A host for the attempts of `agent`.
    ///
    /// - Parameters:
    ///   - sealers: What opens sealed inputs: by the newest key first, then by the ones before it.
    ///   - bootID: The kernel's name for the time since the server was
    ///     started, from `/proc/sys/kernel/random/boot_id`.
    package init(
        places: Places, agent: AgentID, sealers: [InputSealer], facts: HostFacts, bootID: String,
        limits: AttemptLimits? = nil, now: @escaping @Sendable () -> Timestamp
    ) {
        self.places = places
        self.agent = agent
        self.facts = facts
        self.bootID = bootID
        self.limits = limits
        self.now = now
        template = RunnerTemplate(program: places.runner, attempts: "\(places.state)/attempts", queue: queue)
        groups = AttemptGroups(state: places.state)
        examiner = JobExaminer(
            copies: ApplicationCopies(of: places.installers, in: "\(places.state)/copies"), agent: agent,
            facts: facts, sealers: sealers, probe: places.probe)
    }

    /// Says why the order cannot run here.
    public func examine(_ job: VerifiedJob) async -> Refusal? {
        await blocking { examineNow(job.order) }
    }

    /// Descriptors that a start takes at most, a reserve for all else that the agent does with it.
    private static let startsDescriptors = 24
    /// Ten of them in a second.
    private static let readinessLooks = 50

    /// Makes the attempt's folder, and waits some seconds for descriptors, and for the end of all that lives of others.
    public func prepare(_ attempt: AttemptID) async throws(Refusal) -> Bool {
        try await blocking { Result { () throws(Refusal) in try prepareNow(attempt) } }.get()
    }

    private func prepareNow(_ attempt: AttemptID) throws(Refusal) -> Bool {
        for _ in 0..<Self.readinessLooks {
            if Descriptor.hasRoom(for: Self.startsDescriptors) {
                try makePlace(for: attempt)
                if !isAnythingAlive(besides: attempt) { return true }
            }
            _ = poll(nil, 0, 100)
        }
        return false
    }

    /// Whether a process of another attempt lives, which could not be killed; groups that nobody needs go.
    private func isAnythingAlive(besides attempt: AttemptID) -> Bool {
        for other in groups.attempts() where other != attempt {
            if groups.isPopulated(other) { return true }
            if isFolderGone(of: other) { groups.empty(other) }
        }
        return false
    }

    /// Starts the attempt's runner, and returns once the attempt's beginning is on disk.
    public func start(_ job: VerifiedJob) async throws(Refusal) {
        try await blocking { Result { () throws(Refusal) in try startNow(job.order) } }.get()
    }

    /// Settles what an agent before this one left: no attempt that is over has a living process afterwards.
    public func survey() async -> [AttemptID: AttemptStanding] {
        await blocking { surveyNow() }
    }

    /// Follows an attempt of this or of an earlier agent.
    public func events(of attempt: AttemptID, afterRecord record: Int) -> AsyncStream<AttemptEvent> {
        AsyncStream { continuation in
            queue.async { follow(attempt, afterRecord: record, continuation) }
        }
    }

    /// Signals the attempt's runner, which is known by its lock alone.
    public func cancel(_ attempt: AttemptID) async {
        await blocking { cancelNow(attempt) }
    }

    /// Removes the attempt's folder; not while its runner lives.
    public func discard(_ attempt: AttemptID) async {
        await blocking { discardNow(attempt) }
    }

    /// Runs file and process calls off the threads that must not block.
    private func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
    }
}

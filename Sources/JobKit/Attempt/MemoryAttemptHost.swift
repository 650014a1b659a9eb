import Synchronization

/// A host in memory, for tests, demonstrations and the simulator: its scripts are closures.
public final class MemoryAttemptHost: AttemptHost {
    /// What a script does: all its events, the end last.
    public typealias Script = @Sendable (VerifiedJob) async throws(Refusal) -> [AttemptEvent]

    private struct State {
        var streams: [AttemptID: (AsyncStream<AttemptEvent>, AsyncStream<AttemptEvent>.Continuation)] = [:]
        var started: [AttemptID] = []
        var cancelled: [AttemptID] = []
        var discarded: [AttemptID] = []
        var standings: [AttemptID: AttemptStanding]
    }

    private let state: Mutex<State>
    private let script: Script
    private let readiness: @Sendable (AttemptID) async -> Bool

    /// A host whose attempts all run the same script.
    ///
    /// - Parameters:
    ///   - standings: what a survey finds.
    ///   - readiness: whether an attempt can be started now.
    ///   - script: what every attempt runs.
    public init(
        standings: [AttemptID: AttemptStanding] = [:],
        readiness: @escaping @Sendable (AttemptID) async -> Bool = { _ in true }, script: @escaping Script
    ) {
        state = Mutex(State(standings: standings))
        self.readiness = readiness
        self.script = script
    }

    /// Attempts that were started, in order.
    public var started: [AttemptID] { state.withLock { $0.started } }
    /// Attempts that were told to end.
    public var cancelled: [AttemptID] { state.withLock { $0.cancelled } }
    /// Attempts whose traces were removed.
    public var discarded: [AttemptID] { state.withLock { $0.discarded } }

    /// What the host was told of its readiness.
    public func prepare(_ attempt: AttemptID) async throws(Refusal) -> Bool { await readiness(attempt) }

    /// Runs the script at once.
    public func start(_ job: VerifiedJob) async throws(Refusal) {
        let attempt = job.order.attempt
        let events = try await script(job)
        let (stream, continuation) = AsyncStream.makeStream(of: AttemptEvent.self)
        state.withLock { state in
            state.started.append(attempt)
            state.streams[attempt] = (stream, continuation)
        }
        for event in events { tell(event, of: attempt) }
    }

    /// Adds an event to an attempt that was started.
    public func tell(_ event: AttemptEvent, of attempt: AttemptID) {
        guard let (_, continuation) = state.withLock({ $0.streams[attempt] }) else { return }
        continuation.yield(event)
        if event.isLast { continuation.finish() }
    }

    /// What the host was made with.
    public func survey() async -> [AttemptID: AttemptStanding] { state.withLock { $0.standings } }

    /// The events of an attempt; of one that a survey found ended, its end.
    public func events(of attempt: AttemptID, afterRecord record: Int) -> AsyncStream<AttemptEvent> {
        let (stream, standing) = state.withLock { ($0.streams[attempt]?.0, $0.standings[attempt]) }
        if let stream { return stream }
        return AsyncStream { continuation in
            if case .ended(let result)? = standing { continuation.yield(.ended(result)) }
            continuation.finish()
        }
    }

    /// Notes the cancel and ends the attempt.
    public func cancel(_ attempt: AttemptID) async {
        state.withLock { $0.cancelled.append(attempt) }
    }

    /// Notes the removal.
    public func discard(_ attempt: AttemptID) async {
        state.withLock { $0.discarded.append(attempt) }
    }
}

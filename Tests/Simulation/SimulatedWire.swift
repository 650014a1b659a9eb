import JobKit
import ManifestKit
import Synchronization
import TestSupport

/// A wire that loses, repeats, delays and goes away by a seed, and that an attacker may own.
///
/// Streams refuse repeated and older places, as Redis's do; all else can happen.
final class SimulatedWire: PanelLink {
    /// What Redis would hold.
    struct Contents {
        var down: [AgentID: MemoryStream] = [:]
        var up: [AgentID: MemoryStream] = [:]
        var acknowledgements: [AgentID: (mark: Int, bytes: [UInt8])] = [:]
        var beats: [AgentID: (bytes: [UInt8], at: Int64)] = [:]
    }

    private struct State {
        var contents = Contents()
        var saved = Contents()
        var marks = 0
        var generator: SeededGenerator
        var isDown = false
        var failures = 0.0
        var rings: [AgentID] = []
        /// Everything that was ever on the wire, for who keeps it.
        var seen: [Capture] = []
    }

    /// A message that somebody kept.
    struct Capture {
        enum Place { case down, up, acknowledgement, beat }

        let place: Place
        let agent: AgentID
        let entry: StreamEntry
    }

    private let state: Mutex<State>
    private let clock: SimulatedClock

    init(seed: UInt64, clock: SimulatedClock) {
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
        self.clock = clock
    }

    // MARK: Faults

    var isDown: Bool {
        get { state.withLock { $0.isDown } }
        set { state.withLock { $0.isDown = newValue } }
    }

    /// How likely a call fails, half of the time after it took effect.
    var failures: Double {
        get { state.withLock { $0.failures } }
        set { state.withLock { $0.failures = newValue } }
    }

    func flush() { state.withLock { $0.contents = Contents() } }
    func save() { state.withLock { $0.saved = $0.contents } }
    func rollBack() { state.withLock { $0.contents = $0.saved } }

    /// Names that have rung since the last call.
    func takeRings() -> [AgentID] {
        state.withLock { state in
            defer { state.rings = [] }
            return state.rings
        }
    }

    /// Lets an attacker at the contents and at all that was ever seen.
    func attack(_ body: @Sendable (inout Contents, [Capture], inout SeededGenerator) -> Void) {
        state.withLock { body(&$0.contents, $0.seen, &$0.generator) }
    }

    private func call<Value>(_ body: (inout State) -> Value) throws(QueueError) -> Value {
        let result: Result<Value, QueueError> = state.withLock { state in
            let failure = QueueError("the wire failed")
            let draw = Double.random(in: 0..<1, using: &state.generator)
            if state.isDown || draw < state.failures / 2 { return .failure(failure) }
            let value = body(&state)
            return draw < state.failures ? .failure(failure) : .success(value)
        }
        return try result.get()
    }

    // MARK: The panel's end

    func check() async throws(QueueError) { try call { _ in } }

    func send(_ entries: [(agent: AgentID, entry: StreamEntry)]) async throws(QueueError) -> [Addition] {
        try call { state in
            entries.map { agent, entry in
                state.seen.append(Capture(place: .down, agent: agent, entry: entry))
                return state.contents.down[agent, default: MemoryStream()].add(entry)
            }
        }
    }

    func restartDown(_ agent: AgentID) async throws(QueueError) {
        try call { $0.contents.down[agent] = nil }
    }

    func trimDown(_ agent: AgentID, through position: StreamPosition) async throws(QueueError) {
        try call { $0.contents.down[agent]?.entries.removeAll { $0.position <= position } }
    }

    func events(
        after places: [AgentID: StreamPosition], limit: Int
    ) async throws(QueueError) -> [AgentID: [StreamEntry]] {
        try call { state in
            var found: [AgentID: [StreamEntry]] = [:]
            for (agent, place) in places {
                let entries = state.contents.up[agent]?.entries.filter { $0.position > place }.prefix(limit)
                if let entries, !entries.isEmpty { found[agent] = Array(entries) }
            }
            return found
        }
    }

    func acknowledge(
        _ acknowledgements: [(agent: AgentID, envelope: [UInt8], through: StreamPosition)]
    ) async throws(QueueError) {
        try call { state in
            for (agent, envelope, through) in acknowledgements {
                state.marks += 1
                state.contents.acknowledgements[agent] = (state.marks, envelope)
                state.seen.append(
                    Capture(
                        place: .acknowledgement, agent: agent,
                        entry: StreamEntry(position: through, bytes: envelope)))
                state.contents.up[agent]?.entries.removeAll { $0.position <= through }
            }
        }
    }

    func beats(of agents: [AgentID]) async throws(QueueError) -> [AgentID: [UInt8]] {
        let now = clock.milliseconds
        return try call { state in
            var beats: [AgentID: [UInt8]] = [:]
            for agent in agents {
                guard let (bytes, at) = state.contents.beats[agent], now - at < 45_000 else { continue }
                beats[agent] = bytes
            }
            return beats
        }
    }

    func rings() -> AsyncStream<AgentID> { AsyncStream { $0.finish() } }

    // It draws nothing, so that schedules are what they were.
    func burdens(of agents: [AgentID]) async throws(QueueError) -> [AgentID: WireBurden] {
        state.withLock { state in
            state.contents.up.filter { agents.contains($0.key) }.mapValues { stream in
                WireBurden(byteCount: stream.entries.reduce(0) { $0 + $1.bytes.count })
            }
        }
    }

    func shutOut(_ agent: AgentID) async throws(QueueError) -> Bool {
        try restartUp(agent)
        return false
    }

    // MARK: An agent's end

    func receive(
        for agent: AgentID, after place: StreamPosition, acknowledgement mark: AcknowledgementMark?
    ) throws(QueueError) -> Delivery {
        try call { state in
            var delivery = Delivery()
            delivery.entries = Array(
                (state.contents.down[agent]?.entries ?? []).filter { $0.position > place }.prefix(64))
            if let (number, bytes) = state.contents.acknowledgements[agent],
                mark.flatMap({ Int($0.rawValue) }).map({ number > $0 }) ?? true
            {
                delivery.acknowledgement = (bytes, AcknowledgementMark(String(number)))
            }
            return delivery
        }
    }

    func report(_ entries: [StreamEntry], of agent: AgentID) throws(QueueError) -> [Addition] {
        try call { state in
            state.rings.append(agent)
            return entries.map { entry in
                state.seen.append(Capture(place: .up, agent: agent, entry: entry))
                return state.contents.up[agent, default: MemoryStream()].add(entry)
            }
        }
    }

    func event(at position: StreamPosition, of agent: AgentID) throws(QueueError) -> [UInt8]? {
        try call { state in
            state.contents.up[agent]?.entries.first { $0.position == position }?.bytes
        }
    }

    func restartUp(_ agent: AgentID) throws(QueueError) { try call { $0.contents.up[agent] = nil } }

    func beat(_ envelope: [UInt8], of agent: AgentID) throws(QueueError) {
        let now = clock.milliseconds
        try call { state in
            state.rings.append(agent)
            state.contents.beats[agent] = (envelope, now)
            state.seen.append(
                Capture(
                    place: .beat, agent: agent,
                    entry: StreamEntry(position: StreamPosition(epoch: 1, number: 0), bytes: envelope)))
        }
    }
}

/// The world's time, moved by hand; nobody waits.
final class SimulatedClock: Clock {
    typealias Instant = ContinuousClock.Instant
    typealias Duration = Swift.Duration

    private let elapsed = Mutex<Int64>(0)
    private let start = ContinuousClock.now

    /// Milliseconds since the world began.
    var milliseconds: Int64 { elapsed.withLock { $0 } }
    var now: Instant { start.advanced(by: .milliseconds(milliseconds)) }
    var minimumResolution: Duration { .milliseconds(1) }
    /// The panel's wall clock.
    var timestamp: Timestamp { Timestamp(milliseconds: 1_770_000_000_000 + milliseconds) }

    func advance(by milliseconds: Int64) { elapsed.withLock { $0 += milliseconds } }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}

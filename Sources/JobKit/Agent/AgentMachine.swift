/// The clocks of a host at one moment.
public struct Moment: Hashable, Sendable {
    /// The wall clock: shown, never trusted.
    public var wall: Timestamp
    /// Milliseconds since the host booted; never set back, runs through suspend.
    public var boot: Int64

    /// A moment on both clocks.
    public init(wall: Timestamp, boot: Int64) {
        self.wall = wall
        self.boot = boot
    }
}

/// An agent's side of the exchange: every decision, no effect.
///
/// Inputs change it; what it decides comes out as journal lines and effects.
/// The lines have to be on the disk before the effects are carried out, before
/// the events are reported, and before a beat names them: ``AgentWorker`` does
/// that, and so does the simulator.
public struct AgentMachine: Sendable {
    /// Why an agent starts nothing any more.
    public enum Halt: String, Hashable, Sendable {
        /// The panel's history and this agent's contradict each other.
        case forked
        /// Someone else writes events in this agent's name: it was cloned.
        case identityConflict = "identity_conflict"
        /// Of a message in this agent's journal, agents die whenever they look at it.
        case poison
    }

    /// What has to be done, in this order.
    public enum Effect: Hashable, Sendable {
        /// Start the attempt and follow it.
        case start(VerifiedJob)
        /// Follow an attempt that runs or has ended, its log from the record after `record`.
        case follow(AttemptID, afterRecord: Int)
        /// End the attempt's script.
        case cancel(AttemptID)
        /// Remove what the attempt left: the panel has its end.
        case discard(AttemptID)
        /// Read the archive; the machine goes on in a new epoch once it has it.
        case recollect
    }

    enum Phase: Hashable, Sendable {
        case queued
        case claimed(number: Int)
        case running
        case ended(number: Int)
    }

    struct Attempt: Hashable, Sendable {
        let received: VerifiedDownlink
        var phase = Phase.queued
        /// When it was claimed last, by the boot clock.
        var claimedAt: Int64 = 0
        var hasBegun = false
        var logged = 0
        var isCancelled = false
        /// Whether it went on from an earlier epoch: what is not found of it then was lost.
        var isCarriedOver = false
        /// Whether it is to be followed from its beginning again; what an earlier following tells does not count.
        var isToBeFollowed = false
        /// Whether nothing of it is on the server any more.
        var hasNoTraces = false
        /// How often an agent set out to start it.
        var starts = 0
        /// How it was over.
        var end: AttemptSummary.End?

        var job: VerifiedJob? { if case .job(let job) = received.content { job } else { nil } }
    }

    struct Permit: Hashable, Sendable {
        let acknowledgement: Acknowledgement
        let receivedAt: Int64
    }

    /// How often an agent may die while it starts an attempt, before it leaves that attempt alone.
    static let deadliestStart = 3
    /// Scripts at a time.
    static let slots = 1
    /// How old a claim may be that an acknowledgement makes a permit of, in milliseconds of the boot clock.
    ///
    /// The acknowledgement covers the claim and so is younger: however long the wire held it back, it is
    /// no older than this.
    static let permitLife: Int64 = 60_000

    /// The agent's name.
    public let agent: AgentID
    /// This run of the agent.
    public let session: String
    let keys: [AgentKeys]
    let verifier: DownlinkVerifier

    /// The last downlink message taken in.
    public internal(set) var received: StreamPosition
    var downHead: ChainHead
    /// The last event the panel has.
    public internal(set) var cursor = 0
    /// The last event there is.
    public internal(set) var lastEvent = 0
    var heads: [Int: ChainHead]
    var events: [Int: [UInt8]] = [:]
    var attempts: [AttemptID: Attempt] = [:]
    var order: [AttemptID] = []
    /// What lies on the server of attempts that are over and that the journal has forgotten.
    var strays: [AttemptID] = []
    /// Attempts that are over and that the panel knows of, since the journal was rewritten last.
    var past: [AttemptSummary] = []
    /// Whether a panel of a new epoch is still to be told of earlier ones.
    var isHistoryUntold = false
    /// The panel's new epoch, until the archive is read.
    var epochToBegin: Int?

    /// The acknowledgement that was seen last; nil asks for the newest one, whatever its mark.
    public private(set) var mark: AcknowledgementMark?
    /// Why the next downlink message cannot be taken in, or nil.
    public internal(set) var obstacle: String?
    /// Why nothing is started any more, or nil.
    public internal(set) var halt: Halt?
    var permit: Permit?
    /// The newest arrival among authentic acknowledgements, whatever came of it; beats name it.
    var heard: Acknowledgement?
    /// How far the panel says it has this agent's events, where that is less than it had said before.
    var setBackCursor: Int?
    var reported = 0
    /// Whether the panel lacks events that are reported: the up stream is to be dropped, and told anew from the one
    /// after the cursor, before anything else is reported.
    public internal(set) var isToReportAnew = false
    var beats = 0

    /// Lines to be written, in order.
    private(set) var lines: [JournalEntry] = []
    /// Whether they must be on the disk before anything else is done; else they wait for others.
    public private(set) var hasLines = false
    var effects: [Effect] = []

    /// An agent that knows nothing yet; replay a journal next.
    public init(agent: AgentID, session: String, keys: [AgentKeys]) {
        self.agent = agent
        self.session = session
        self.keys = keys
        verifier = DownlinkVerifier(agent: agent, keys: keys)
        received = StreamPosition(epoch: 1, number: 0)
        downHead = ChainHead(genesis: .down, agent: agent, epoch: 1)
        heads = [0: ChainHead(genesis: .up, agent: agent, epoch: 1)]
    }

    /// Which start of the panel the last word came from, or nil before any.
    public var heardRun: Int? { heard?.run }

    /// Whether there is anything to write or to carry out.
    public var hasDecisions: Bool { hasLines || !effects.isEmpty }

    /// Whether its journal may be rewritten with ``compacted(machine:)``: nothing waits to be written or carried out, and
    /// the archive, which gets what is dropped, is not being read.
    ///
    /// Nor is it while it holds what cannot be looked at: a mended agent may.
    public var mayBeCompacted: Bool {
        !hasDecisions && epochToBegin == nil && !isHistoryUntold && halt != .poison
    }

    /// What has been decided since the last call.
    public mutating func takeDecisions() -> Decisions {
        defer {
            effects = []
            if hasLines { dropLines() }
        }
        return Decisions(
            lines: hasLines ? lines : [], effects: effects, event: lastPosition, message: received)
    }

    /// Notes what was seen; after silence, or behind a message that cannot be taken in, the wire may have been
    /// set back, or somebody has put an acknowledgement where no true one comes after it.
    mutating func noteSeen(_ delivery: Delivery, isStuck: Bool) {
        if let seen = delivery.acknowledgement?.mark { mark = seen }
        if isStuck || delivery == Delivery() { forgetMark() }
    }

    /// Asks for the newest acknowledgement anew: a mark that was damaged on its way is one that no wire understands.
    mutating func forgetMark() { mark = nil }

    /// Adds a line that must be on the disk before anything that follows from it is done.
    mutating func write(_ line: JournalEntry) {
        lines.append(line)
        hasLines = true
    }

    /// Adds a line that may wait for others: losing it costs a repetition only.
    mutating func writeLater(_ line: JournalEntry) { lines.append(line) }

    /// Forgets lines that are on the disk, or that a compacted journal makes superfluous.
    mutating func dropLines() {
        lines = []
        hasLines = false
    }

    /// The last event's place.
    public var lastPosition: StreamPosition { StreamPosition(epoch: received.epoch, number: lastEvent) }

    /// Attempts whose scripts run.
    public var running: [AttemptID] { order.filter { attempts[$0]?.phase == .running } }

    /// When the panel gave the word on which attempts start, by its own clock.
    package var permittedAt: Timestamp? { permit?.acknowledgement.panelTime }
    /// The order of an attempt that is not over.
    package func order(of attempt: AttemptID) -> JobOrder? { attempts[attempt]?.job?.order }
    /// Whether any attempt is claimed or runs.
    package var isAnythingUnderWay: Bool { order.contains { attempts[$0]?.phase.isActive ?? false } }

    /// Writes an event into the stream.
    mutating func emit(_ event: AgentEvent) {
        let place = StreamPosition(epoch: received.epoch, number: lastEvent + 1)
        guard let previous = heads[lastEvent] else {
            preconditionFailure("no chain head for event \(lastEvent)")
        }
        let payload = Uplink(
            agent: agent, position: place, previous: previous, session: session, event: event
        ).payload
        keep(event: payload, number: place.number)
        write(.event(payload: payload))
    }

    mutating func keep(event payload: [UInt8], number: Int) {
        lastEvent = number
        heads[number] = ChainHead(after: payload)
        events[number] = payload
    }

    /// Ends an attempt with its last event.
    mutating func finish(_ attempt: AttemptID, _ event: AgentEvent) {
        emit(event)
        attempts[attempt]?.phase = .ended(number: lastEvent)
        attempts[attempt]?.end = event.end
    }
}

extension AgentEvent {
    /// How the attempt was over, or nil where it is not.
    var end: AttemptSummary.End? {
        switch self {
        case .ended(_, let result): .ended(result)
        case .refused(_, let refusal): .refused(refusal)
        case .withdrawn: .withdrawn
        case .claimed, .began, .log, .inventory: nil
        }
    }
}

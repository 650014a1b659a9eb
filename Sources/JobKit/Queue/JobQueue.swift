/// An entry of an agent's stream: its place and the bytes of one envelope, not to be believed yet.
public struct StreamEntry: Hashable, Sendable {
    /// Its place.
    public let position: StreamPosition
    /// The bytes as they came; empty where the entry was not of the agreed form.
    public let bytes: [UInt8]

    /// An entry as it came.
    public init(position: StreamPosition, bytes: [UInt8]) {
        self.position = position
        self.bytes = bytes
    }
}

/// What came of adding an entry under a number of our own.
public enum Addition: Hashable, Sendable {
    /// It is the newest entry now.
    case added
    /// The stream has, or once had, that number or a higher one: nothing was added.
    case outOfOrder
}

/// The panel's end of the wire.
///
/// The wire may lose, repeat, reorder and forge everything; it is never the
/// record of anything. Every call may fail with ``QueueError``, also after it
/// has taken effect: all of them may be made again.
public protocol PanelLink: Sendable {
    /// Adds entries to agents' down streams, in the order given, and answers for each.
    func send(_ entries: [(agent: AgentID, entry: StreamEntry)]) async throws(QueueError) -> [Addition]

    /// Drops an agent's down stream, so that sending may begin again at any number.
    func restartDown(_ agent: AgentID) async throws(QueueError)

    /// Forgets entries up to and with the position.
    func trimDown(_ agent: AgentID, through position: StreamPosition) async throws(QueueError)

    /// Entries of agents' up streams behind the given places, at most `limit` of each, in order.
    func events(
        after places: [AgentID: StreamPosition], limit: Int
    ) async throws(QueueError) -> [AgentID: [StreamEntry]]

    /// Replaces agents' acknowledgements and forgets the events that they cover.
    func acknowledge(
        _ acknowledgements: [(agent: AgentID, envelope: [UInt8], through: StreamPosition)]
    ) async throws(QueueError)

    /// The newest beat of each agent that has one.
    func beats(of agents: [AgentID]) async throws(QueueError) -> [AgentID: [UInt8]]

    /// What agents lay on the wire beyond what anybody needs, as far as it can be told; of the others nothing.
    func burdens(of agents: [AgentID]) async throws(QueueError) -> [AgentID: WireBurden]

    /// Drops an agent's up stream and beat, and takes away the agent's own access to the wire.
    ///
    /// - Returns: whether it has one of its own; nobody else's is touched.
    func shutOut(_ agent: AgentID) async throws(QueueError) -> Bool

    /// Returns when the wire answers.
    func check() async throws(QueueError)

    /// Names of agents that have rung, for ever; a ring may be lost and may be anyone's.
    func rings() -> AsyncStream<AgentID>
}

/// An agent's end of the wire.
public protocol AgentLink: Sendable {
    /// What has come behind the given places.
    ///
    /// - Parameters:
    ///   - place: the last message that the agent has.
    ///   - acknowledgement: the mark that came with the last one, or nil for the newest there is.
    ///   - seconds: how long to wait for any of it.
    func receive(
        after place: StreamPosition, acknowledgement: AcknowledgementMark?, waiting seconds: Int
    ) async throws(QueueError) -> Delivery

    /// Adds events to the agent's up stream, in order, answers for each, and rings.
    func report(_ entries: [StreamEntry]) async throws(QueueError) -> [Addition]

    /// The event at a place, or nil where there is none (any more).
    func event(at position: StreamPosition) async throws(QueueError) -> [UInt8]?

    /// Drops the up stream, so that reporting may begin again at any number.
    func restartUp() async throws(QueueError)

    /// Replaces the agent's beat, which fades after 45 s, and rings.
    func beat(_ envelope: [UInt8]) async throws(QueueError)
}

/// Where in the wire an acknowledgement was seen; means something to the link alone.
public struct AcknowledgementMark: Hashable, Sendable {
    /// The link's own name for it.
    public let rawValue: String

    /// A mark of the link's own.
    public init(_ rawValue: String) { self.rawValue = rawValue }
}

/// What one agent lays on the wire.
public struct WireBurden: Hashable, Sendable {
    /// Bytes of its up stream and its beat; what waits there of an honest agent are two logs at most, and those are capped.
    public var byteCount: Int
    /// How often it rang since the last time that was asked for.
    public var ringCount: Int

    /// A burden with its parts.
    public init(byteCount: Int = 0, ringCount: Int = 0) {
        self.byteCount = byteCount
        self.ringCount = ringCount
    }
}

/// What an agent's wait brought; nothing at all where time ran out.
public struct Delivery: Hashable, Sendable {
    /// Entries of the down stream, in order.
    public var entries: [StreamEntry] = []
    /// The newest acknowledgement and its mark.
    public var acknowledgement: (bytes: [UInt8], mark: AcknowledgementMark)?

    /// An empty delivery.
    public init() {}

    /// Whether both brought the same.
    public static func == (left: Self, right: Self) -> Bool {
        left.entries == right.entries && left.acknowledgement?.bytes == right.acknowledgement?.bytes
            && left.acknowledgement?.mark == right.acknowledgement?.mark
    }

    /// Feeds what it brought.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(entries)
        hasher.combine(acknowledgement?.bytes)
    }
}

/// The wire did not do, or did not say that it did, what was asked.
public struct QueueError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened, with the server's address and without credentials.
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) { self.description = description }
}

package import ManifestKit
import OpenSSLCrypto

/// A line of an agent's journal: what it must still know after a power cut.
public enum JournalEntry: Hashable, Sendable {
    /// Whose journal it is, and the machine it belongs to.
    case identity(agent: AgentID, machine: String)
    /// A downlink message that was verified: the exact payload and its kind.
    case received(kind: MessageKind, payload: [UInt8])
    /// An order that was verified and agents died of: the exact payload, of which no more than its name is read.
    case poison(payload: [UInt8])
    /// An event of this agent: the exact payload.
    case event(payload: [UInt8])
    /// The panel has all events up to and with this number.
    case acknowledged(Int)
    /// Where both streams stood when older lines were dropped.
    case checkpoint(received: StreamPosition, downHead: ChainHead, cursor: Int, upHead: ChainHead)
    /// How far an attempt had come when older lines were dropped.
    case progress(AttemptID, hasBegun: Bool, logged: Int, isCancelled: Bool, isCarriedOver: Bool)
    /// The attempt is about to be started; what follows may be the agent's death.
    case starting(AttemptID)
    /// The panel began a new epoch: only these attempts go on, and what was done before is still to be told.
    case epoch(Int, keeping: [AttemptID])

    /// The line as JSON.
    package var json: JSONValue {
        switch self {
        case .identity(let agent, let machine):
            ["type": "identity", "agent": .string(agent.description), "machine": .string(machine)]
        case .received(let kind, let payload):
            [
                "type": "received", "kind": .string(kind.rawValue),
                "payload": .string(Base64URL.encode(payload)),
            ]
        case .poison(let payload): ["type": "poison", "payload": .string(Base64URL.encode(payload))]
        case .event(let payload): ["type": "event", "payload": .string(Base64URL.encode(payload))]
        case .acknowledged(let number): ["type": "acknowledged", "number": .integer(number)]
        case .checkpoint(let received, let downHead, let cursor, let upHead):
            [
                "type": "checkpoint", "epoch": .integer(received.epoch),
                "received": .integer(received.number),
                "down_head": .string(downHead.description), "cursor": .integer(cursor),
                "up_head": .string(upHead.description),
            ]
        case .progress(let attempt, let hasBegun, let logged, let isCancelled, let isCarriedOver):
            [
                "type": "progress", "attempt": .string(attempt.description), "begun": .bool(hasBegun),
                "logged": .integer(logged), "cancelled": .bool(isCancelled), "carried": .bool(isCarriedOver),
            ]
        case .starting(let attempt): ["type": "starting", "attempt": .string(attempt.description)]
        case .epoch(let number, let kept):
            [
                "type": "epoch", "number": .integer(number),
                "keeping": .array(kept.map { .string($0.description) }),
            ]
        }
    }

    package init(json: JSONValue) throws(MemberReader.Failure) {
        var reader = try MemberReader(json)
        switch try reader.string("type") {
        case "identity":
            self = .identity(
                agent: try reader.parsed("agent", "an agent's id", AgentID.init),
                machine: try reader.string("machine"))
        case "received":
            self = .received(
                kind: try reader.parsed("kind", "a kind of message", MessageKind.init),
                payload: try reader.parsed("payload", "base64url", Base64URL.decode))
        case "poison": self = .poison(payload: try reader.parsed("payload", "base64url", Base64URL.decode))
        case "event": self = .event(payload: try reader.parsed("payload", "base64url", Base64URL.decode))
        case "acknowledged": self = .acknowledged(try reader.integer("number"))
        case "checkpoint":
            self = .checkpoint(
                received: StreamPosition(
                    epoch: try reader.integer("epoch", in: 1...Int.max),
                    number: try reader.integer("received")),
                downHead: try reader.parsed("down_head", "a digest", ChainHead.init),
                cursor: try reader.integer("cursor"),
                upHead: try reader.parsed("up_head", "a digest", ChainHead.init))
        case "progress":
            self = .progress(
                try reader.parsed("attempt", "an attempt's id", AttemptID.init),
                hasBegun: try reader.bool("begun"),
                logged: try reader.integer("logged"), isCancelled: try reader.bool("cancelled"),
                isCarriedOver: try reader.bool("carried"))
        case "starting":
            self = .starting(try reader.parsed("attempt", "an attempt's id", AttemptID.init))
        case "epoch":
            self = .epoch(
                try reader.integer("number", in: 1...Int.max), keeping: try reader.attempts("keeping"))
        default: throw .init(member: "type", wanted: "a known type of line")
        }
        try reader.finish()
    }
}

/// An agent's record on its own disk.
public protocol AgentJournal: Sendable {
    /// Every line, from the oldest; a torn last line was never promised and is dropped.
    ///
    /// - Throws: ``JournalError`` where an older line is damaged.
    func load() async throws(JournalError) -> [JournalEntry]

    /// Adds lines; they are on the disk when this returns.
    func append(_ entries: [JournalEntry]) async throws(JournalError)

    /// Adds a line that outlives the agent, but perhaps not the power.
    func note(_ entry: JournalEntry) async throws(JournalError)

    /// Puts these lines in place of all others, whole or not at all.
    ///
    /// - Parameters:
    ///   - entries: the journal from now on.
    ///   - past: what the dropped lines told of attempts that are over; in the archive before they go.
    func replace(with entries: [JournalEntry], archiving past: [AttemptSummary]) async throws(JournalError)

    /// What was archived, from the oldest; so much of it as the archive's bound leaves.
    func archive() async throws(JournalError) -> [AttemptSummary]
}

/// The journal could not be read or written; the agent must not go on.
public struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened to which file, and what to do.
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) { self.description = description }
}

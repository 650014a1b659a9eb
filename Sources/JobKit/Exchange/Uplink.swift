package import ManifestKit
import OpenSSLCrypto

/// What an agent tells the panel about an attempt.
public enum AgentEvent: Hashable, Sendable {
    /// It wants to start the attempt; the panel's acknowledgement is the permit.
    case claimed(AttemptID)
    /// The script was let go.
    case began(AttemptID, at: Timestamp)
    /// Pieces of its output, numbers without gaps.
    case log(AttemptID, [LogRecord])
    /// It is over.
    case ended(AttemptID, AttemptResult)
    /// It was turned away; nothing ran.
    case refused(AttemptID, Refusal)
    /// A cancel was followed before anything ran.
    case withdrawn(AttemptID)
    /// What became of attempts of an earlier epoch. The last part, and no other, names those that are not over.
    case inventory([AttemptSummary], live: [AttemptID]?)

    /// The attempt it is about, or nil for one about many.
    public var attempt: AttemptID? {
        switch self {
        case .claimed(let attempt), .began(let attempt, _), .log(let attempt, _), .ended(let attempt, _),
            .refused(let attempt, _), .withdrawn(let attempt):
            attempt
        case .inventory: nil
        }
    }
}

/// An agent's event with its place in the stream; the payload of an `event` message.
public struct Uplink: Hashable, Sendable {
    /// The agent; signed, and proven by the key.
    public let agent: AgentID
    /// Its place in the stream.
    public let position: StreamPosition
    /// The head of the chain before it.
    public let previous: ChainHead
    /// The agent's run: 16 random bytes in hexadecimal, drawn when it starts.
    public let session: String
    /// What happened.
    public let event: AgentEvent

    /// An event in its place.
    public init(
        agent: AgentID, position: StreamPosition, previous: ChainHead, session: String, event: AgentEvent
    ) {
        self.agent = agent
        self.position = position
        self.previous = previous
        self.session = session
        self.event = event
    }

    /// The bytes that are journaled, chained and signed.
    public var payload: [UInt8] {
        var object: JSONObject = [
            "v": .integer(Downlink.version), "agent": .string(agent.description),
            "epoch": .integer(position.epoch),
            "n": .integer(position.number), "prev": .string(previous.description),
            "session": .string(session),
        ]
        object["job"] = event.attempt.map { .string($0.job.description) }
        object["attempt"] = event.attempt.map { .integer($0.number) }
        switch event {
        case .claimed: object["type"] = "claimed"
        case .began(_, let moment):
            object["type"] = "began"
            object["at"] = moment.json
        case .log(_, let records):
            object["type"] = "log"
            object["records"] = .array(records.map(\.json))
        case .ended(_, let result):
            object["type"] = "ended"
            object["result"] = result.json
        case .refused(_, let refusal):
            object["type"] = "refused"
            object["reason"] = .string(refusal.reason.rawValue)
            object["message"] = .string(refusal.message)
        case .withdrawn: object["type"] = "withdrawn"
        case .inventory(let summaries, let live):
            object["type"] = "inventory"
            object["attempts"] = .array(summaries.map(\.json))
            object["live"] = .optional(live) { .array($0.map { .string($0.description) }) }
        }
        return JSONValue.object(object).canonicalBytes()
    }

    /// Reads a payload back.
    public init(payload: [UInt8]) throws(EnvelopeError) {
        do throws(MemberReader.Failure) {
            var reader = try MemberReader(parsing: payload)
            _ = try reader.integer("v", in: Downlink.version...Downlink.version)
            agent = try reader.parsed("agent", "an agent's id", AgentID.init)
            position = StreamPosition(
                epoch: try reader.integer("epoch", in: 1...Int.max),
                number: try reader.integer("n", in: 1...Int.max))
            previous = try reader.parsed("prev", "a digest", ChainHead.init)
            session = try reader.string("session")
            let type = try reader.string("type")
            event =
                type == "inventory"
                ? try Self.inventory(&reader) : try Self.event(type, of: try Self.attempt(&reader), &reader)
            try reader.finish()
        } catch {
            throw .payloadInvalid
        }
    }

    private static func attempt(_ reader: inout MemberReader) throws(MemberReader.Failure) -> AttemptID {
        AttemptID(
            job: try reader.parsed("job", "a job's id", JobID.init),
            number: try reader.integer("attempt", in: 1...1_000_000))
    }

    private static func inventory(_ reader: inout MemberReader) throws(MemberReader.Failure) -> AgentEvent {
        var summaries: [AttemptSummary] = []
        for element in try reader.array("attempts") { summaries.append(try AttemptSummary(json: element)) }
        let live = try reader.optional("live") { reader, name throws(MemberReader.Failure) in
            try reader.attempts(name)
        }
        return .inventory(summaries, live: live)
    }

    private static func event(
        _ type: String, of attempt: AttemptID, _ reader: inout MemberReader
    ) throws(MemberReader.Failure) -> AgentEvent {
        switch type {
        case "claimed": return .claimed(attempt)
        case "began": return .began(attempt, at: try reader.time("at"))
        case "log":
            var records: [LogRecord] = []
            for element in try reader.array("records") { records.append(try LogRecord(json: element)) }
            return .log(attempt, records)
        case "ended": return .ended(attempt, try AttemptResult(json: reader.value("result")))
        case "refused":
            let reason = try reader.parsed("reason", "a known reason", RefusalReason.init)
            return .refused(attempt, Refusal(reason, try reader.string("message")))
        case "withdrawn": return .withdrawn(attempt)
        default: throw .init(member: "type", wanted: "a known type of event")
        }
    }
}

extension LogRecord {
    package var json: JSONValue {
        ["n": .integer(number), "at": at.json, "b": .string(Base64URL.encode(bytes))]
    }

    init(json: JSONValue) throws(MemberReader.Failure) {
        var reader = try MemberReader(json)
        self.init(
            number: try reader.integer("n", in: 1...Int.max), at: try reader.time("at"),
            bytes: try reader.parsed("b", "base64url", Base64URL.decode))
        try reader.finish()
    }
}

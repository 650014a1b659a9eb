import ManifestKit

/// The panel's word to an agent on how far it has taken its events in.
///
/// It is also the start permit: an agent starts a claimed attempt only under a
/// fresh one that covers the claim.
public struct Acknowledgement: Hashable, Sendable {
    /// The agent it is for.
    public let agent: AgentID
    /// Raised with every acknowledgement; an older one is never believed.
    public let generation: Int
    /// The last event that is on the panel's disk.
    public let cursor: Int
    /// The chain's head at the cursor, as the panel has it.
    public let head: ChainHead
    /// The number from which events are wanted again, or nil.
    public let need: Int?
    /// The panel's epoch.
    public let epoch: Int
    /// The last downlink number that was committed when this was written; an agent reads that far before it starts anything.
    public let sent: Int
    /// Whether an operator keeps the agent from starting anything.
    public let isHeld: Bool
    /// The panel's clock.
    public let panelTime: Timestamp

    /// An acknowledgement with its parts.
    public init(
        agent: AgentID, generation: Int, cursor: Int, head: ChainHead, need: Int?, epoch: Int, sent: Int,
        isHeld: Bool = false, panelTime: Timestamp
    ) {
        self.agent = agent
        self.generation = generation
        self.cursor = cursor
        self.head = head
        self.need = need
        self.epoch = epoch
        self.sent = sent
        self.isHeld = isHeld
        self.panelTime = panelTime
    }

    /// How many acknowledgements a start of the panel may write before they run into those of the next second.
    private static let bitsOfARun = 30

    /// Which start of the panel wrote it.
    public var run: Int { generation >> Self.bitsOfARun }

    /// The number of a start of the panel at that moment, where none before had a higher one.
    ///
    /// A start is named by its second, so that a record that was put back gives no word that was given before. A clock
    /// that is centuries ahead leaves room for the starts that follow.
    static func run(at moment: Timestamp) -> Int { Int(min(max(1, moment.milliseconds / 1000), 1 << 32)) }

    /// The generation before the first one of a start of the panel: above all of the starts before.
    static func generation(before run: Int) -> Int { run << bitsOfARun }

    /// The acknowledgement, signed.
    public func signed(with keys: AgentKeys) -> SignedEnvelope {
        let payload: JSONValue = [
            "v": .integer(Downlink.version), "agent": .string(agent.description), "gen": .integer(generation),
            "cur": .integer(cursor), "head": .string(head.description),
            "need": .optional(need) { .integer($0) },
            "epoch": .integer(epoch), "sent": .integer(sent), "hold": .bool(isHeld), "time": panelTime.json,
        ]
        return SignedEnvelope(signing: payload.canonicalBytes(), kind: .acknowledgement, keys: keys)
    }

    /// Reads and verifies one.
    public init(verifying bytes: [UInt8], keys: [AgentKeys]) throws(EnvelopeError) {
        let envelope = try SignedEnvelope(parsing: bytes, maximum: SignedEnvelope.maximumUp)
        let payload = try envelope.verified(as: [.acknowledgement], keys: keys)
        do throws(MemberReader.Failure) {
            var reader = try MemberReader(parsing: payload)
            _ = try reader.integer("v", in: Downlink.version...Downlink.version)
            agent = try reader.parsed("agent", "an agent's id", AgentID.init)
            generation = try reader.integer("gen")
            cursor = try reader.integer("cur")
            head = try reader.parsed("head", "a digest", ChainHead.init)
            need = try reader.optional("need") { reader, name throws(MemberReader.Failure) in
                try reader.integer(name)
            }
            epoch = try reader.integer("epoch", in: 1...Int.max)
            sent = try reader.integer("sent")
            isHeld = try reader.bool("hold")
            panelTime = try reader.time("time")
            try reader.finish()
        } catch {
            throw .payloadInvalid
        }
        guard keys.contains(where: { $0.agent == agent }) else { throw .wrongAudience }
    }
}

import ManifestKit

/// An agent's sign of life: where it stands, every ten seconds.
public struct Beat: Hashable, Sendable {
    /// The agent.
    public let agent: AgentID
    /// The agent's run.
    public let session: String
    /// 1 for the session's first beat; an older one is never believed.
    public let count: Int
    /// The generation of the acknowledgement that came last, which proves that the beat is no older; nil before any.
    public let heard: Int?
    /// The last downlink message on the agent's disk.
    public let received: StreamPosition
    /// Why the next message cannot be taken in (`gap`, or an ``EnvelopeError``), or nil.
    public let stuck: String?
    /// The last event that the agent has laid on the wire; what it has written beyond that is on its way.
    public let reported: Int
    /// Attempts whose scripts run.
    public let running: [AttemptID]
    /// Why the agent starts nothing, or nil.
    public let halted: String?
    /// The host's boot, as the kernel names it.
    public let bootID: String
    /// The agent's wall clock.
    public let clock: Timestamp
    /// The agent's version.
    public let version: String
    /// The host's facts, such as `os_id` and `os_version`.
    public let facts: [String: String]

    /// A beat with its parts.
    public init(
        agent: AgentID, session: String, count: Int, heard: Int?, received: StreamPosition, stuck: String?,
        reported: Int, running: [AttemptID], halted: String?, bootID: String, clock: Timestamp,
        version: String,
        facts: [String: String]
    ) {
        self.agent = agent
        self.session = session
        self.count = count
        self.heard = heard
        self.received = received
        self.stuck = stuck
        self.reported = reported
        self.running = running
        self.halted = halted
        self.bootID = bootID
        self.clock = clock
        self.version = version
        self.facts = facts
    }

    /// The beat, signed.
    public func signed(with keys: AgentKeys) -> SignedEnvelope {
        let payload: JSONValue = [
            "v": .integer(Downlink.version), "agent": .string(agent.description), "session": .string(session),
            "count": .integer(count), "heard": .optional(heard) { .integer($0) },
            "epoch": .integer(received.epoch),
            "received": .integer(received.number), "stuck": .optional(stuck) { .string($0) },
            "reported": .integer(reported), "running": .array(running.map { .string($0.description) }),
            "halted": .optional(halted) { .string($0) }, "boot_id": .string(bootID), "clock": clock.json,
            "version": .string(version), "facts": JSONValue(strings: facts),
        ]
        return SignedEnvelope(signing: payload.canonicalBytes(), kind: .beat, keys: keys)
    }

    /// Reads and verifies one.
    public init(verifying bytes: [UInt8], keys: [AgentKeys]) throws(EnvelopeError) {
        let envelope = try SignedEnvelope(parsing: bytes, maximum: SignedEnvelope.maximumUp)
        let payload = try envelope.verified(as: [.beat], keys: keys)
        do throws(MemberReader.Failure) {
            var reader = try MemberReader(parsing: payload)
            _ = try reader.integer("v", in: Downlink.version...Downlink.version)
            agent = try reader.parsed("agent", "an agent's id", AgentID.init)
            session = try reader.string("session")
            count = try reader.integer("count", in: 1...Int.max)
            heard = try reader.optional("heard") { reader, name throws(MemberReader.Failure) in
                try reader.integer(name)
            }
            received = StreamPosition(
                epoch: try reader.integer("epoch", in: 1...Int.max), number: try reader.integer("received"))
            stuck = try reader.optional("stuck") { reader, name throws(MemberReader.Failure) in
                try reader.string(name)
            }
            reported = try reader.integer("reported")
            running = try reader.array("running").compactMap { $0.string.flatMap(AttemptID.init) }
            halted = try reader.optional("halted") { reader, name throws(MemberReader.Failure) in
                try reader.string(name)
            }
            bootID = try reader.string("boot_id")
            clock = try reader.time("clock")
            version = try reader.string("version")
            facts = try reader.strings("facts")
            try reader.finish()
        } catch {
            throw .payloadInvalid
        }
        guard keys.contains(where: { $0.agent == agent }) else { throw .wrongAudience }
    }
}

import ManifestKit

/// What an agent makes of an entry of its stream.
public enum DownlinkVerdict: Hashable, Sendable {
    /// Authentic and next in line: journal it.
    case accept(VerifiedDownlink)
    /// Already known: nothing to do.
    case known
    /// A number is missing before it: the panel has to send again.
    case gap
    /// Not to be believed: the stream stops here until the panel sends again.
    case refused(EnvelopeError)
    /// Authentic, but it continues another history than the one kept here.
    case forked

    /// Why the stream stops here, or nil where it does not.
    var obstacle: String? {
        switch self {
        case .accept, .known: nil
        case .gap: "gap"
        case .refused(let error): error.rawValue
        case .forked: "forked"
        }
    }
}

/// An authentic message, next in line, with the payload that the journal keeps.
public struct VerifiedDownlink: Hashable, Sendable {
    /// What the payload orders.
    public enum Content: Hashable, Sendable {
        /// Run an attempt.
        case job(VerifiedJob)
        /// Call a job off, whatever its attempt.
        case cancel(JobID, actor: String)
        /// A job that is authentic and cannot be accepted, with what is known of it.
        case unacceptable(AttemptID, Refusal)
    }

    /// Its place in the stream.
    public let position: StreamPosition
    /// What it orders.
    public let content: Content
    /// The exact bytes that were signed.
    public let payload: [UInt8]
    /// Job or cancel.
    public let kind: MessageKind

    /// What the journal keeps of it.
    var line: JournalEntry {
        if case .unacceptable(_, let refusal) = content, refusal.reason == .poison {
            return .poison(payload: payload)
        }
        return .received(kind: kind, payload: payload)
    }
}

/// Judges entries of an agent's downlink, one check after another.
///
/// 1. size and form of the envelope;
/// 2. the tag, over kind and exact payload;
/// 3. the payload's own form and version;
/// 4. the addressee;
/// 5. epoch and number: the one that is next;
/// 6. the chain: it names the message before it.
///
/// Expiry, digests and inputs are judged when the attempt is to start.
public struct DownlinkVerifier: Sendable {
    private let keys: [AgentKeys]
    private let agent: AgentID

    /// A verifier that trusts these keys, all of one agent.
    public init(agent: AgentID, keys: [AgentKeys]) {
        self.agent = agent
        self.keys = keys
    }

    /// Judges an entry against the last message that was accepted.
    public func judge(
        _ entry: StreamEntry, after last: StreamPosition, head: ChainHead, _ scrutiny: Scrutiny = .whole
    ) -> DownlinkVerdict {
        guard scrutiny != .none else { return .refused(.poison) }
        guard entry.position > last else {
            return entry.position == last && contradicts(entry, head) ? .forked : .known
        }
        do throws(EnvelopeError) {
            let envelope = try SignedEnvelope(parsing: entry.bytes, maximum: SignedEnvelope.maximumDown)  // 1
            let payload = try verified(envelope)  // 2
            let message = try Self.decode(payload, kind: envelope.kind, scrutiny)  // 3
            guard message.audience == agent else { throw .wrongAudience }  // 4
            guard message.position.epoch == last.epoch else { throw .oldEpoch }  // 5
            guard message.position > last else { throw .replayed }
            guard message.position == entry.position else { throw .payloadInvalid }
            guard message.position.number == last.number + 1 else { return .gap }
            guard message.previous == head else { return .forked }  // 6
            return .accept(
                VerifiedDownlink(
                    position: message.position, content: message.content, payload: payload,
                    kind: envelope.kind))
        } catch {
            return .refused(error)
        }
    }

    /// Whether the panel has signed another message under the number of the one that came last.
    private func contradicts(_ entry: StreamEntry, _ head: ChainHead) -> Bool {
        guard let envelope = try? SignedEnvelope(parsing: entry.bytes, maximum: SignedEnvelope.maximumDown),
            let payload = try? verified(envelope),
            let message = try? Self.decode(payload, kind: envelope.kind),
            message.audience == agent, message.position == entry.position
        else { return false }
        return ChainHead(after: payload) != head
    }

    /// A message for another agent is signed with that agent's key; what it says of itself is believed only to tell so.
    private func verified(_ envelope: SignedEnvelope) throws(EnvelopeError) -> [UInt8] {
        do throws(EnvelopeError) {
            return try envelope.verified(as: [.job, .cancel], keys: keys)
        } catch {
            let claimed = try? Self.decode(envelope.payload, kind: envelope.kind)
            if error == .unknownKey, let claimed, claimed.audience != agent { throw .wrongAudience }
            throw error
        }
    }

    /// Takes back a message that was judged before and kept in the journal.
    func restore(
        payload: [UInt8], kind: MessageKind, _ scrutiny: Scrutiny
    ) throws(EnvelopeError) -> VerifiedDownlink {
        guard scrutiny != .none else { throw .poison }
        let message = try Self.decode(payload, kind: kind, scrutiny)
        guard message.audience == agent else { throw .wrongAudience }
        return VerifiedDownlink(
            position: message.position, content: message.content, payload: payload, kind: kind)
    }

    private struct Decoded {
        let audience: AgentID
        let position: StreamPosition
        let previous: ChainHead
        let content: VerifiedDownlink.Content
    }

    private static func decode(
        _ payload: [UInt8], kind: MessageKind, _ scrutiny: Scrutiny = .whole
    ) throws(EnvelopeError) -> Decoded {
        // Without a cancel nothing behind it may start: it has no answer, and is never passed over.
        if kind == .cancel, scrutiny == .nameOnly { throw .poison }
        do throws(MemberReader.Failure) {
            var reader = try MemberReader(parsing: payload)
            let version = try reader.integer("v", in: 1...Int.max)
            let audience = try reader.parsed("aud", "an agent's id", AgentID.init)
            let position = StreamPosition(
                epoch: try reader.integer("epoch", in: 1...Int.max),
                number: try reader.integer("seq", in: 1...Int.max))
            let previous = try reader.parsed("prev", "a digest", ChainHead.init)
            let content: VerifiedDownlink.Content
            if kind == .cancel {
                content = .cancel(
                    try reader.parsed("job", "a job's id", JobID.init), actor: try reader.string("actor"))
            } else if scrutiny == .nameOnly {
                content = try poison(reader.value("order"))
            } else if version == Downlink.version {
                CrashPoint.receiveOrder.pass()
                content = acceptance(of: try JobOrder(json: reader.value("order")))
            } else {
                content = try unknownVersion(version, reader.value("order"))
            }
            if version == Downlink.version { try reader.finish() }
            return Decoded(audience: audience, position: position, previous: previous, content: content)
        } catch {
            throw .payloadInvalid
        }
    }

    private static func acceptance(of order: JobOrder) -> VerifiedDownlink.Content {
        let week = Int64(7 * 24 * 3600 * 1000)
        let life = order.expiresAt.milliseconds.subtractingReportingOverflow(order.issuedAt.milliseconds)
        guard (1...86_400).contains(order.timeoutSeconds), (1...300).contains(order.graceSeconds),
            !life.overflow, life.partialValue <= week
        else {
            let message =
                "timeout, grace or life of the order is outside its limits (1–86400 s, 1–300 s, 7 days)"
            return .unacceptable(order.attempt, Refusal(.limits, message))
        }
        return .job(VerifiedJob(order: order))
    }

    private static func unknownVersion(
        _ version: Int, _ order: JSONValue?
    ) throws(MemberReader.Failure) -> VerifiedDownlink.Content {
        .unacceptable(
            try attempt(of: order),
            Refusal(.unsupportedVersion, "order format \(version) is not known to this agent"))
    }

    private static func poison(_ order: JSONValue?) throws(MemberReader.Failure) -> VerifiedDownlink.Content {
        let sentence = "the agent died \(Caution.patience) times while it looked at this job's order"
        return .unacceptable(try attempt(of: order), Refusal(.poison, sentence))
    }

    /// The attempt's name, which is all that is needed to answer for an order.
    private static func attempt(of order: JSONValue?) throws(MemberReader.Failure) -> AttemptID {
        var reader = try MemberReader(order)
        return AttemptID(
            job: try reader.parsed("job", "a job's id", JobID.init),
            number: try reader.integer("attempt", in: 1...1_000_000))
    }
}

import ManifestKit
import OpenSSLCrypto
import TestSupport
import Testing

@testable import JobKit

/// What may be put in the place of an agent's next message, by the rows of the bad inputs, and what becomes of it.
enum HostileMessage: String, CaseIterable, Sendable {
    case J02anotherAgents, J02anotherAgentsUnderOurKey, J05oldEpoch, J06gap, J07anotherOfTheNumber
    case J10noTag, J10emptyTag, J10shortTag, J10longTag
    case J11algorithmNone, J11algorithmNamed, J11keyNamesSwapped, J11keyOfAnotherKind
    case J14padding, J14whiteSpace, J14loosePayloadBits, J14looseTagBits
    case J15cancelAsJob, J15jobAsCancel
    case J22empty, J22oneByteTooMany

    private static let place = StreamPosition(epoch: 1, number: 1)

    private static func message(
        _ content: Downlink.Content = .job(Fixtures.order()), for audience: AgentID = Fixtures.agent,
        at position: StreamPosition = place, after head: ChainHead? = nil
    ) -> Downlink {
        Downlink(
            audience: audience, position: position,
            previous: head ?? ChainHead(genesis: .down, agent: Fixtures.agent, epoch: 1), content: content)
    }

    private var bytes: [UInt8] {
        let (ours, theirs) = (Fixtures.keys[0], Fixtures.keyring.keys(for: Fixtures.otherAgent)[0])
        let honest = Self.message().signed(with: ours)
        let cancel = Self.message(.cancel(Fixtures.jobID(), actor: "x")).signed(with: ours)
        return switch self {
        case .J02anotherAgents: Self.message(for: Fixtures.otherAgent).signed(with: theirs).bytes
        case .J02anotherAgentsUnderOurKey: Self.message(for: Fixtures.otherAgent).signed(with: ours).bytes
        case .J05oldEpoch: Self.message(at: StreamPosition(epoch: 9, number: 1)).signed(with: ours).bytes
        case .J06gap: Self.message(at: StreamPosition(epoch: 1, number: 2)).signed(with: ours).bytes
        case .J07anotherOfTheNumber: Self.message(after: ChainHead(after: [1])).signed(with: ours).bytes
        case .J10noTag: honest.changed { $0["m"] = nil }
        case .J10emptyTag: honest.changed { $0["m"] = "" }
        case .J10shortTag: honest.changed { $0["m"] = .string(Base64URL.encode(honest.tag.dropLast())) }
        case .J10longTag: honest.changed { $0["m"] = .string(Base64URL.encode(honest.tag + [0])) }
        case .J11algorithmNone: honest.changed { $0["a"] = "none" }
        case .J11algorithmNamed: honest.changed { $0["a"] = "HS256" }
        case .J11keyNamesSwapped: honest.changed { $0["k"] = .string(theirs.id) }
        case .J11keyOfAnotherKind:
            honest.changed {
                let signed = PreAuthenticationEncoding.encode([Array("job".utf8), honest.payload])
                $0["m"] = .string(Base64URL.encode(HMACSHA256.tag(for: signed, key: ours.up)))
            }
        case .J14padding: honest.changed { $0["m"] = .string(Base64URL.encode(honest.tag) + "=") }
        case .J14whiteSpace: honest.changed { $0["p"] = .string(" " + Base64URL.encode(honest.payload)) }
        case .J14loosePayloadBits: cancel.changed { Self.loosen(&$0, "p") }
        case .J14looseTagBits: honest.changed { Self.loosen(&$0, "m") }
        case .J15cancelAsJob: cancel.changed { $0["t"] = "job" }
        case .J15jobAsCancel: honest.changed { $0["t"] = "cancel" }
        case .J22empty: []
        case .J22oneByteTooMany:
            honest.bytes
                + [UInt8](repeating: 0x20, count: SignedEnvelope.maximumDown + 1 - honest.bytes.count)
        }
    }

    /// Sets a bit of the last character that no byte is made of; where there is none, the text gets one more.
    private static func loosen(_ members: inout JSONObject, _ name: String) {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var text = members[name]?.string ?? ""
        if text.count.isMultiple(of: 4) {
            text.append("A")
        } else {
            let last = digits.firstIndex(of: text.removeLast()) ?? 0
            text.append(digits[last | 1])
        }
        members[name] = .string(text)
    }

    var entry: StreamEntry { StreamEntry(position: Self.place, bytes: bytes) }

    var verdict: DownlinkVerdict {
        switch self {
        case .J02anotherAgents, .J02anotherAgentsUnderOurKey: .refused(.wrongAudience)
        case .J05oldEpoch: .refused(.oldEpoch)
        case .J06gap: .refused(.payloadInvalid)
        case .J07anotherOfTheNumber: .forked
        case .J11keyNamesSwapped: .refused(.unknownKey)
        case .J11keyOfAnotherKind, .J15cancelAsJob, .J15jobAsCancel: .refused(.signatureInvalid)
        case .J22oneByteTooMany: .refused(.tooLarge)
        default: .refused(.malformed)
        }
    }
}

@Suite("Messages from an owner of the wire") struct HostileMessageTests {
    /// Swift orders the marks on one letter in time that grows with their square: whoever has no key does not make it.
    @Test(.timeLimit(.minutes(1)), arguments: ["k", "t"]) func comparesNoTextOfThousandsOfMarks(
        _ member: String
    )
        throws
    {
        let marks = String(repeating: "\u{301}", count: 8000) + String(repeating: "\u{327}", count: 8000)
        let envelope = try SignedEnvelope(
            parsing: Fixtures.downlinks([.job(Fixtures.order())])[0].bytes,
            maximum: SignedEnvelope.maximumDown)
        let bytes = envelope.changed { $0[member] = .string("e" + marks) }
        #expect(throws: EnvelopeError.malformed) {
            try SignedEnvelope(parsing: bytes, maximum: SignedEnvelope.maximumUp)
        }
    }

    /// Nor does an agent, with what it has signed.
    @Test func believesNoTextOfThousandsOfMarks() throws {
        var reader = try MemberReader(["session": .string("e" + String(repeating: "\u{301}", count: 31))])
        #expect(throws: MemberReader.Failure.self) { try reader.string("session") }
        reader = try MemberReader(["session": .string("e" + String(repeating: "\u{301}", count: 30))])
        #expect(try reader.string("session").utf8.count == 61)
    }

    private let genesis = ChainHead(genesis: .down, agent: Fixtures.agent, epoch: 1)
    private let now = Moment(wall: Fixtures.time, boot: 0)

    private func delivery(_ entries: [StreamEntry]) -> Delivery {
        var delivery = Delivery()
        delivery.entries = entries
        return delivery
    }

    /// J02, J05, J06, J07, J10, J11, J14, J15, J22.
    @Test(arguments: HostileMessage.allCases) func areRefusedForWhatTheyAre(_ message: HostileMessage) {
        let verifier = DownlinkVerifier(agent: Fixtures.agent, keys: Fixtures.keys)
        let start = StreamPosition(epoch: 1, number: 0)
        #expect(verifier.judge(message.entry, after: start, head: genesis) == message.verdict)
    }

    /// J02, J05, J06, J07, J10, J11, J14, J15, J22: nothing of them is written down, claimed or started, whatever the panel permits.
    @Test(arguments: HostileMessage.allCases) func moveNothing(_ message: HostileMessage) throws {
        var machine = AgentMachine(agent: Fixtures.agent, session: Fixtures.session, keys: Fixtures.keys)
        machine.take(delivery([message.entry]), at: now)
        #expect(!machine.hasLines)
        #expect(machine.received.number == 0 && machine.lastEvent == 0)
        #expect(machine.obstacle == message.verdict.obstacle)
        // What comes after it in the same delivery is not looked at either.
        let honest = Fixtures.downlinks([.job(Fixtures.order()), .job(Fixtures.order(2))])
        machine.take(delivery([message.entry, honest[1]]), at: now)
        #expect(machine.received.number == 0)
    }

    /// J17: of a format that the agent does not know it needs the attempt's name, to refuse it; the next job runs.
    @Test func ofAnotherVersionAreRefusedAndPassed() throws {
        let order = Fixtures.order()
        let payload = JSONValue.object([
            "v": 2, "aud": .string("\(Fixtures.agent)"), "epoch": 1, "seq": 1, "prev": .string("\(genesis)"),
            "order": ["job": .string("\(order.attempt.job)"), "attempt": 1, "new": true],
        ]).canonicalBytes()
        let strange = SignedEnvelope(signing: payload, kind: .job, keys: Fixtures.keys[0])
        let next = Downlink(
            audience: Fixtures.agent, position: StreamPosition(epoch: 1, number: 2),
            previous: ChainHead(after: payload), content: .job(Fixtures.order(2)))
        var machine = AgentMachine(agent: Fixtures.agent, session: Fixtures.session, keys: Fixtures.keys)
        machine.take(
            delivery([
                StreamEntry(position: StreamPosition(epoch: 1, number: 1), bytes: strange.bytes),
                StreamEntry(position: next.position, bytes: next.signed(with: Fixtures.keys[0]).bytes),
            ]), at: now)
        #expect(machine.received.number == 2)
        let events = try machine.unreported(through: machine.lastPosition, limit: 9).map { entry in
            let envelope = try SignedEnvelope(parsing: entry.bytes, maximum: SignedEnvelope.maximumUp)
            return try Uplink(payload: envelope.payload).event
        }
        guard case .refused(order.attempt, let refusal) = events.first else {
            Issue.record("not refused: \(events)")
            return
        }
        #expect(refusal.reason == .unsupportedVersion)
        #expect(events.dropFirst() == [.claimed(Fixtures.order(2).attempt)])
    }

    /// J25: a cancel of a job that is unknown or over is written down, and that is all.
    @Test func thatCancelWhatIsNotThereHaveNoEffect() {
        var machine = AgentMachine(agent: Fixtures.agent, session: Fixtures.session, keys: Fixtures.keys)
        let entries = Fixtures.downlinks([.cancel(Fixtures.jobID(9), actor: "ops")])
        machine.take(delivery(entries), at: now)
        #expect(machine.received.number == 1)
        #expect(machine.lastEvent == 0)
        #expect(machine.takeDecisions().effects.isEmpty)
    }
}

extension SignedEnvelope {
    fileprivate func changed(_ change: (inout JSONObject) -> Void) -> [UInt8] {
        var members: JSONObject = [
            "k": .string(keyID), "m": .string(Base64URL.encode(tag)),
            "p": .string(Base64URL.encode(payload)), "t": .string(kind.rawValue),
        ]
        change(&members)
        return JSONValue.object(members).canonicalBytes()
    }
}

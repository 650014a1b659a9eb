import JobKit
import OpenSSLCrypto
import TestSupport
import Testing
import ValidationKit

@Suite("Envelopes: what is signed, and what is not believed") struct EnvelopeTests {
    private static let entry = Fixtures.downlinks([.job(Fixtures.order())])[0]
    private static let verifier = DownlinkVerifier(agent: Fixtures.agent, keys: Fixtures.keys)
    private static let start = StreamPosition(epoch: 1, number: 0)
    private static let genesis = ChainHead(genesis: .down, agent: Fixtures.agent, epoch: 1)

    private func judge(_ bytes: [UInt8], as verifier: DownlinkVerifier = verifier) -> DownlinkVerdict {
        verifier.judge(
            StreamEntry(position: .init(epoch: 1, number: 1), bytes: bytes), after: Self.start,
            head: Self.genesis)
    }

    private func isAccepted(_ verdict: DownlinkVerdict) -> Bool {
        if case .accept = verdict { true } else { false }
    }

    @Test func acceptsWhatThePanelSigned() throws {
        guard case .accept(let message) = judge(Self.entry.bytes), case .job(let job) = message.content else {
            Issue.record("an honest job was not accepted")
            return
        }
        #expect(job.order == Fixtures.order())
    }

    @Test func refusesEveryPrefix() {
        for count in 0..<Self.entry.bytes.count {
            #expect(!isAccepted(judge(Array(Self.entry.bytes.prefix(count)))))
        }
    }

    @Test func refusesAnotherKey() throws {
        let other = try #require(RootKey(Array("another root secret, long enough".utf8))).keys(
            for: Fixtures.agent)
        let verifier = DownlinkVerifier(agent: Fixtures.agent, keys: [other])
        #expect(judge(Self.entry.bytes, as: verifier) == .refused(.unknownKey))
    }

    @Test func refusesAnotherAgentsMessages() {
        let keys = Fixtures.keyring.keys(for: Fixtures.otherAgent)
        let verifier = DownlinkVerifier(agent: Fixtures.otherAgent, keys: keys)
        #expect(judge(Self.entry.bytes, as: verifier) == .refused(.wrongAudience))
        // Even one that holds both keys looks at the addressee.
        let both = DownlinkVerifier(agent: Fixtures.otherAgent, keys: keys + Fixtures.keys)
        #expect(judge(Self.entry.bytes, as: both) == .refused(.wrongAudience))
    }

    @Test func refusesOneKindForAnother() throws {
        let text = String(decoding: Self.entry.bytes, as: UTF8.self)
        for kind in ["cancel", "event", "ack", "beat", "none", "JOB", ""] {
            let changed = Array(text.replacing("\"t\":\"job\"", with: "\"t\":\"\(kind)\"").utf8)
            #expect(!isAccepted(judge(changed)), "kind '\(kind)'")
        }
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"k":"","m":"","p":"","t":"job"}"#, #"{"k":"a","m":"!","p":"","t":"job"}"#,
    ]) func refusesWhatIsNoEnvelope(_ text: String) {
        #expect(judge(Array(text.utf8)) == .refused(.malformed))
    }

    @Test func refusesUnknownAndRepeatedMembers() {
        let text = String(decoding: Self.entry.bytes, as: UTF8.self)
        let unknown = text.replacing("{\"k\"", with: "{\"a\":\"none\",\"k\"")
        #expect(judge(Array(unknown.utf8)) == .refused(.malformed))
        let repeated = text.replacing("{\"k\"", with: "{\"t\":\"job\",\"k\"")
        #expect(judge(Array(repeated.utf8)) == .refused(.malformed))
    }

    @Test func refusesMoreThanTheLimit() {
        let bytes = [UInt8](repeating: UInt8(ascii: " "), count: SignedEnvelope.maximumDown + 1)
        #expect(judge(bytes) == .refused(.tooLarge))
    }

    @Test func refusesAPositionThatIsNotTheSignedOne() {
        let entry = StreamEntry(position: .init(epoch: 1, number: 2), bytes: Self.entry.bytes)
        #expect(
            Self.verifier.judge(entry, after: Self.start, head: Self.genesis) == .refused(.payloadInvalid))
    }

    @Test func takesARepetitionForKnownAndRefusesAReplay() {
        let after = StreamPosition(epoch: 1, number: 1)
        let replay = StreamEntry(position: .init(epoch: 1, number: 2), bytes: Self.entry.bytes)
        #expect(Self.verifier.judge(replay, after: after, head: Self.genesis) == .refused(.replayed))
    }

    /// J03, J07: the same message again is nothing new; another one in its place is another history.
    @Test func tellsARepetitionFromAnotherMessageOfTheNumber() {
        let other = Fixtures.downlinks([.job(Fixtures.order(2))])[0]
        let after = StreamPosition(epoch: 1, number: 1)
        guard case .accept(let message) = judge(Self.entry.bytes) else {
            Issue.record("an honest job was not accepted")
            return
        }
        let head = ChainHead(after: message.payload)
        #expect(Self.verifier.judge(Self.entry, after: after, head: head) == .known)
        #expect(Self.verifier.judge(other, after: after, head: head) == .forked)
        let noise = StreamEntry(position: after, bytes: other.bytes.dropLast())
        #expect(Self.verifier.judge(noise, after: after, head: head) == .known)
    }

    @Test func seesGapsForksAndOldEpochs() {
        let entries = Fixtures.downlinks([.job(Fixtures.order(1)), .job(Fixtures.order(2))])
        #expect(Self.verifier.judge(entries[1], after: Self.start, head: Self.genesis) == .gap)
        let foreign = ChainHead(after: [1, 2, 3])
        #expect(Self.verifier.judge(entries[0], after: Self.start, head: foreign) == .forked)
        let newer = StreamPosition(epoch: 2, number: 0)
        #expect(Self.verifier.judge(entries[0], after: newer, head: Self.genesis) == .known)
    }

    @Test(arguments: [(0, 10), (86_401, 10), (-1, 10), (1_000_000_000, 10), (600, 0), (600, 301)])
    func answersImpossibleLimitsWithARefusal(timeout: Int, grace: Int) {
        var order = Fixtures.order()
        order.timeoutSeconds = timeout
        order.graceSeconds = grace
        let entry = Fixtures.downlinks([.job(order)])[0]
        guard case .accept(let message) = judge(entry.bytes),
            case .unacceptable(let attempt, let refusal) = message.content
        else {
            Issue.record("limits \(timeout), \(grace) were not refused")
            return
        }
        #expect(attempt == order.attempt)
        #expect(refusal.reason == .limits)
    }

    /// J09: seven days and no millisecond more.
    @Test(arguments: [(Int64(604_800_000), false), (604_800_001, true), (.max, true)])
    func answersALifeOfMoreThanAWeekWithARefusal(life: Int64, isRefused: Bool) {
        var order = Fixtures.order()
        order.expiresAt = Timestamp(
            milliseconds: order.issuedAt.milliseconds.addingReportingOverflow(life).partialValue)
        if life == .max {
            (order.issuedAt, order.expiresAt) = (.init(milliseconds: -1), .init(milliseconds: .max))
        }
        guard case .accept(let message) = judge(Fixtures.downlinks([.job(order)])[0].bytes) else {
            Issue.record("a life of \(life) ms stops the stream")
            return
        }
        switch message.content {
        case .unacceptable(let attempt, let refusal):
            #expect(isRefused && attempt == order.attempt && refusal.reason == .limits)
        case .job: #expect(!isRefused)
        default: Issue.record("\(message.content)")
        }
    }

    @Test func sealsForOneAgentJobApplicationAndInputOnly() throws {
        let sealer = Fixtures.keys[0].sealer
        let job = Fixtures.jobID(1)
        let nonce = [UInt8](repeating: 7, count: 12)
        let sealed = try sealer.seal(
            .init("correct horse"), input: "password", job: job, application: "mysql", nonce: nonce)
        #expect(
            try sealer.open(sealed, input: "password", job: job, application: "mysql").reveal()
                == "correct horse")
        #expect(throws: CryptoError.self) {
            try sealer.open(sealed, input: "other", job: job, application: "mysql")
        }
        #expect(throws: CryptoError.self) {
            try sealer.open(sealed, input: "password", job: Fixtures.jobID(2), application: "mysql")
        }
        #expect(throws: CryptoError.self) {
            try sealer.open(sealed, input: "password", job: job, application: "nginx")
        }
        let other = Fixtures.keyring.keys(for: Fixtures.otherAgent)[0].sealer
        #expect(throws: CryptoError.self) {
            try other.open(sealed, input: "password", job: job, application: "mysql")
        }
        #expect(throws: CryptoError.self) {
            try sealer.open(SealedInput(bytes: []), input: "password", job: job, application: "mysql")
        }
        let short = try sealer.seal(
            .init("four"), input: "password", job: job, application: "mysql", nonce: nonce)
        #expect(short.bytes.count == sealed.bytes.count, "the length of a short password shows")
    }
}

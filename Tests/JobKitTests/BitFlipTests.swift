import TestSupport
import Testing

@testable import JobKit

@Suite("Messages with one bit turned") struct BitFlipTests {
    /// A message, and whether it is still taken for one.
    struct Sample: Sendable, CustomStringConvertible {
        let description: String
        let bytes: [UInt8]
        let isBelieved: @Sendable ([UInt8]) -> Bool
    }

    private static let messages: [Sample] = {
        var random = SeededGenerator(seed: 2026)
        let contents = (1...12).map { number -> Downlink.Content in
            guard number % 4 > 0 else {
                return .cancel(Fixtures.jobID(UInt8(number)), actor: "ops-\(number)")
            }
            var order = Fixtures.order(UInt8(number))
            order.inputs["text"] = String(
                (0..<number * 5).map { _ in "aé\\\"\u{1F511}\n ".randomElement(using: &random) ?? "a" })
            order.sealed["secret"] = SealedInput(
                bytes: (0..<number * 8).map { _ in UInt8.random(in: 0...255, using: &random) })
            return .job(order)
        }
        return contents.enumerated().map { index, content in
            let genesis = ChainHead(genesis: .down, agent: Fixtures.agent, epoch: 1)
            let place = StreamPosition(epoch: 1, number: 1)
            let message = Downlink(
                audience: Fixtures.agent, position: place, previous: genesis, content: content)
            let verifier = DownlinkVerifier(agent: Fixtures.agent, keys: Fixtures.keys)
            return Sample(
                description: "message \(index + 1)", bytes: message.signed(with: Fixtures.keys[0]).bytes
            ) { bytes in
                let verdict = verifier.judge(
                    StreamEntry(position: place, bytes: bytes),
                    after: StreamPosition(epoch: 1, number: 0), head: genesis)
                if case .accept = verdict { return true }
                return false
            }
        }
    }()

    private static let words = (1...3).map { number in
        let word = Acknowledgement(
            agent: Fixtures.agent, generation: number, cursor: 0,
            head: ChainHead(genesis: .up, agent: Fixtures.agent, epoch: 1), need: number == 2 ? 1 : nil,
            epoch: 1, sent: number, isHeld: number == 3, panelTime: Fixtures.time)
        return Sample(
            description: "acknowledgement \(number)", bytes: word.signed(with: Fixtures.keys[0]).bytes
        ) { (try? Acknowledgement(verifying: $0, keys: Fixtures.keys)) != nil }
    }

    private static let beats = (1...2).map { number in
        let beat = Beat(
            agent: Fixtures.agent, session: Fixtures.session, count: number, heard: number == 1 ? nil : 7,
            received: StreamPosition(epoch: 1, number: 3), stuck: nil, reported: 5,
            running: [Fixtures.order().attempt], halted: nil, bootID: "boot", clock: Fixtures.time,
            version: "1", facts: ["os_id": "debian"])
        return Sample(description: "beat \(number)", bytes: beat.signed(with: Fixtures.keys[0]).bytes) {
            (try? Beat(verifying: $0, keys: Fixtures.keys)) != nil
        }
    }

    private static let events: [Sample] = {
        let attempt = Fixtures.order().attempt
        let events: [AgentEvent] = [
            .claimed(attempt), .ended(attempt, .sample(.exited(code: 0))),
            .log(attempt, [LogRecord(number: 1, at: Fixtures.time, bytes: [0, 255, 10])]),
        ]
        return events.enumerated().map { index, event in
            let uplink = Uplink(
                agent: Fixtures.agent, position: StreamPosition(epoch: 1, number: 1),
                previous: ChainHead(genesis: .up, agent: Fixtures.agent, epoch: 1),
                session: Fixtures.session, event: event)
            let envelope = SignedEnvelope(signing: uplink.payload, kind: .event, keys: Fixtures.keys[0])
            return Sample(description: "event \(index + 1)", bytes: envelope.bytes) { bytes in
                guard
                    let envelope = try? SignedEnvelope(parsing: bytes, maximum: SignedEnvelope.maximumUp),
                    let payload = try? envelope.verified(as: [.event], keys: Fixtures.keys)
                else { return false }
                return (try? Uplink(payload: payload)) != nil
            }
        }
    }()

    static let samples = messages + words + beats + events

    @Test func areTwenty() { #expect(Self.samples.count == 20) }

    /// J01: of twenty messages of every kind, each with any one of its bits turned, none is believed.
    @Test(arguments: samples.indices) func isNotBelieved(_ index: Int) {
        let sample = Self.samples[index]
        #expect(sample.isBelieved(sample.bytes), "\(sample): an honest one is not believed")
        var bytes = sample.bytes
        var believed: [String] = []
        for place in bytes.indices {
            for bit in 0..<8 {
                bytes[place] ^= 1 << bit
                if sample.isBelieved(bytes) { believed.append("bit \(bit) of byte \(place)") }
                bytes[place] ^= 1 << bit
            }
        }
        #expect(believed == [], "\(sample)")
    }
}

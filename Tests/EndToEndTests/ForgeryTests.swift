import JobKit
import ManifestKit
import OpenSSLCrypto
import RedisQueue
import TestSupport
import Testing

/// What an attacker who runs Redis puts in the place of the next message.
enum Forgery: String, CaseIterable, Sendable {
    case signedWithAnotherKey, signedWithAnotherKeyUnderOurName, alteredByOneBit, tagAlteredByOneBit,
        forAnotherAgent
    case anotherAgentsRelabelled, cancelPassedOffAsJob, acknowledgementAsMessage, numberLeftOut, otherEpoch,
        moved
    case cutShort, memberMore, empty, noise, tooLarge

    /// What the agent says of it.
    var reason: String {
        switch self {
        case .signedWithAnotherKey: "unknown_key"
        case .signedWithAnotherKeyUnderOurName, .alteredByOneBit, .tagAlteredByOneBit,
            .anotherAgentsRelabelled,
            .cancelPassedOffAsJob:
            "signature_invalid"
        case .forAnotherAgent: "wrong_audience"
        case .acknowledgementAsMessage: "wrong_kind"
        case .numberLeftOut: "gap"
        case .otherEpoch: "old_epoch"
        case .moved: "payload_invalid"
        case .cutShort, .memberMore, .empty, .noise: "malformed"
        case .tooLarge: "too_large"
        }
    }

    /// The entry in place of the honest one.
    func entry(for honest: StreamEntry) throws -> StreamEntry {
        let place = honest.position
        switch self {
        case .signedWithAnotherKey: return forged(honest, keys: Self.strangerKeys)
        case .signedWithAnotherKeyUnderOurName:
            return try changed(forged(honest, keys: Self.strangerKeys)) {
                $0["k"] = .string(Fixtures.keys[0].id)
            }
        case .alteredByOneBit: return try changed(honest) { try Self.flip(&$0, "p") }
        case .tagAlteredByOneBit: return try changed(honest) { try Self.flip(&$0, "m") }
        case .forAnotherAgent:
            return forged(
                honest, audience: Fixtures.otherAgent,
                keys: Fixtures.keyring.keys(for: Fixtures.otherAgent)[0])
        case .anotherAgentsRelabelled:
            let keys = Fixtures.keyring.keys(for: Fixtures.otherAgent)[0]
            return try changed(forged(honest, keys: keys)) { $0["k"] = .string(Fixtures.keys[0].id) }
        case .cancelPassedOffAsJob:
            return try changed(forged(honest, content: .cancel(Fixtures.jobID(), actor: "x"))) {
                $0["t"] = "job"
            }
        case .acknowledgementAsMessage:
            let word = Acknowledgement(
                agent: Fixtures.agent, generation: Int.max, cursor: 0,
                head: ChainHead(genesis: .up, agent: Fixtures.agent, epoch: 1), need: nil, epoch: 1, sent: 0,
                panelTime: Fixtures.time)
            return StreamEntry(position: place, bytes: word.signed(with: Fixtures.keys[0]).bytes)
        case .numberLeftOut: return forged(honest, position: StreamPosition(epoch: 1, number: 2))
        case .otherEpoch:
            let old = forged(honest, position: StreamPosition(epoch: 2, number: 1))
            return StreamEntry(position: place, bytes: old.bytes)
        case .moved: return StreamEntry(position: StreamPosition(epoch: 1, number: 5), bytes: honest.bytes)
        case .cutShort: return StreamEntry(position: place, bytes: honest.bytes.dropLast())
        case .memberMore: return try changed(honest) { $0["a"] = "none" }
        case .empty: return StreamEntry(position: place, bytes: [])
        case .noise: return StreamEntry(position: place, bytes: (0...255).map { UInt8($0) })
        case .tooLarge:
            return StreamEntry(
                position: place,
                bytes: honest.bytes + [UInt8](repeating: 0x20, count: SignedEnvelope.maximumDown))
        }
    }

    private static let strangerKeys = Keyring(
        RootKey(Array("some other root secret, as long as ours".utf8)).unsafelyUnwrappedForTests
    ).keys(for: Fixtures.agent)[0]

    /// A message of our own making: an order that nobody gave.
    private func forged(
        _ honest: StreamEntry, audience: AgentID = Fixtures.agent, position: StreamPosition? = nil,
        content: Downlink.Content = .job(Fixtures.order()), keys: AgentKeys = Fixtures.keys[0]
    ) -> StreamEntry {
        let position = position ?? honest.position
        let head = ChainHead(genesis: .down, agent: audience, epoch: 1)
        let message = Downlink(audience: audience, position: position, previous: head, content: content)
        return StreamEntry(position: position, bytes: message.signed(with: keys).bytes)
    }

    private func changed(_ entry: StreamEntry, _ change: (inout JSONObject) throws -> Void) throws
        -> StreamEntry
    {
        var members = try #require(try JSONValue(parsing: entry.bytes).object)
        try change(&members)
        return StreamEntry(position: entry.position, bytes: JSONValue.object(members).canonicalBytes())
    }

    private static func flip(_ members: inout JSONObject, _ name: String) throws {
        var bytes = try #require(members[name]?.string.flatMap(Base64URL.decode))
        bytes[bytes.count / 2] ^= 0x10
        members[name] = .string(Base64URL.encode(bytes))
    }
}

@Suite(
    "Messages that nobody may believe", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct ForgeryTests {
    /// J01, J02, J05, J06, J11, J15, J22.
    @Test(arguments: Forgery.allCases) func runsNothingOfAForgery(_ forgery: Forgery) async throws {
        try await House.run([.greeting]) { house in
            house.agent.kill()
            let id = try await house.install("greeting", ["who": "you"])
            let honest = try await house.downlink(number: 1)
            try await house.replaceDownlink(with: [forgery.entry(for: honest)])

            try house.agent.start()
            _ = try await house.agent.line(with: "reason=\(forgery.reason)")
            try await eventually("the reason at the API") {
                try await house.server()?["stuck"] == .string(forgery.reason)
            }

            // The panel sees that its message is not taken in and sends it again.
            #expect(try await house.end(of: id)["status"] == "succeeded")
            #expect(house.witness == ["began \(id) 1", "done \(id) 1"])
            #expect(try await house.jobs() == [id])
            try await eventually("an agent that is not stuck") { try await house.server()?["stuck"] == .null }
        }
    }

    @Test func runsNothingOfAReplay() async throws {
        try await House.run([.greeting]) { house in
            let first = try await house.install("greeting", ["who": "first"])
            let old = try await house.downlink(number: 1)
            _ = try await house.end(of: first)

            house.agent.kill()
            let second = try await house.install("greeting", ["who": "second"])
            _ = try await house.downlink(number: 2)
            let replay = StreamEntry(position: StreamPosition(epoch: 1, number: 2), bytes: old.bytes)
            try await house.replaceDownlink(with: [old, replay])
            try house.agent.start()
            _ = try await house.agent.line(with: "reason=replayed")

            #expect(try await house.end(of: second)["status"] == "succeeded")
            #expect(house.witness == [first, second].flatMap { ["began \($0) 1", "done \($0) 1"] })
        }
    }

    /// The panel's own key over another history, as of a panel that was set back: nothing starts until a person looks.
    @Test func startsNothingWhereThePanelsHistoryIsAnother() async throws {
        try await House.run([.greeting]) { house in
            _ = try await house.end(of: house.install("greeting", ["who": "first"]))
            house.agent.kill()
            let id = try await house.install("greeting", ["who": "second"])
            _ = try await house.downlink(number: 2)
            let position = StreamPosition(epoch: 1, number: 2)
            let head = ChainHead(genesis: .down, agent: Fixtures.agent, epoch: 1)
            let fork = Downlink(
                audience: Fixtures.agent, position: position, previous: head, content: .job(Fixtures.order()))
            try await house.replaceDownlink(with: [
                StreamEntry(position: position, bytes: fork.signed(with: Fixtures.keys[0]).bytes)
            ])
            try house.agent.start()
            _ = try await house.agent.line(with: "reason=forked")
            try await eventually("the halt at the API") { try await house.server()?["halted"] == "forked" }
            #expect(try await house.job(id)["status"] == "queued")
            #expect(house.witness.count == 2)
        }
    }

    /// Foreign bytes under the agent's own next numbers: it neither takes them for its own nor for a twin's.
    @Test func isNotTakenInByForgeriesUnderItsNextNumbers() async throws {
        try await House.run([.patient]) { house in
            let redis = try house.redisConnection()
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            house.agent.pause()
            house.panel.pause()
            _ = try await redis.command("DEL", "provision:up:agent-001")
            for number in 1...200 {
                _ = try await redis.command(
                    "XADD", "provision:up:agent-001", RedisArgument("1-\(number)"), "e", "{}")
            }
            house.agent.resume()
            house.panel.resume()
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
            #expect(try await house.server()?["halted"] == .null)
            #expect(try await house.server()?["quarantined"] == .null)
        }
    }

    /// Whoever can write to Redis can ring, beat and answer in anyone's name; it is all for nothing.
    @Test func heedsNoForgedBeatEventOrAcknowledgement() async throws {
        try await House.run([.patient]) { house in
            let redis = try house.redisConnection()
            let noise = RedisArgument((0...255).map { UInt8($0) })
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            for name in ["agent-001", "agent-666"] {
                _ = try await redis.command("SET", RedisArgument("provision:beat:\(name)"), noise, "EX", "45")
                _ = try await redis.command("XADD", RedisArgument("provision:ack:\(name)"), "*", "e", noise)
                _ = try await redis.command(
                    "XADD", RedisArgument("provision:up:\(name)"), "1-100000", "e", noise)
                _ = try await redis.command("PUBLISH", RedisArgument("provision:bell:\(name)"), "")
            }
            _ = try await redis.command(
                "PUBLISH", RedisArgument(Array("provision:bell:".utf8) + noise.bytes), noise)
            try house.openGate("go")
            #expect(try await house.end(of: id)["exit_code"] == 3)
            #expect(house.told("began", of: id) == 1)
            let servers = try await house.api.get("/api/servers").json["servers"]?.array
            #expect(servers?.count == 1)
            #expect(servers?.first?.object?["halted"] == .null)
        }
    }
}

extension House {
    private var down: RedisArgument { "provision:down:agent-001" }

    /// The panel's message of that number, once it is in the stream.
    func downlink(number: Int) async throws -> StreamEntry {
        let redis = try redisConnection()
        let id = RedisArgument("1-\(number)")
        return try await eventually("message \(number) in Redis") {
            guard case .array(let entries) = try await redis.command("XRANGE", down, id, id),
                case .array(let entry)? = entries.first,
                case .array(let fields)? = entry.last, case .string(let bytes)? = fields.last
            else { return nil }
            return StreamEntry(position: StreamPosition(epoch: 1, number: number), bytes: bytes)
        }
    }

    /// Puts other messages in the place of all that are in the stream.
    func replaceDownlink(with entries: [StreamEntry]) async throws {
        let link = try RedisJobQueue(url: redis.socketURL, name: "forger")
        try await link.restartDown(Fixtures.agent)
        let additions = try await link.send(entries.map { (Fixtures.agent, $0) })
        try #require(additions.allSatisfy { $0 == .added })
    }
}

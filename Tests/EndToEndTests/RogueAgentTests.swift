import ManifestKit
import RedisQueue
import SQLiteStore
import TestSupport
import Testing

@testable import JobKit

/// What an agent with its own valid key might claim.
enum Lie: String, CaseIterable, Sendable {
    case endWithoutClaim, beginningWithoutClaim, outputWithoutClaim, anotherAgentsJob, unknownJob,
        attemptOfTheFuture
    case anotherHistory, beginningWithoutPermit, outputWithAGap, outputFarAhead

    /// Whether it comes from an agent whose claim is answered.
    var hasPermit: Bool { self == .outputWithAGap || self == .outputFarAhead }

    /// Whether the panel knows the claim in the end.
    var isClaimed: Bool { hasPermit || self == .beginningWithoutPermit }

    func events(about job: AttemptID, of stranger: AttemptID) -> [AgentEvent] {
        let ended = AttemptResult(ending: .exited(code: 0), beganAt: Fixtures.time, endedAt: Fixtures.time)
        return switch self {
        case .endWithoutClaim: [.ended(job, ended)]
        case .beginningWithoutClaim: [.began(job, at: Fixtures.time)]
        case .outputWithoutClaim: [.log(job, [LogRecord(number: 1, at: Fixtures.time, bytes: [65])])]
        case .anotherAgentsJob: [.claimed(stranger)]
        case .unknownJob: [.claimed(AttemptID(job: Fixtures.jobID(9), number: 1))]
        case .attemptOfTheFuture: [.claimed(AttemptID(job: job.job, number: 2))]
        case .anotherHistory: [.claimed(job)]
        case .beginningWithoutPermit: [.claimed(job), .began(job, at: Fixtures.time)]
        case .outputWithAGap, .outputFarAhead:
            [
                .began(job, at: Fixtures.time),
                .log(
                    job,
                    [
                        LogRecord(
                            number: self == .outputFarAhead ? 1_000_000_000 : 2, at: Fixtures.time,
                            bytes: [65])
                    ]),
            ]
        }
    }
}

@Suite("An agent that lies", .timeLimit(.minutes(5))) struct RogueAgentTests {
    /// J30, J31.
    @Test(arguments: Lie.allCases) func isQuarantinedAndChangesNothing(_ lie: Lie) async throws {
        try await House.runPanel { house in
            try await house.announce(Fixtures.otherAgent)
            let id = try await house.install("greeting", ["who": "you"])
            let other = try await house.api.install("greeting", ["who": "me"], server: "agent-002").json[
                "job_id"]?.string
            let job = try #require(JobID(id)), stranger = try #require(other.flatMap(JobID.init))
            let attempt = AttemptID(job: job, number: 1)
            var head = ChainHead(
                genesis: lie == .anotherHistory ? .down : .up, agent: Fixtures.agent, epoch: 1)
            if lie.hasPermit {
                head = try await house.report([.claimed(attempt)], after: head)
                try await eventually("a claim") { try await house.job(id)["status"] == "running" }
            }
            try await house.report(
                lie.events(about: attempt, of: AttemptID(job: stranger, number: 1)),
                from: lie.hasPermit ? 2 : 1, after: head)
            try await eventually("a quarantine") {
                let servers = try await house.api.get("/api/servers").json["servers"]?.array?.compactMap(
                    \.object)
                return servers?.first { $0["server_id"] == "agent-001" }?["status"] == "quarantined"
            }
            let shown = try await house.job(id)
            #expect(shown["status"] == (lie.isClaimed ? "running" : "queued"))
            #expect(shown["began_at"] == .null || lie.hasPermit)
            #expect(shown["output"] == "")
            #expect(try await house.job(stranger.description)["status"] == "queued")
            try await house.panel.stop()
            let trail = try await house.withRecord { store in
                try await store.read { try $0.audit(after: 0, limit: 100) }
            }
            #expect(trail.last?.draft.action == "agent.protocol_violation")
            #expect(AuditEntry.firstBreak(in: trail) == nil)
        }
    }

    /// J31: the claim's answer does not help an event that is larger than any may be; the panel asks for another one.
    @Test func isNotHeardWithMoreThanAnEventHolds() async throws {
        try await House.runPanel { house in
            let id = try await house.install("greeting", ["who": "you"])
            let attempt = AttemptID(job: try #require(JobID(id)), number: 1)
            var head = ChainHead(genesis: .up, agent: Fixtures.agent, epoch: 1)
            head = try await house.report([.claimed(attempt), .claimed(attempt)], after: head)
            try await eventually("a claim") { try await house.job(id)["status"] == "running" }
            // Base64 in base64: what fits is 9/16 of the envelope.
            let text = [UInt8](repeating: 65, count: SignedEnvelope.maximumUp * 9 / 16)
            try await house.report(
                [.log(attempt, [LogRecord(number: 1, at: Fixtures.time, bytes: text)])], from: 3, after: head)
            _ = try await house.panel.line(with: "event is not to be believed")
            #expect(house.panel.output.contains("too_large"))
            #expect(try await house.job(id)["output"] == "")
            #expect(try await house.server()?["quarantined"] == .null)
        }
    }

    /// J29: one agent's key is worth that agent: under another's name it is noise.
    @Test func isNotHeardUnderAnothersName() async throws {
        try await House.runPanel { house in
            try await house.announce(Fixtures.otherAgent)
            let id = try await house.install("greeting", ["who": "you"])
            let attempt = AttemptID(job: try #require(JobID(id)), number: 1)
            let ended = AttemptResult(
                ending: .exited(code: 0), beganAt: Fixtures.time, endedAt: Fixtures.time)
            try await house.report(
                [.claimed(attempt), .began(attempt, at: Fixtures.time), .ended(attempt, ended)],
                after: ChainHead(genesis: .up, agent: Fixtures.agent, epoch: 1),
                keys: Fixtures.keyring.keys(for: Fixtures.otherAgent)[0])
            _ = try await house.panel.line(with: "event is not to be believed")
            #expect(try await house.job(id)["status"] == "queued")
            let servers = try await house.api.get("/api/servers").json["servers"]?.array?.compactMap(\.object)
            #expect(servers?.allSatisfy { $0["quarantined"] == .null } == true)
        }
    }
}

extension House {
    /// Puts events into an agent's stream and rings.
    ///
    /// - Returns: the head of their chain.
    @discardableResult
    func report(
        _ events: [AgentEvent], of agent: AgentID = Fixtures.agent, from number: Int = 1,
        after head: ChainHead, keys: AgentKeys = Fixtures.keys[0]
    ) async throws -> ChainHead {
        var head = head
        let entries = events.enumerated().map { index, event in
            let position = StreamPosition(epoch: 1, number: number + index)
            let payload = Uplink(
                agent: agent, position: position, previous: head, session: Fixtures.session,
                event: event
            ).payload
            head = ChainHead(after: payload)
            return StreamEntry(
                position: position, bytes: SignedEnvelope(signing: payload, kind: .event, keys: keys).bytes)
        }
        let link = try RedisJobQueue(url: redis.socketURL, name: "rogue").link(for: agent)
        _ = try await link.report(entries)
        return head
    }
}

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
    case anotherHistory, outputWithAGap

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
        case .outputWithAGap:
            [
                .claimed(job), .began(job, at: Fixtures.time),
                .log(job, [LogRecord(number: 2, at: Fixtures.time, bytes: [65])]),
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
            try await house.report(
                lie.events(about: AttemptID(job: job, number: 1), of: AttemptID(job: stranger, number: 1)),
                after: lie == .anotherHistory
                    ? ChainHead(genesis: .down, agent: Fixtures.agent, epoch: 1)
                    : ChainHead(genesis: .up, agent: Fixtures.agent, epoch: 1))
            try await eventually("a quarantine") {
                let servers = try await house.api.get("/api/servers").json["servers"]?.array?.compactMap(
                    \.object)
                return servers?.first { $0["server_id"] == "agent-001" }?["status"] == "quarantined"
            }
            let shown = try await house.job(id)
            #expect(shown["status"] == (lie == .outputWithAGap ? "running" : "queued"))
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
    /// Puts events into an agent's stream, numbered from 1, and rings.
    func report(
        _ events: [AgentEvent], of agent: AgentID = Fixtures.agent, after head: ChainHead,
        keys: AgentKeys = Fixtures.keys[0]
    ) async throws {
        var head = head
        let entries = events.enumerated().map { index, event in
            let position = StreamPosition(epoch: 1, number: index + 1)
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
    }
}

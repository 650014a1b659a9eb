import ManifestKit
import OpenSSLCrypto
import TestSupport
import Testing
import ValidationKit

@testable import JobKit

/// What operators decide about jobs and servers, on the panel's record alone.
@Suite("What an operator decides") struct ControlTests {
    private let store = MemoryJobStore()
    private let folder: TemporaryDirectory
    private let application: Application

    init() throws {
        folder = try TemporaryDirectory()
        application = try Fixtures.application(in: folder.path)
    }

    private func desk(
        _ keyring: Keyring = Fixtures.keyring, queueLimit: Int = JobDesk.standardQueueLimit
    ) -> JobDesk {
        JobDesk(
            store: store, keyring: keyring, queueLimit: queueLimit, now: { Fixtures.time },
            random: { try RandomBytes.generate($0) }, onAccepted: { _ in })
    }

    private func servers() -> ServerDesk {
        ServerDesk(store: store, now: { Fixtures.time }, onChanged: { _ in })
    }

    private func meetAgent() async throws {
        try await store.write {
            try $0.save(
                AgentRecord(
                    id: Fixtures.agent, firstSeenAt: Fixtures.time, session: "s",
                    facts: ["os_id": "debian", "os_version": "12", "arch": "x86_64"]))
        }
    }

    private func submit(
        _ desk: JobDesk,
        _ inputs: RawInputs = ["server_name": .text("a.b"), "secret": .text("one password")],
        key: String? = nil, rerunOf: JobID? = nil
    ) async throws -> JobDesk.Answer {
        try await desk.submit(
            JobDesk.Request(
                application: application, contentDigest: try application.installer.contentDigest(),
                agent: Fixtures.agent, inputs: inputs, actor: "token:test",
                idempotencyKey: key.map { IdempotencyKey($0, of: inputs) }, rerunOf: rerunOf))
    }

    private func accepted(_ answer: JobDesk.Answer) throws -> JobRecord {
        guard case .accepted(let job, _) = answer else {
            throw Unexpected(description: "\(answer)")
        }
        return job
    }

    private struct Unexpected: Error, CustomStringConvertible { let description: String }

    private func job(_ id: JobID) async throws -> JobRecord {
        try #require(try await store.read { try $0.job(id) })
    }

    private func apply(_ event: JobEvent, to id: JobID) async throws {
        let job = try await job(id)
        _ = try await store.write { try $0.apply(event, to: job, actor: "agent", at: Fixtures.time) }
    }

    // MARK: - Jobs

    @Test func takesNoMoreJobsThanTheQueueHolds() async throws {
        try await meetAgent()
        let desk = desk(queueLimit: 2)
        let first = try accepted(try await submit(desk))
        _ = try accepted(try await submit(desk, key: "k"))
        guard case .queueFull(limit: 2) = try await submit(desk) else {
            throw Unexpected(description: "a third job was accepted")
        }
        guard case .repeated = try await submit(desk, key: "k") else {
            throw Unexpected(description: "a repetition counts as a new job")
        }
        _ = try await desk.cancel(first.id, actor: "ops")
        _ = try accepted(try await submit(desk))
        #expect(try await store.read { try $0.jobs(JobQuery()).count } == 3)
    }

    @Test func givesAJobUpByNameAndHasTheAgentCallItOff() async throws {
        try await meetAgent()
        let id = try accepted(try await submit(desk())).id
        try await apply(.claimed(attempt: 1), to: id)
        let given = try #require(try await desk().abandon(id, operator: "alice", note: "the server burnt"))
        #expect(given.state == .failed)
        #expect(given.reason == .abandoned)
        #expect(given.detail == "given up by alice: the server burnt")
        let last = try #require(try await store.read { try $0.audit(after: 0, limit: 99).last })
        #expect(last.draft.actor == "operator:alice")
        #expect(try await store.read { try $0.outbox(of: Fixtures.agent, after: 0, limit: 9).count } == 2)

        try await apply(.finished(attempt: 1, .sample(.exited(code: 0))), to: id)
        #expect(try await job(id) == given)
    }

    @Test func runsAgainWithTheSecretsThatWereKept() async throws {
        try await meetAgent()
        let first = try accepted(try await submit(desk()))
        try await apply(.claimed(attempt: 1), to: first.id)
        try await apply(.began(attempt: 1, at: Fixtures.time), to: first.id)
        try await apply(.finished(attempt: 1, .sample(.exited(code: 1))), to: first.id)
        let answers = try await desk().answers(
            of: try await job(first.id), to: application.manifest.inputs, replacedBy: [:])
        let second = try accepted(try await submit(desk(), answers, rerunOf: first.id))
        #expect(second.rerunOf == first.id)
        #expect(second.inputs == first.inputs)
        let sealed = try #require(second.sealed["secret"])
        let secret = try Fixtures.keys[0].sealer.open(
            sealed, input: "secret", job: second.id, application: "demo")
        #expect(secret.reveal() == "one password")
        #expect(throws: CryptoError.self, "sealed for another job") {
            _ = try Fixtures.keys[0].sealer.open(
                sealed, input: "secret", job: first.id, application: "demo")
        }
    }

    /// A client that got no answer asks again; the key that was given meanwhile stays good.
    @Test func revokesOnce() async throws {
        try await meetAgent()
        let first = try #require(try await servers().revoke(Fixtures.agent, actor: "ops"))
        let again = try #require(try await servers().revoke(Fixtures.agent, actor: "ops"))
        #expect(first.keyGeneration == 2)
        #expect(again == first)
    }

    @Test func keepsTheNoteOfAPauseThatIsAskedForAgain() async throws {
        try await meetAgent()
        _ = try await servers().pause(Fixtures.agent, note: "kernel update", actor: "ops")
        let again = try await servers().pause(Fixtures.agent, note: nil, actor: "ops")
        #expect(again?.pause?.note == "kernel update")
    }

    @Test func runsAgainWithWhatIsGivenAnew() async throws {
        try await meetAgent()
        let first = try accepted(try await submit(desk()))
        _ = try await desk().cancel(first.id, actor: "ops")
        let answers = try await desk().answers(
            of: try await job(first.id), to: application.manifest.inputs.filter(\.isSensitive),
            replacedBy: ["server_name": .text("c.d")])
        #expect(answers.entries.map(\.name) == ["secret", "server_name"])
    }

    /// What was sealed stays so: today's manifest may call it no secret any more, under its name or another.
    @Test(arguments: [
        ("type: password", "type: string"), ("name: secret", "name: hint\n    aliases: [secret]"),
    ])
    func asksAgainForASecretThatIsNoneToday(_ old: String, _ new: String) async throws {
        try await meetAgent()
        let first = try accepted(try await submit(desk()))
        _ = try await desk().cancel(first.id, actor: "ops")
        let other = try TemporaryDirectory()
        let manifest = Fixtures.manifest.replacing(old, with: new).replacing(
            "type: password", with: "type: string")
        let today = try Fixtures.application(in: other.path, manifest: manifest)
        let answers = try await desk().answers(
            of: try await job(first.id), to: today.manifest.inputs, replacedBy: [:])
        #expect(answers.entries.map(\.name) == ["server_name"])
    }

    /// The root secret may change between a request and its repetition.
    @Test func knowsARequestAgainUnderANewRoot() async throws {
        try await meetAgent()
        let old = Fixtures.rootKey
        let new = try #require(RootKey([UInt8](repeating: 7, count: 32)))
        let first = try accepted(try await submit(desk(Keyring(old)), key: "k"))
        guard case .repeated(let again) = try await submit(desk(Keyring(new, previous: old)), key: "k") else {
            throw Unexpected(description: "not known again")
        }
        #expect(again.id == first.id)
        let other: RawInputs = ["server_name": .text("a.b"), "secret": .text("two password")]
        guard case .keyConflict = try await submit(desk(Keyring(new, previous: old)), other, key: "k") else {
            throw Unexpected(description: "another request under the same key")
        }
    }

    // MARK: - Servers

    @Test func keepsThePauseOfTheFirstWhoAskedAndItsLastNote() async throws {
        try await meetAgent()
        _ = try await servers().pause(Fixtures.agent, note: "kernel", actor: "ops")
        let paused = try #require(try await servers().pause(Fixtures.agent, note: "disk", actor: "ops"))
        #expect(paused.pause == AgentRecord.Pause(at: Fixtures.time, note: "disk"))
        _ = try accepted(try await submit(desk()))
        #expect(try await servers().resume(Fixtures.agent, actor: "ops")?.pause == nil)
        #expect(try await servers().resume(Fixtures.otherAgent, actor: "ops") == nil)
        let actions = try await store.read { try $0.audit(after: 0, limit: 99).map(\.draft.action) }
        #expect(actions == ["agent.paused", "agent.paused", "job.accepted", "agent.resumed"])
    }

    @Test func refusesWhatWaitsForARevokedAgentAndLeavesWhatRuns() async throws {
        try await meetAgent()
        let running = try accepted(try await submit(desk())).id
        try await apply(.claimed(attempt: 1), to: running)
        let queued = try accepted(try await submit(desk())).id
        let revoked = try #require(try await servers().revoke(Fixtures.agent, actor: "ops"))
        #expect(!revoked.isTrusted)
        #expect(revoked.keyGeneration == 2)
        #expect(revoked.epoch > 1)
        #expect(try await job(queued).reason == .revoked)
        #expect(try await job(running).state == .running)
        #expect(try await store.read { try $0.outbox(of: Fixtures.agent, after: 0, limit: 9) } == [])
        guard case .revokedServer = try await submit(desk()) else {
            throw Unexpected(description: "a job for a revoked server was accepted")
        }
        #expect(try await desk().abandon(running, operator: "bob", note: "revoked")?.state == .failed)
    }

    // MARK: - Keys

    /// Anyone who reaches the wire can make names up.
    @Test func keepsNoKeysOfNamesThatAreNoAgents() {
        let ring = Keyring(Fixtures.rootKey)
        for number in 1...9 { _ = ring.keys(for: .sample("agent-\(number)")) }
        #expect(ring.keptCount == 0)
        let agent = AgentRecord(id: Fixtures.agent, firstSeenAt: Fixtures.time, session: "s", facts: [:])
        #expect(ring.keys(for: agent).map(\.id) == ring.keys(for: agent.id).map(\.id))
        #expect(ring.keptCount == 1)
    }

    @Test func speaksToAnAgentUnderTheKeyThatItSpeaksUnder() throws {
        let new = try #require(RootKey([UInt8](repeating: 7, count: 32)))
        let ring = Keyring(new, previous: Fixtures.rootKey)
        var agent = AgentRecord(id: Fixtures.agent, firstSeenAt: Fixtures.time, session: "s", facts: [:])
        let (newID, oldID) = (new.keys(for: agent.id).id, Fixtures.rootKey.keys(for: agent.id).id)
        #expect(ring.signing(agent).id == newID)
        agent.keyID = oldID
        #expect(ring.signing(agent).id == oldID)
        #expect(Keyring(new).signing(agent).id == newID, "a root that is gone signs nothing")
        agent.keyGeneration = 2
        #expect(!ring.keys(for: agent).map(\.id).contains(oldID))
    }
}

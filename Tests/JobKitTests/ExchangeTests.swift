import JobKit
import Synchronization
import TestSupport
import Testing
import ValidationKit

@Suite("The exchange, panel to agent and back, in memory", .timeLimit(.minutes(1)))
struct ExchangeTests {
    private func finalJob(_ house: MemoryHouse, _ id: JobID) async -> JobRecord {
        await house.changes.first { $0.id == id && $0.state.isFinal }
    }

    private func accepted(_ answer: JobDesk.Answer) throws -> JobRecord {
        guard case .accepted(let job, _) = answer else { throw Unexpected(answer: "\(answer)") }
        return job
    }

    private struct Unexpected: Error { let answer: String }

    @Test func runsAJobToItsEnd() async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        let house = MemoryHouse(script: MemoryHouse.script(exit: 0))
        try await house.run {
            let job = try accepted(try await house.submit(application, ["server_name": .text("example.com")]))
            let final = await finalJob(house, job.id)
            #expect(final.state == .succeeded)
            #expect(final.exitCode == 0)
            let log = try await house.store.read {
                try $0.log(of: final.attempt.id, afterRecord: 0, limit: 10)
            }
            #expect(log.map { String(decoding: $0.bytes, as: UTF8.self) } == ["hello\n"])
            let trail = try await house.store.read { try $0.audit(after: 0, limit: 100) }
            #expect(
                trail.map(\.draft.action) == [
                    "agent.first_seen", "job.accepted", "job.claimed", "job.began", "job.finished",
                ])
            #expect(AuditEntry.firstBreak(in: trail) == nil)
        }
        #expect(house.host.started.count == 1)
    }

    /// However often the server is asked meanwhile: one claim more, for a permit of this minute.
    @Test func claimsAStartThatWasPutOffOnceMore() async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        let asked = Atomic(0)
        let house = MemoryHouse(
            readiness: { _ in
                await Task.yield()
                return asked.add(1, ordering: .relaxed).newValue > 20
            }, script: MemoryHouse.script(exit: 0))
        try await house.run {
            let job = try accepted(try await house.submit(application, ["server_name": .text("example.com")]))
            #expect(await finalJob(house, job.id).state == .succeeded)
            let trail = try await house.store.read { try $0.audit(after: 0, limit: 100) }
            let claims = trail.map(\.draft).filter {
                $0.action == "job.claimed" || $0.detail["event"] == "claimed"
            }
            #expect(claims.map(\.action) == ["job.claimed", "job.late"])
        }
        #expect(asked.load(ordering: .relaxed) > 20)
        #expect(house.host.started.count == 1)
    }

    /// What is called off while its start waits never begins, and does not wait any longer.
    @Test func callsOffAStartThatIsPutOff() async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        let house = MemoryHouse(
            readiness: { _ in
                await Task.yield()
                return false
            }, script: MemoryHouse.script(exit: 0))
        try await house.run {
            let putOff = house.agentEvents
            async let isPutOff = putOff.first { if case .postponed = $0 { true } else { false } }
            let job = try accepted(try await house.submit(application, ["server_name": .text("example.com")]))
            _ = await isPutOff
            _ = try await house.desk.cancel(job.id, actor: "token:test")
            let final = await finalJob(house, job.id)
            #expect(final.state == .cancelled && final.reason == .beforeStart)
        }
        #expect(house.host.started.isEmpty)
    }

    @Test func knowsARequestAgainThoughAPasswordWasMadeForIt() async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(
            in: folder.path,
            manifest: """
                schema_version: 1
                id: demo
                name: Demo
                version: "1"
                inputs: [{name: admin_password, type: password, generate: {kind: password, length: 20}}]
                """)
        let house = MemoryHouse(script: MemoryHouse.script(exit: 0))
        try await house.run {
            let job = try accepted(try await house.submit(application, [:], key: "k"))
            #expect(Set(job.sealed.keys) == ["admin_password"])
            guard case .repeated(let again) = try await house.submit(application, [:], key: "k") else {
                Issue.record("the same request was taken for another")
                return
            }
            #expect(again.id == job.id)
            let given: RawInputs = ["admin_password": .text("one of their own")]
            guard case .keyConflict = try await house.submit(application, given, key: "k") else {
                Issue.record("another request was taken for the same")
                return
            }
        }
    }

    @Test(arguments: [(1, JobState.failed), (3, .failed), (2, .waiting)])
    func endsAsTheExitCodeSays(code: Int, state: JobState) async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        let house = MemoryHouse(script: MemoryHouse.script(exit: code))
        try await house.run {
            let job = try accepted(try await house.submit(application, ["server_name": .text("example.com")]))
            let ended = await house.changes.first { $0.id == job.id && $0.attempt.phase == .ended }
            #expect(ended.state == state)
            #expect(ended.exitCode == code)
        }
    }

    /// A secret is kept beyond the job's end only where the manifest retains it, and until a later success.
    @Test(arguments: ["while_installed", "never"])
    func sealsSecretsAndForgetsThem(retain: String) async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(
            in: folder.path,
            manifest: Fixtures.manifest.replacing(
                "type: password", with: "type: password\n    retain: \(retain)"))
        let opened = Broadcast<String>()
        let house = MemoryHouse { job throws(Refusal) in
            let order = job.order
            let sealer = Fixtures.keys[0].sealer
            for (name, sealed) in order.sealed {
                let secret = try? sealer.open(
                    sealed, input: name, job: order.attempt.job, application: order.application)
                opened.tell(secret?.reveal() ?? "does not open")
            }
            return try await MemoryHouse.script(exit: 0)(job)
        }
        try await house.run {
            let job = try accepted(
                try await house.submit(
                    application, ["server_name": .text("a.b"), "secret": .text("pass word \\ \" 🔑")]))
            #expect(job.inputs == ["server_name": "a.b"])
            #expect(job.sealed.keys.sorted() == ["secret"])
            #expect(await opened.first { _ in true } == "pass word \\ \" 🔑")
            #expect(await finalJob(house, job.id).sealed.isEmpty == (retain == "never"))
            let next = try accepted(try await house.submit(application, ["server_name": .text("a.b")]))
            #expect(await finalJob(house, next.id).state == .succeeded)
            #expect(try await house.store.read { try $0.job(job.id) }?.sealed.isEmpty == true)
        }
    }

    @Test func acceptsTheSameRequestOnce() async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        let house = MemoryHouse(script: MemoryHouse.script(exit: 0))
        try await house.run {
            let inputs: RawInputs = ["server_name": .text("a.b"), "secret": .text("one password")]
            let job = try accepted(try await house.submit(application, inputs, key: "k1"))
            guard case .repeated(let again) = try await house.submit(application, inputs, key: "k1") else {
                Issue.record("the repetition was not recognised")
                return
            }
            #expect(again.id == job.id)
            let other: RawInputs = ["server_name": .text("a.b"), "secret": .text("two password")]
            guard case .keyConflict = try await house.submit(application, other, key: "k1") else {
                Issue.record("another request under the same key was not refused")
                return
            }
            #expect(try await house.store.read { try $0.jobs(JobQuery()).count } == 1)
        }
    }

    /// A restored panel waits for what the archive tells; one that fails for a moment is asked again.
    @Test func tellsItsPastThoughTheArchiveFailsAtFirst() async throws {
        let house = MemoryHouse(
            journal: JournalWithFailingArchive(failures: 2), script: MemoryHouse.script(exit: 0))
        try await house.run {
            try await house.store.write {
                _ = try $0.beginNewEpochs(at: Fixtures.time.advanced(bySeconds: 60))
            }
            try await eventually("an agent that has told its past") {
                try await house.ingestor.acknowledge(try await house.store.read { try $0.agents() })
                return try await house.store.read { try $0.agent(Fixtures.agent)?.recoveringSince == nil }
            }
        }
    }

    @Test func refusesUnknownServersAndWrongInputsWithoutATrace() async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        let house = MemoryHouse(script: MemoryHouse.script(exit: 0))
        try await house.run {
            guard
                case .unknownServer = try await house.submit(
                    application, ["server_name": .text("a")], agent: Fixtures.otherAgent)
            else {
                Issue.record("an unknown server was accepted")
                return
            }
            guard
                case .invalid(let violations) = try await house.submit(
                    application, ["server_name": .text("A;b"), "x": .text("y")])
            else {
                Issue.record("wrong inputs were accepted")
                return
            }
            #expect(violations.map(\.field) == ["server_name", "x"])
            #expect(try await house.store.read { try $0.jobs(JobQuery()).count } == 0)
            #expect(try await house.store.read { try $0.audit(after: 0, limit: 10).count } == 1)
        }
    }

    @Test func losesNothingWhenTheWireForgetsEverything() async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        let house = MemoryHouse { job in [.began(at: Fixtures.time)] }
        try await house.run {
            let job = try accepted(try await house.submit(application, ["server_name": .text("a.b")]))
            _ = await house.changes.first { $0.id == job.id && $0.attempt.phase == .began }
            house.queue.flush()
            let result = AttemptResult(
                ending: .exited(code: 0), beganAt: Fixtures.time, endedAt: Fixtures.time)
            house.host.tell(.ended(result), of: job.attempt.id)
            #expect(await finalJob(house, job.id).state == .succeeded)
        }
        #expect(house.host.started.count == 1)
    }

    @Test func refusesWhatTheHostTurnsAway() async throws {
        let folder = try TemporaryDirectory()
        let application = try Fixtures.application(in: folder.path)
        let house = MemoryHouse { _ throws(Refusal) in
            throw Refusal(.digestMismatch, "the script was changed")
        }
        try await house.run {
            let job = try accepted(try await house.submit(application, ["server_name": .text("a.b")]))
            let final = await finalJob(house, job.id)
            #expect(final.state == .refused)
            #expect(final.reason == .digestMismatch)
            #expect(final.detail == "the script was changed")
        }
    }
}

/// A journal whose archive cannot be read at first.
private final class JournalWithFailingArchive: AgentJournal {
    private let journal = MemoryAgentJournal()
    private let failures: Mutex<Int>

    init(failures: Int) { self.failures = Mutex(failures) }

    func load() async throws(JournalError) -> [JournalEntry] { try await journal.load() }
    func append(_ entries: [JournalEntry]) async throws(JournalError) { try await journal.append(entries) }
    func note(_ entry: JournalEntry) async throws(JournalError) { try await journal.note(entry) }
    func replace(with entries: [JournalEntry], archiving past: [AttemptSummary]) async throws(JournalError) {
        try await journal.replace(with: entries, archiving: past)
    }

    func archive() async throws(JournalError) -> [AttemptSummary] {
        let isFailing = failures.withLock { failures in
            failures -= 1
            return failures >= 0
        }
        guard !isFailing else { throw JournalError("the archive cannot be read") }
        return try await journal.archive()
    }
}

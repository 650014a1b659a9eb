import GRDB
import Glibc
import JobKit
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("Restoring the record") struct RestoreTests {
    let folder: TemporaryDirectory
    let path: String
    let backup: String
    let moment = JobRecord.sampleStart.advanced(bySeconds: 1000)

    init() async throws {
        folder = try TemporaryDirectory()
        path = folder.path("panel.sqlite")
        backup = folder.path("backup.sqlite")
        let store = try SQLiteJobStore(path: path)
        try await store.write { store in
            let agent = AgentRecord(
                id: .sample("agent-001"), firstSeenAt: JobRecord.sampleStart, session: "s", facts: [:])
            try store.save(agent)
            try store.insert(.sample(1))
            try store.append(
                OutboxEntry(agent: agent.id, position: StreamPosition(epoch: 1, number: 1), envelope: [1]))
        }
        // What the log holds belongs to it.
        let source = try DatabaseQueue(path: path)
        let copy = try DatabaseQueue(path: backup)
        try source.backup(to: copy)
        try await store.write { try $0.insert(.sample(2)) }
        try source.close()
        try copy.close()
        try store.close()
    }

    @Test func putsTheBackupInPlaceAndBeginsNewEpochs() async throws {
        let done = try SQLiteJobStore.restore(backup, to: path, at: moment)
        #expect(done.agents == 1)
        let replaced = try #require(done.replaced)
        let store = try SQLiteJobStore(path: path)
        try await store.read { [moment] store throws in
            #expect(try store.jobs(JobQuery()).map(\.id) == [JobRecord.sample(1).id])
            let agent = try #require(try store.agent(.sample("agent-001")))
            #expect(agent.epoch == Int(moment.milliseconds / 1000))
            #expect(agent.recoveringSince == moment)
            #expect(agent.cursor == 0 && agent.lastSent == 0)
            #expect(try store.outbox(of: agent.id, after: 0, limit: 9) == [])
            #expect(try store.audit(after: 0, limit: 9).last?.draft.action == "panel.restored")
        }
        let old = try SQLiteJobStore(path: replaced)
        #expect(try await old.read { try $0.jobs(JobQuery()).count } == 2)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func restoresWhereTheRecordIsGone() async throws {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        #expect(throws: StoreError.self) { try SQLiteJobStore(path: path) }
        #expect(try SQLiteJobStore.restore(backup, to: path, at: moment).replaced == nil)
        #expect(try await SQLiteJobStore(path: path).read { try $0.jobs(JobQuery()).count } == 1)
    }

    /// What was set aside in the same second is not overwritten.
    @Test func setsEachRecordAsideUnderANameOfItsOwn() async throws {
        let first = try #require(try SQLiteJobStore.restore(backup, to: path, at: moment).replaced)
        let second = try #require(try SQLiteJobStore.restore(backup, to: path, at: moment).replaced)
        #expect(first != second)
        #expect(try await SQLiteJobStore(path: first).read { try $0.jobs(JobQuery()).count } == 2)
        #expect(try await SQLiteJobStore(path: second).read { try $0.jobs(JobQuery()).count } == 1)
    }

    /// Two restorations of one backup are two histories.
    @Test func namesEachEpochByItsSecond() async throws {
        _ = try SQLiteJobStore.restore(backup, to: path, at: moment)
        _ = try SQLiteJobStore.restore(backup, to: path, at: moment.advanced(bySeconds: 5))
        let agent = try await SQLiteJobStore(path: path).read { try $0.agent(.sample("agent-001")) }
        #expect(agent?.epoch == Int(moment.milliseconds / 1000) + 5)
    }

    @Test func leavesTheRecordAloneWhereTheBackupIsNone() async throws {
        let file = folder.path("letter.txt")
        try Fixtures.write("Dear panel", to: file)
        let others = [file, folder.path("nothing.sqlite"), folder.path("")]
        for other in others {
            #expect(throws: StoreError.self, "\(other)") {
                try SQLiteJobStore.restore(other, to: path, at: moment)
            }
        }
        #expect(try await SQLiteJobStore(path: path).read { try $0.jobs(JobQuery()).count } == 2)
        #expect(try Fixtures.read(file) == "Dear panel")
    }

    /// The record is lost, and its log is not: nothing of it may get into the restored one.
    @Test func restoresBesideALogThatWasLeft() async throws {
        let store = try SQLiteJobStore(path: path)
        try await store.write { try $0.insert(.sample(3)) }
        // As a process leaves it that dies: the log still holds what was written last.
        let log = try contents(of: path + "-wal")
        #expect(!log.isEmpty)
        try store.close()
        try Fixtures.write(log, to: path + "-wal")
        unlink(path)
        let done = try SQLiteJobStore.restore(backup, to: path, at: moment)
        let restored = try SQLiteJobStore(path: path)
        #expect(try await restored.read { try $0.jobs(JobQuery()).map(\.id) } == [JobRecord.sample(1).id])
        #expect(try contents(of: try #require(done.replaced) + "-wal") == log)
    }

    /// A backup may be on a disk that cannot be written to, and have a log.
    @Test func writesNothingToTheBackupOrBesideIt() async throws {
        let copy = try TemporaryDirectory()
        let store = try SQLiteJobStore(path: path)
        for suffix in ["", "-wal"] {
            try Fixtures.write(contents(of: path + suffix), to: copy.path("b.sqlite") + suffix)
        }
        try store.close()
        let before = try contents(of: copy.path("b.sqlite"))
        _ = try SQLiteJobStore.restore(copy.path("b.sqlite"), to: path, at: moment)
        #expect(try await SQLiteJobStore(path: path).read { try $0.jobs(JobQuery()).count } == 2)
        #expect(try contents(of: copy.path("b.sqlite")) == before)
        #expect(access(copy.path("b.sqlite-shm"), F_OK) != 0)
    }

    @Test func refusesAnEmptyBackup() async throws {
        try Fixtures.write("", to: folder.path("empty.sqlite"))
        let error = #expect(throws: StoreError.self) {
            try SQLiteJobStore.restore(folder.path("empty.sqlite"), to: path, at: moment)
        }
        #expect(error?.message.contains("or it is empty") == true)
        #expect(try await SQLiteJobStore(path: path).read { try $0.jobs(JobQuery()).count } == 2)
    }

    /// Root restores it, and the panel's own user opens it.
    @Test(.enabled(if: geteuid() == 0, "needs root")) func leavesTheRecordToTheOwnerOfItsFolder() throws {
        #expect(chown(folder.path, 65_534, 65_534) == 0)
        _ = try SQLiteJobStore.restore(backup, to: path, at: moment)
        for file in [path, path + ".lock"] {
            var status = stat()
            #expect(stat(file, &status) == 0 && status.st_uid == 65_534 && status.st_gid == 65_534)
        }
    }

    @Test func keepsWhatWasDecidedAgainstAgentsSince() async throws {
        let store = try SQLiteJobStore(path: path)
        try await store.write { [moment] store in
            var agent = try #require(try store.agent(.sample("agent-001")))
            (agent.revokedAt, agent.keyGeneration) = (moment, 2)
            try store.save(agent)
        }
        try store.close()
        #expect(try SQLiteJobStore.restore(backup, to: path, at: moment).keepsDecisions)
        let agent = try await SQLiteJobStore(path: path).read { try $0.agent(.sample("agent-001")) }
        #expect(agent?.revokedAt == moment)
        #expect(agent?.keyGeneration == 2)
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        #expect(try !SQLiteJobStore.restore(backup, to: path, at: moment).keepsDecisions)
    }

    @Test func keepsWhatWasCalledOffSince() async throws {
        let store = try SQLiteJobStore(path: path)
        try await store.write { [moment] store in
            for number in 1...2 {
                let job = try #require(try store.job(JobRecord.sample(number).id))
                guard case .changed(let next) = try job.applying(.cancelRequested, at: moment) else { return }
                try store.update(next, from: job)
            }
            // One that runs, and is being called off.
            try store.insert(
                try JobRecord.sample(3, request: RequestStamp(key: "k", digest: "d"))
                    .after(.claimed(attempt: 1), .began(attempt: 1, at: moment), .cancelRequested))
        }
        try store.close()
        _ = try SQLiteJobStore.restore(backup, to: path, at: moment)
        let jobs = try await SQLiteJobStore(path: path).read { try $0.jobs(JobQuery()) }
        #expect(
            jobs.map(\.id) == (1...3).reversed().map { JobRecord.sample($0).id },
            "also what the backup lacks")
        for job in jobs.dropFirst() { #expect(job.state == .cancelled && job.reason == .beforeStart) }
        let last = try #require(jobs.first)
        #expect(last.state == .running && last.cancelRequestedAt != nil && last.request?.key == "k")
    }

    /// A restoration was killed before it had read anything: what it left is a copy of its backup, and decides nothing.
    @Test func knowsNoDecisionsOfACopyThatWasNotFinished() throws {
        for suffix in StoreFile.all { unlink(path + suffix) }
        try StoreFile.copy(backup, to: path + ".restoring")
        #expect(try !SQLiteJobStore.restore(backup, to: path, at: moment).keepsDecisions)
    }

    @Test func leavesAloneWhatItMadeItself() throws {
        for name in [path + ".restoring", path + ".restored"] {
            try StoreFile.copy(backup, to: name)
            let error = #expect(throws: StoreError.self) {
                try SQLiteJobStore.restore(name, to: path, at: moment)
            }
            #expect(error?.message.contains("name the backup itself") == true)
            #expect(try StoreFile.size(of: name) == StoreFile.size(of: backup))
        }
    }

    /// As a copy is of a record whose name was mistyped.
    @Test func refusesADatabaseWithNothingInIt() async throws {
        let empty = folder.path("empty.sqlite")
        let database = try DatabaseQueue(path: empty)
        try await database.vacuum()
        try await database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 1") }
        try database.close()
        #expect(try StoreFile.size(of: empty) > 0)
        let error = #expect(throws: StoreError.self) {
            try SQLiteJobStore.restore(empty, to: path, at: moment)
        }
        #expect(error?.message.contains("nothing in it") == true)
        #expect(try await SQLiteJobStore(path: path).read { try $0.jobs(JobQuery()).count } == 2)
    }

    @Test func waitsForNoRunningPanel() throws {
        let store = try SQLiteJobStore(path: path)
        let error = #expect(throws: StoreError.self) {
            try SQLiteJobStore.restore(backup, to: path, at: moment)
        }
        #expect(error?.code == .inUse)
        try store.close()
    }
}

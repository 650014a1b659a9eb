import Glibc
import JobKit
import SQLiteStore
import TestSupport
import Testing

@Suite("What the record survives") struct DurabilityTests {
    let folder: TemporaryDirectory
    let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path("panel.sqlite")
    }

    @Test("keeps what was written though the process is killed at once (G1)", .timeLimit(.minutes(1)))
    func survivesAKill() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try SQLiteJobStore(path: path)
            for number in 1...20 { try await store.write { try $0.insert(.sample(number)) } }
            kill(getpid(), SIGKILL)
        }
        #expect(try await jobs() == Set(1...20))
    }

    /// Each writer notes what it was told; the process dies in the midst of commits.
    @Test("keeps what 16 writers were told is written though the process is killed", .timeLimit(.minutes(1)))
    func survivesAKillUnderLoad() async throws {
        let witness = folder.path("witness")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, witness = witness as String] in
            let store = try SQLiteJobStore(path: path)
            let notes = open(witness, O_CREAT | O_WRONLY | O_APPEND, 0o600)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<16 {
                    group.addTask {
                        for number in 0..<1000 {
                            let job = JobRecord.sample(writer * 1000 + number)
                            try await store.write { try $0.insert(job) }
                            write(notes, [UInt8(writer), UInt8(number >> 8), UInt8(number & 255)], 3)
                            if writer == 7, number == 40 { kill(getpid(), SIGKILL) }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        let notes = try contents(of: witness)
        let told = stride(from: 0, to: notes.count - 2, by: 3).map { place -> Int in
            let (high, low) = (Int(notes[place + 1]), Int(notes[place + 2]))
            return Int(notes[place]) * 1000 + high * 256 + low
        }
        #expect(Set(told).count > 40)
        #expect(try await jobs().isSuperset(of: told))
    }

    /// A write beyond the limit of a file's size fails as on a broken disk.
    @Test("takes no more writes once the disk has failed, and loses none", .timeLimit(.minutes(1)))
    func stopsWithTheDisk() async throws {
        await #expect(processExitsWith: .exitCode(0)) { [path = path as String] in
            let store = try SQLiteJobStore(path: path)
            for number in 1...3 { try await store.write { try $0.insert(.sample(number)) } }
            var status = stat()
            stat(path + "-wal", &status)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let usual = limit.rlim_cur
            limit.rlim_cur = rlim_t(status.st_size)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let failing = await #expect(throws: StoreError.self) {
                try await store.write { writer in for number in 4...40 { try writer.insert(.sample(number)) }
                }
            }
            #expect(failing?.code == .diskFailed)
            limit.rlim_cur = usual
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let later = await #expect(throws: StoreError.self) {
                try await store.write { try $0.insert(.sample(4)) }
            }
            #expect(later?.code == .diskFailed)
            #expect(try await store.read { try $0.jobs(JobQuery()).count } == 3)
        }
        #expect(try await jobs() == [1, 2, 3])
    }

    /// F08: it says so, loses nothing, and goes on once there is room.
    @Test(
        .enabled(if: SmallDisk.isPossible, SmallDisk.needs),
        .timeLimit(.minutes(1)))
    func f08SurvivesAFullDisk() async throws {
        let disk = try SmallDisk(at: folder.path("disk"), megabytes: 3)
        let ballast = disk.path + "/ballast"
        let descriptor = open(ballast, O_CREAT | O_WRONLY, 0o600)
        #expect(posix_fallocate(descriptor, 0, 1 << 20) == 0)
        close(descriptor)

        let store = try SQLiteJobStore(path: disk.path + "/panel.sqlite")
        var written: [JobID] = []
        let error = await #expect(throws: StoreError.self) {
            while written.count < 5000 {
                let job = JobRecord.sample(written.count)
                try await store.write { try $0.insert(job) }
                written.append(job.id)
            }
        }
        #expect(error?.code == .diskFull)
        #expect(written.count > 10)
        #expect(try await store.read { try $0.jobs(JobQuery(limit: .max)).map(\.id) } == written.reversed())

        unlink(ballast)
        let next = JobRecord.sample(written.count)
        try await store.write { try $0.insert(next) }
        #expect(try await store.read { try $0.jobs(JobQuery(limit: 1)) } == [next])
        try store.close()
        let again = try SQLiteJobStore(path: disk.path + "/panel.sqlite")
        #expect(try await again.read { try $0.jobs(JobQuery(limit: .max)).count } == written.count + 1)
        try again.close()
    }

    // MARK: - What is there afterwards

    private func jobs() async throws -> Set<Int> {
        let store = try SQLiteJobStore(path: path)
        let jobs = try await store.read { try $0.jobs(JobQuery(limit: .max)) }
        try store.close()
        return Set(jobs.map { Int(($0.createdAt.milliseconds - JobRecord.sampleStart.milliseconds) / 1000) })
    }
}

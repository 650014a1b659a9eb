import GRDB
import Glibc
import JobKit
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("Opening the record") struct OpeningTests {
    let folder: TemporaryDirectory
    let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path("panel.sqlite")
    }

    /// A pipe, and with it a device: whoever names `/dev/null` has not asked for it to be the panel's alone.
    @Test func leavesAloneWhatIsNoFile() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("pipe")
        #expect(mkfifo(path, 0o644) == 0)
        let error = #expect(throws: StoreError.self) { try SQLiteJobStore(path: path) }
        #expect(error?.message.contains("is no regular file") == true)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o644)
        #expect(throws: StoreError.self) { try FileCrashNotes(path: path) }
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o644)
        #expect(access(path + ".lock", F_OK) != 0)
    }

    @Test func tellsWhetherTheRecordIsNew() throws {
        let folder = try TemporaryDirectory()
        let first = try SQLiteJobStore(path: folder.path("a.sqlite"))
        #expect(first.isNew)
        try first.close()
        #expect(try !SQLiteJobStore(path: folder.path("a.sqlite")).isNew)
    }

    @Test("syncs every commit and keeps foreign keys, on the write connection")
    func isSetUpForDurability() throws {
        let database = try StoreDatabase(path: path)
        try database.pool.writeWithoutTransaction { connection throws in
            #expect(try Int.fetchOne(connection, sql: "PRAGMA synchronous") == 2)
            #expect(try String.fetchOne(connection, sql: "PRAGMA journal_mode") == "wal")
            #expect(try Bool.fetchOne(connection, sql: "PRAGMA foreign_keys") == true)
            #expect(try Int.fetchOne(connection, sql: "PRAGMA application_id") == StoreDatabase.applicationID)
        }
    }

    @Test("keeps all its files from other users, also one that was open to them")
    func keepsFilesPrivate() async throws {
        close(open(path, O_CREAT | O_WRONLY, 0o644))
        chmod(path, 0o666)
        let store = try SQLiteJobStore(path: path)
        _ = try await store.write { try $0.next("a") }
        for suffix in ["", "-wal", "-shm", ".lock"] {
            var status = stat()
            #expect(stat(path + suffix, &status) == 0, "'\(suffix)'")
            #expect(status.st_mode & 0o777 == 0o600, "'\(suffix)'")
        }
    }

    @Test("finds again what it wrote")
    func opensAgain() async throws {
        let store = try SQLiteJobStore(path: path)
        try await store.write { try $0.insert(.sample()) }
        try store.close()
        let again = try SQLiteJobStore(path: path)
        #expect(try await again.read { try $0.job(JobRecord.sample().id) } == .sample())
    }

    @Test("fails what is asked of a closed store", .timeLimit(.minutes(1)))
    func failsWhenClosed() async throws {
        let store = try SQLiteJobStore(path: path)
        try store.close()
        await #expect(throws: StoreError.self) { try await store.write { try $0.next("a") } }
        await #expect(throws: StoreError.self) { try await store.read { try $0.agents() } }
    }

    @Test("refuses a second store on the same file, and names the process")
    func refusesASecondStore() async throws {
        let first = try SQLiteJobStore(path: path)
        let error = try #require(failure(of: path))
        #expect(error.code == .inUse)
        #expect(error.message == "'\(path).lock' is locked by process \(getpid()); stop that panel first")
        _ = try await first.write { try $0.next("a") }
        try first.close()
        _ = try SQLiteJobStore(path: path)
    }

    @Test("refuses a second process", .timeLimit(.minutes(1)))
    func refusesASecondProcess() async throws {
        let store = try SQLiteJobStore(path: path)
        await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
            do throws(StoreError) {
                _ = try SQLiteJobStore(path: path)
            } catch {
                exit(error.code == .inUse ? 7 : 8)
            }
        }
        _ = try await store.write { try $0.next("a") }
    }

    @Test(
        "refuses a place where there can be no file", arguments: ["missing/panel.sqlite", "folder", "link"])
    func refusesImpossiblePlaces(_ name: String) throws {
        mkdir(folder.path("folder"), 0o700)
        symlink(folder.path("elsewhere"), folder.path("link"))
        let error = try #require(failure(of: folder.path(name)))
        #expect(error.code == .cannotOpen)
        #expect(error.message.contains("'\(folder.path(name))"))
        #expect(access(folder.path("elsewhere"), F_OK) != 0)
    }

    @Test("refuses another program's file, untouched")
    func refusesForeignFiles() throws {
        try raw("CREATE TABLE other (a)")
        let before = try contents(of: path)
        #expect(failure(of: path)?.code == .cannotOpen)
        #expect(try contents(of: path) == before)
    }

    @Test("refuses a file of a newer version")
    func refusesNewerVersions() throws {
        try SQLiteJobStore(path: path).close()
        try raw("INSERT INTO grdb_migrations VALUES ('2000 from the future')")
        let error = try #require(failure(of: path))
        #expect(error.code == .newerVersion)
        #expect(error.message.contains(path))
    }

    // MARK: - Damage

    enum Damage: String, CaseIterable {
        case cutInHalf, cutByAPage, garbage, flippedPages, emptied, removed
    }

    /// F10: it is refused with instructions, and left as it is.
    @Test(arguments: Damage.allCases) func f10RefusesADamagedFile(_ damage: Damage) async throws {
        let store = try SQLiteJobStore(path: path)
        try await store.write { writer in for number in 1...200 { try writer.insert(.sample(number)) } }
        try store.close()
        var content = try contents(of: path)
        switch damage {
        case .cutInHalf: content.removeLast(content.count / 2)
        case .cutByAPage: content.removeLast(4096)
        case .garbage: content = content.map { $0 ^ 0x5A }
        case .flippedPages: for page in 1..<content.count / 4096 { content[page * 4096] ^= 0x10 }
        case .emptied, .removed: content = []
        }
        if damage == .removed { unlink(path) } else { try write(content) }
        let error = try #require(failure(of: path))
        #expect(error.code == .damaged)
        #expect(error.message.contains("'\(path)'"))
        #expect(error.message.contains("restore"))
        #expect(try contents(of: path) == content)
    }

    @Test("begins anew where the lock file says so too")
    func beginsAnewOnDemand() async throws {
        try SQLiteJobStore(path: path).close()
        unlink(path)
        unlink(path + ".lock")
        _ = try await SQLiteJobStore(path: path).write { try $0.next("a") }
    }

    // MARK: - Files

    private func failure(of path: String) -> StoreError? {
        do {
            _ = try SQLiteJobStore(path: path)
            return nil
        } catch { return error }
    }

    private func raw(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }

    private func write(_ bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_TRUNC)
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw SystemFailure("cannot write")
        }
    }
}

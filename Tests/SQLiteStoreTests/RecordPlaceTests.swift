import Glibc
import TestSupport
import Testing

@testable import SQLiteStore

@Suite("A record's place") struct RecordPlaceTests {
    private let folder: TemporaryDirectory
    private let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path("panel.sqlite")
    }

    @Test func isFreeUntilThereIsARecord() throws {
        #expect(try SQLiteJobStore.place(of: path) == .free)
        for name in [path, path + ".lock"] { #expect(access(name, F_OK) != 0) }
        try Fixtures.write("", to: path, mode: 0o600)
        #expect(try SQLiteJobStore.place(of: path) == .free)
        try SQLiteJobStore(path: path).close()
        #expect(try SQLiteJobStore.place(of: path) == .taken)
    }

    /// The panel ends with the same sentence.
    @Test func missesARecordThatWasThere() throws {
        try SQLiteJobStore(path: path).close()
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        let seen = #expect(throws: StoreError.self) { try SQLiteJobStore.place(of: path) }
        #expect(access(path, F_OK) != 0)
        let told = #expect(throws: StoreError.self) { try SQLiteJobStore(path: path) }
        #expect(seen?.message == told?.message)
        #expect(seen?.message.contains("held a record before") == true)
    }

    @Test(arguments: ["missing/panel.sqlite", "folder", "link", "file/panel.sqlite"])
    func isRefusedWhereThereCanBeNone(_ name: String) throws {
        mkdir(folder.path("folder"), 0o700)
        symlink(folder.path("elsewhere"), folder.path("link"))
        try Fixtures.write("", to: folder.path("file"))
        let error = #expect(throws: StoreError.self) { try SQLiteJobStore.place(of: folder.path(name)) }
        #expect(error?.code == .cannotOpen)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func tellsARecordOfAnotherUser() throws {
        try SQLiteJobStore(path: path).close()
        try #require(chown(path, 1, 1) == 0)
        #expect(try SQLiteJobStore.place(of: path) == .takenByAnother)
    }
}

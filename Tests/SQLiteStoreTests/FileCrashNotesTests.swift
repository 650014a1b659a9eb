import Glibc
import SQLiteStore
import TestSupport
import Testing

@Suite("Notes for the next start") struct FileCrashNotesTests {
    @Test func areThereForTheNextOne() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("panel.sqlite.notes")
        #expect(try FileCrashNotes(path: path).load() == [])
        for text in ["first, and longer", "second"] {
            try FileCrashNotes(path: path).save(Array(text.utf8))
            #expect(try FileCrashNotes(path: path).load() == Array(text.utf8))
        }
        var state = stat()
        #expect(stat(path, &state) == 0)
        #expect(state.st_mode & 0o777 == 0o600)
    }

    @Test func areRefusedWhereTheyCannotBe() throws {
        let folder = try TemporaryDirectory()
        #expect(throws: StoreError.self) { try FileCrashNotes(path: folder.path("none/notes")) }
    }
}

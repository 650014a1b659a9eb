import ExecKit
import Glibc
import TestSupport
import Testing

@Suite("An agent's notes for the next start") struct FileAgentNotesTests {
    @Test func areThereForTheNextOne() throws {
        let folder = try TemporaryDirectory()
        #expect(try FileAgentNotes(folder: folder.path).load() == [])
        for text in ["first, and longer", "second"] {
            try FileAgentNotes(folder: folder.path).save(Array(text.utf8))
            #expect(try FileAgentNotes(folder: folder.path).load() == Array(text.utf8))
        }
        var state = stat()
        #expect(stat(folder.path("notes"), &state) == 0)
        #expect(state.st_mode & 0o777 == 0o600)
    }
}

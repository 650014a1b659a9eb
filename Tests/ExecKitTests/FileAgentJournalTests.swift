import ExecKit
import Glibc
import JobKit
import TestSupport
import Testing

@Suite("The journal in a file", .timeLimit(.minutes(1))) struct FileAgentJournalTests {
    private static let lines: [JournalEntry] = [
        .identity(agent: Fixtures.agent, machine: "m"), .acknowledged(1), .acknowledged(2),
    ]

    @Test(arguments: AgentJournalConformance.checks.indices)
    func does(_ check: Int) async throws {
        let folder = try TemporaryDirectory()
        try await AgentJournalConformance.checks[check].run(
            AgentJournalConformance { try FileAgentJournal(folder: folder.path) })
    }

    /// A journal with three lines; its bytes and where it is.
    private func written(in folder: TemporaryDirectory) async throws -> (path: String, bytes: [UInt8]) {
        let journal = try FileAgentJournal(folder: folder.path)
        _ = try await journal.load()
        try await journal.append(Self.lines)
        let path = "\(folder.path)/journal"
        return (path, try Fixtures.bytes(path))
    }

    @Test func isReadableByItsOwnerAlone() async throws {
        let folder = try TemporaryDirectory()
        let (path, _) = try await written(in: folder)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func dropsALastLineThatWasCutShortAndGoesOn() async throws {
        let folder = try TemporaryDirectory()
        let (path, bytes) = try await written(in: folder)
        let whole = try await FileAgentJournal(folder: folder.path).load()
        for count in (bytes.count - 40)..<bytes.count {
            try Fixtures.write(Array(bytes[..<count]), to: path)
            let journal = try FileAgentJournal(folder: folder.path)
            let kept = try await journal.load()
            #expect(kept == Array(whole.prefix(kept.count)) && kept.count < whole.count)
            try await journal.append([.acknowledged(3)])
            #expect(try await FileAgentJournal(folder: folder.path).load() == kept + [.acknowledged(3)])
        }
    }

    @Test func refusesEveryFlippedBitOfAWholeLine() async throws {
        let folder = try TemporaryDirectory()
        let (path, bytes) = try await written(in: folder)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            try Fixtures.write(damaged, to: path)
            await #expect(throws: JournalError.self, "byte \(index)") {
                try await FileAgentJournal(folder: folder.path).load()
            }
        }
    }

    @Test func namesTheFileAndTheCure() async throws {
        let folder = try TemporaryDirectory()
        let (path, bytes) = try await written(in: folder)
        try Fixtures.write([0] + bytes, to: path)
        await #expect {
            try await FileAgentJournal(folder: folder.path).load()
        } throws: { error in
            "\(error)".contains(path) && "\(error)".contains("enrol")
        }
    }

    /// A rewrite that came to nothing leaves the old lines whole: nothing is written behind them.
    @Test func aRewriteThatFailsDoesNoHarm() async throws {
        let folder = try TemporaryDirectory()
        let (path, bytes) = try await written(in: folder)
        let journal = try FileAgentJournal(folder: folder.path)
        let whole = try await journal.load()
        // Where its draft has to be is a folder.
        #expect(mkdir(path + ".new", 0o700) == 0)
        await #expect(throws: JournalError.self) { try await journal.replace(with: [], archiving: []) }
        await #expect(throws: JournalError.self) { try await journal.note(.acknowledged(3)) }
        #expect(try Fixtures.bytes(path) == bytes)
        #expect(try await FileAgentJournal(folder: folder.path).load() == whole)
    }

    /// What is there and cannot be read is not begun anew.
    @Test func isNotBegunAnewWhereItCannotBeRead() async throws {
        let folder = try TemporaryDirectory()
        #expect(mkdir("\(folder.path)/journal", 0o700) == 0)
        await #expect {
            try await FileAgentJournal(folder: folder.path).load()
        } throws: { "\($0)".contains("Is a directory") }
    }
}

import Glibc
import JobKit
import Testing

@testable import ExecKit

@Suite("The log on disk") struct LogFrameTests {
    private let scratch = ScratchFolder()

    private func record(_ number: Int, _ text: String) -> LogRecord {
        LogRecord(
            number: number, at: Timestamp(milliseconds: 1_700_000_000_000 + Int64(number)),
            bytes: Array(text.utf8))
    }

    private func read(_ bytes: [UInt8]) throws -> [LogRecord] {
        let folder = try scratch.fresh()
        try folder.create(AttemptFile.log, bytes)
        var reader = try LogReader(folder)
        var records: [LogRecord] = []
        while let record = reader.next() { records.append(record) }
        return records
    }

    /// None is written, and the panel takes none.
    @Test func aRecordWithoutOutputIsNone() {
        #expect(LogFrame.decode(LogFrame.encode(record(7, ""))[...]) == nil)
    }

    @Test(arguments: ["x", "hello\n", String(repeating: "y", count: LogFrame.maximumOutput)])
    func aRecordComesBackAsItWas(_ text: String) {
        let record = record(7, text)
        #expect(LogFrame.decode(LogFrame.encode(record)[...]) == record)
    }

    @Test func theFormIsFixed() {
        let frame = LogFrame.encode(
            LogRecord(number: 1, at: Timestamp(milliseconds: 2), bytes: Array("123456789".utf8)))
        let head: [UInt8] = [9, 0, 0, 0]
        #expect(Array(frame[..<4]) == head)
        #expect(Array(frame[8..<24]) == [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
        #expect(frame.count == 33)
    }

    @Test func aTailTornAnywhereIsLeftOut() throws {
        let first = LogFrame.encode(record(1, "first"))
        let second = LogFrame.encode(record(2, "second"))
        for cut in 0..<second.count {
            #expect(try read(first + second[..<cut]) == [record(1, "first")], "\(cut)")
        }
        #expect(try read(first + second).count == 2)
    }

    @Test func everyFlippedBitIsSeen() throws {
        let frame = LogFrame.encode(record(1, "content"))
        for bit in 0..<frame.count * 8 {
            var damaged = frame
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(LogFrame.decode(damaged[...]) == nil, "bit \(bit)")
        }
    }

    @Test func whatFollowsAGapIsLeftOut() throws {
        let frames = [1, 2, 4].flatMap { LogFrame.encode(record($0, "r")) }
        #expect(try read(frames).map(\.number) == [1, 2])
        #expect(try read(LogFrame.encode(record(2, "r"))).isEmpty)
    }

    @Test func theLongestRecordsAreReadWhole() throws {
        let longest = String(repeating: "y", count: LogFrame.maximumOutput)
        let records = (1...5).map { record($0, $0 == 2 ? "short" : longest) }
        #expect(try read(records.flatMap { LogFrame.encode($0) }) == records)
    }

    /// As a script leaves its own log with `truncate -s 100G`; nobody has the memory for that.
    @Test func aLogOfAnyLengthEndsWithItsLastRecord() throws {
        let folder = try scratch.fresh()
        let file = try folder.open(AttemptFile.log, O_WRONLY | O_CREAT)
        for number in 1...3 { _ = file.write(LogFrame.encode(record(number, "whole"))) }
        try #require(ftruncate(file.number, 100 << 30) == 0)
        var reader = try LogReader(folder)
        for number in 1...3 { #expect(reader.next() == record(number, "whole")) }
        for _ in 0..<3 { #expect(reader.next() == nil) }
        #expect(LogReader.summary(of: folder).records == 3)
    }

    @Test func readingGoesOnWhereTheFileGrows() throws {
        let folder = try scratch.fresh()
        let file = try folder.open(AttemptFile.log, O_WRONLY | O_CREAT)
        var reader = try LogReader(folder)
        #expect(reader.next() == nil)
        let frame = LogFrame.encode(record(1, "late"))
        _ = file.write(Array(frame[..<10]))
        #expect(reader.next() == nil)
        _ = file.write(Array(frame[10...]))
        #expect(reader.next() == record(1, "late"))
        #expect(reader.next() == nil)
    }

    @Test func noBytesMakeItTrap() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let bytes = (0..<Int.random(in: 0...80)).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try read(bytes)
        }
    }
}

/// A folder of one test's own.
final class ScratchFolder: Sendable {
    private let parent = try? Directory.ensured(
        "/tmp/execkit-scratch-\(getpid())-\(UInt32.random(in: 0...UInt32.max))")

    func fresh() throws -> Directory {
        let name = "\(UInt64.random(in: 0...UInt64.max))"
        return try #require(parent).makeDirectory(name)
    }

    deinit {
        for name in parent?.names() ?? [] { parent?.removeTree(name) }
        if let parent { rmdir(parent.path) }
    }
}

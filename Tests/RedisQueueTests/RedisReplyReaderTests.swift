import JobKit
import Testing

@testable import RedisQueue

@Suite("Reading replies") struct RedisReplyReaderTests {
    static let rows: [(text: String, reply: RedisReply)] = [
        ("+OK\r\n", .status("OK")),
        ("-ERR no\r\n", .error("ERR no")),
        (":-42\r\n", .integer(-42)),
        (":9223372036854775807\r\n", .integer(.max)),
        ("$5\r\na\r\n\0b\r\n", .string([97, 13, 10, 0, 98])),
        ("$0\r\n\r\n", .string([])),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("*0\r\n", .array([])),
        ("*3\r\n:1\r\n$-1\r\n*1\r\n+a\r\n", .array([.integer(1), .null, .array([.status("a")])])),
    ]

    @Test(arguments: rows) func readsEveryKind(text: String, reply: RedisReply) throws {
        #expect(try read(text) == [reply])
    }

    @Test(arguments: rows) func readsByteForByte(text: String, reply: RedisReply) throws {
        let reader = RedisReplyReader()
        var replies: [RedisReply] = []
        for byte in text.utf8 { replies += try read([byte], with: reader) }
        #expect(replies == [reply])
    }

    @Test func readsManyAtOnce() throws {
        #expect(try read(Self.rows.map(\.text).joined()) == Self.rows.map(\.reply))
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "\0\0\0\0", "$-2\r\n", "$x\r\n\r\n", ":\r\n", ":1x\r\n", "*x\r\n",
        "%1\r\n+a\r\n+b\r\n",
        ">2\r\n+a\r\n+b\r\n", "_\r\n", "#t\r\n", "*2147483647\r\n", "*4294967296\r\n",
        "*9999999999999999999\r\n",
        "$9999999999999999999\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    ])
    func refusesWhatIsNoReply(text: String) {
        #expect(throws: RedisReplyReader.Violation.self) { try read(text) }
    }

    @Test func refusesAnArrayBeforeItIsMade() {
        let limits = RedisReplyReader.Limits(byteCount: 1_000, elementCount: 10)
        #expect(throws: Never.self) { try read("*10\r\n", limits: limits) }
        #expect(throws: RedisReplyReader.Violation.self) { try read("*11\r\n", limits: limits) }
    }

    @Test func countsElementsThroughAllLevels() {
        let limits = RedisReplyReader.Limits(byteCount: 1_000, elementCount: 10)
        #expect(throws: Never.self) { try read("*5\r\n*5\r\n", limits: limits) }
        #expect(throws: RedisReplyReader.Violation.self) { try read("*5\r\n*3\r\n*3\r\n", limits: limits) }
    }

    @Test func readsAsManyLevelsAsStreamsInATransactionAndOneMore() throws {
        let reply = (0..<7).reduce(RedisReply.integer(1)) { reply, _ in .array([reply]) }
        #expect(try read(nested(levels: 7)) == [reply])
    }

    /// Copying and freeing would take a piece of the stack for each level.
    @Test(arguments: [8, 9, 100, 100_000]) func refusesALevelTooManyWhateverHiredisThinksOfIt(levels: Int) {
        #expect(throws: RedisReplyReader.Violation.malformed("a reply of more than 7 levels")) {
            try read(nested(levels: levels))
        }
    }

    private func nested(levels: Int) -> String { String(repeating: "*1\r\n", count: levels) + ":1\r\n" }

    @Test func countsEachReplyForItself() throws {
        let limits = RedisReplyReader.Limits(byteCount: 40, elementCount: 2)
        let one = "*2\r\n+a\r\n+b\r\n"
        let reader = RedisReplyReader(limits: limits)
        for _ in 0..<100 {
            #expect(try read(Array(one.utf8), with: reader) == [.array([.status("a"), .status("b")])])
        }
    }

    /// As many messages as an agent asks for at once, each as long as it may be.
    @Test func takesTheLongestReplyThatIsAskedFor() throws {
        let reader = RedisReplyReader()
        let message = [UInt8](repeating: 0x61, count: SignedEnvelope.maximumDown)
        #expect(try read(Array("*16\r\n".utf8), with: reader) == [])
        for number in 1...16 {
            let bytes = Array("$\(message.count)\r\n".utf8) + message + Array("\r\n".utf8)
            #expect(try read(bytes, with: reader).count == (number == 16 ? 1 : 0))
        }
    }

    @Test func refusesAReplyThatGrowsBeyondItsLimit() throws {
        let reader = RedisReplyReader(limits: RedisReplyReader.Limits(byteCount: 100, elementCount: 10))
        #expect(try read(Array("$200\r\n".utf8), with: reader) == [])
        #expect(try read([UInt8](repeating: 0, count: 90), with: reader) == [])
        #expect(throws: RedisReplyReader.Violation.self) {
            try read([UInt8](repeating: 0, count: 90), with: reader)
        }
    }

    @Test func neverTrapsOnAlteredBytes() {
        var random = SystemRandomNumberGenerator()
        let original = Array(Self.rows.map(\.text).joined().utf8)
        for _ in 0..<5_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            _ = try? read(bytes, with: RedisReplyReader())
        }
    }

    private func read(
        _ text: String, limits: RedisReplyReader.Limits = RedisReplyReader.Limits()
    ) throws -> [RedisReply] {
        try read(Array(text.utf8), with: RedisReplyReader(limits: limits))
    }

    private func read(_ bytes: [UInt8], with reader: RedisReplyReader) throws -> [RedisReply] {
        try bytes.withUnsafeBytes { try reader.replies(with: $0) }
    }
}

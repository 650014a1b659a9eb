import JobKit
import RedisQueue
import TestSupport
import Testing

/// An agent may write what it likes into its own keys; the panel still serves all others.
@Suite("Keys in the hands of a hostile agent", .timeLimit(.minutes(1))) struct HostileKeysTests {
    let server: RedisServer
    let redis: RedisConnection
    let panel: RedisJobQueue
    let hostile = Fixtures.agent
    let honest = Fixtures.otherAgent
    let start = StreamPosition(epoch: 1, number: 0)
    let event = StreamEntry(position: StreamPosition(epoch: 1, number: 1), bytes: [1])

    init() async throws {
        server = try await RedisServer.start()
        redis = try server.connection()
        panel = try RedisJobQueue(url: server.socketURL, name: "panel")
        let link = try panel.link(for: honest)
        _ = try await link.report([event])
        try await link.beat([7])
    }

    private var places: [AgentID: StreamPosition] { [hostile: start, honest: start] }
    private func key(_ kind: String) -> RedisArgument { RedisArgument("provision:\(kind):\(hostile)") }

    @Test func ofAnotherTypeAreLeftOut() async throws {
        _ = try await redis.command("SET", key("up"), "x")
        _ = try await redis.command("RPUSH", key("beat"), "x")
        #expect(try await panel.events(after: places, limit: 64) == [honest: [event]])
        #expect(try await panel.beats(of: [hostile, honest]) == [honest: [7]])
        try await panel.acknowledge([(hostile, [1], start), (honest, [2], event.position)])
        #expect(try await panel.events(after: places, limit: 64) == [:])
    }

    @Test func withAnEntryTooLargeAreLeftOut() async throws {
        let huge = [UInt8](repeating: 0, count: 9 << 20)
        _ = try await redis.command("XADD", key("up"), "1-1", "e", RedisArgument(huge))
        #expect(try await panel.events(after: places, limit: 64) == [honest: [event]])
        #expect(try await panel.events(after: [hostile: start], limit: 64) == [:])
    }

    @Test func withABeatTooLargeAreCut() async throws {
        let huge = [UInt8](repeating: 0, count: 9 << 20)
        _ = try await redis.command("SET", key("beat"), RedisArgument(huge))
        let beats = try await panel.beats(of: [hostile, honest])
        #expect(beats[honest] == [7])
        #expect(beats[hostile].map { $0.count < 100_000 } == true)
    }

    @Test(arguments: [["f", "x"], ["e", "x", "e", "y"], ["e", "x", "f", "y"]])
    func withEntriesOfAnotherFormGiveEmptyOnes(fields: [String]) async throws {
        _ = try await redis.pipeline([["XADD", key("up"), "1-1"] + fields.map { RedisArgument($0) }])
        let events = try await panel.events(after: places, limit: 64)
        #expect(events == [hostile: [StreamEntry(position: event.position, bytes: [])], honest: [event]])
    }

    /// J22: of the agent's own messages, too; what is empty is refused as no envelope.
    @Test(arguments: [["f", "x"], ["e", "x", "e", "y"], ["e", "x", "f", "y"], ["e", ""], ["", "x"]])
    func j22WithMessagesOfAnotherFormGiveEmptyOnes(fields: [String]) async throws {
        let link = try panel.link(for: hostile)
        let add = ["XADD", key("down"), "1-1"] + fields.map { RedisArgument($0) }
        _ = try await redis.pipeline([add, ["XADD", key("down"), "1-2", "e", "y"]])
        let next = StreamEntry(position: StreamPosition(epoch: 1, number: 2), bytes: Array("y".utf8))
        for seconds in [0, 1] {
            let delivery = try await link.receive(
                after: start, acknowledgement: AcknowledgementMark("0-0"), waiting: seconds)
            #expect(delivery.entries == [StreamEntry(position: event.position, bytes: []), next])
        }
    }

    /// J23: however many there are, a reader has a portion of them in hand.
    @Test func j23InGreatNumbersAreReadInPortions() async throws {
        let link = try panel.link(for: hostile)
        let entries = (1...10_000).map { number in
            StreamEntry(
                position: StreamPosition(epoch: 1, number: number), bytes: [UInt8](repeating: 7, count: 200))
        }
        _ = try await panel.send(entries.map { (hostile, $0) })
        _ = try await link.report(entries)
        var (messages, events): ([StreamEntry], [StreamEntry]) = ([], [])
        while messages.count < entries.count {
            let delivery = try await link.receive(
                after: messages.last?.position ?? start, acknowledgement: AcknowledgementMark("0-0"),
                waiting: messages.count.isMultiple(of: 32) ? 0 : 1)
            try #require((1...16).contains(delivery.entries.count))
            messages += delivery.entries
        }
        while events.count < entries.count {
            let portion = try await panel.events(after: [hostile: events.last?.position ?? start], limit: 64)
            try #require((1...64).contains(portion[hostile]?.count ?? 0))
            events += portion[hostile] ?? []
        }
        #expect(messages == entries && events == entries)
    }

    @Test func withTheHighestNumbersDoNotEndThePanel() async throws {
        _ = try await redis.command("XADD", key("up"), "18446744073709551615-18446744073709551615", "e", "x")
        #expect(try await panel.events(after: places, limit: 64) == [honest: [event]])
        try await panel.trimDown(hostile, through: StreamPosition(epoch: .max, number: .max))
    }

    @Test func strangeRingsAreNotHeard() async throws {
        var rings = panel.rings().makeAsyncIterator()
        while try await redis.command("PUBLISH", "provision:bell:../../etc/passwd", "") == .integer(0) {}
        _ = try await redis.command("PUBLISH", RedisArgument("provision:bell:\(honest)"), "")
        #expect(await rings.next() == honest)
    }

    private static let spoilt: [[RedisArgument]] = [
        ["SET", "x"], ["RPUSH", "x"], ["XADD", "18446744073709551615-18446744073709551615", "e", "x"],
    ]

    private func spoil(_ kind: String, _ command: [RedisArgument]) async throws {
        _ = try await redis.pipeline([["DEL", key(kind)], [command[0], key(kind)] + command.dropFirst()])
    }

    /// One command of whoever holds the wire must not outlive its hour: the key's writer makes it anew.
    @Test(arguments: spoilt) func areWrittenAnewByTheirWriter(_ command: [RedisArgument]) async throws {
        let link = try panel.link(for: hostile)
        try await spoil("ack", command)
        try await panel.acknowledge([(hostile, [1], start), (honest, [2], event.position)])
        #expect(
            try await link.receive(after: start, acknowledgement: nil, waiting: 0).acknowledgement?.bytes == [
                1
            ])

        try await spoil("down", command)
        _ = try await panel.send([(hostile, event), (honest, event)])
        let other = try panel.link(for: honest)
        #expect(try await other.receive(after: start, acknowledgement: nil, waiting: 0).entries == [event])
        try await panel.restartDown(hostile)
        #expect(try await panel.send([(hostile, event)]) == [.added])

        try await spoil("up", command)
        #expect(try await link.report([event]) == [.added])
    }

    /// The link itself finds out that its stream is none any more: nobody else would tell it to begin anew.
    @Test func ofTheAgentsOwnStreamAreMadeAnewWithoutBeingAsked() async throws {
        let link = try panel.link(for: hostile)
        try await spoil("up", ["SET", "x"])
        #expect(try await link.report([event]) == [.added])
        try await spoil("ack", ["SET", "x"])
        _ = try await panel.send([(hostile, event)])
        #expect(try await link.receive(after: start, acknowledgement: nil, waiting: 0).entries == [event])
    }
}

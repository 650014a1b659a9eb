package import JobKit
import Testing

/// What every wire has to do; run on memory and on Redis alike.
///
/// Each check takes a fresh wire and two agents of its own.
package struct JobQueueConformance: Sendable {
    package let panel: any PanelLink
    package let agent: any AgentLink
    package let other: any AgentLink
    package let agentID: AgentID
    package let otherID: AgentID

    package init(
        panel: any PanelLink, agent: any AgentLink, other: any AgentLink, agentID: AgentID, otherID: AgentID
    ) {
        self.panel = panel
        self.agent = agent
        self.other = other
        self.agentID = agentID
        self.otherID = otherID
    }

    /// Every check, by name.
    package static let checks: [(name: String, run: @Sendable (JobQueueConformance) async throws -> Void)] = [
        ("delivers in order, only to the addressee", { try await $0.deliversInOrder() }),
        ("refuses repeated and older numbers, also after a trim", { try await $0.refusesOldNumbers() }),
        ("starts anew at any number after a restart of the stream", { try await $0.restartsStreams() }),
        ("wakes a waiting agent by a message and by an acknowledgement", { try await $0.wakesWaiters() }),
        ("replaces acknowledgements and gives the newest", { try await $0.replacesAcknowledgements() }),
        (
            "takes events in from many agents and forgets what is acknowledged",
            { try await $0.collectsEvents() }
        ),
        ("keeps bytes exactly", { try await $0.keepsBytes() }),
        ("gives beats, and none where there is none", { try await $0.givesBeats() }),
        ("rings with every report and beat", { try await $0.rings() }),
        ("tells burdens, and drops one", { try await $0.tellsBurdens() }),
    ]

    private func at(_ number: Int, epoch: Int = 1) -> StreamPosition {
        StreamPosition(epoch: epoch, number: number)
    }
    private func entry(_ number: Int, _ text: String, epoch: Int = 1) -> StreamEntry {
        StreamEntry(position: at(number, epoch: epoch), bytes: Array(text.utf8))
    }

    private func deliversInOrder() async throws {
        let sent = [
            (agent: agentID, entry: entry(1, "a")), (agent: otherID, entry: entry(1, "x")),
            (agent: agentID, entry: entry(2, "b")),
        ]
        #expect(try await panel.send(sent) == [.added, .added, .added])
        let mine = try await agent.receive(after: at(0), acknowledgement: nil, waiting: 0)
        #expect(mine.entries == [entry(1, "a"), entry(2, "b")])
        let behind = try await agent.receive(after: at(1), acknowledgement: nil, waiting: 0)
        #expect(behind.entries == [entry(2, "b")])
        let theirs = try await other.receive(after: at(0), acknowledgement: nil, waiting: 0)
        #expect(theirs.entries == [entry(1, "x")])
    }

    private func refusesOldNumbers() async throws {
        #expect(
            try await panel.send([(agentID, entry(1, "a")), (agentID, entry(2, "b"))]) == [.added, .added])
        #expect(
            try await panel.send([(agentID, entry(2, "forged")), (agentID, entry(1, "forged"))]) == [
                .outOfOrder, .outOfOrder,
            ])
        try await panel.trimDown(agentID, through: at(2))
        #expect(try await panel.send([(agentID, entry(2, "again"))]) == [.outOfOrder])
        #expect(try await panel.send([(agentID, entry(3, "c"))]) == [.added])
        let delivery = try await agent.receive(after: at(0), acknowledgement: nil, waiting: 0)
        #expect(delivery.entries == [entry(3, "c")])
        #expect(try await agent.report([entry(1, "u"), entry(1, "v")]) == [.added, .outOfOrder])
        #expect(try await agent.event(at: at(1)) == Array("u".utf8))
        #expect(try await agent.event(at: at(2)) == nil)
    }

    private func restartsStreams() async throws {
        _ = try await panel.send([(agentID, entry(7, "a"))])
        try await panel.restartDown(agentID)
        #expect(try await panel.send([(agentID, entry(5, "b"))]) == [.added])
        _ = try await agent.report([entry(9, "u")])
        try await agent.restartUp()
        #expect(try await agent.report([entry(4, "v")]) == [.added])
        let events = try await panel.events(after: [agentID: at(0)], limit: 10)
        #expect(events == [agentID: [entry(4, "v")]])
    }

    private func wakesWaiters() async throws {
        async let delivery = agent.receive(after: at(0), acknowledgement: nil, waiting: 30)
        _ = try await panel.send([(agentID, entry(1, "a"))])
        #expect(try await delivery.entries == [entry(1, "a")])
        async let second = agent.receive(after: at(1), acknowledgement: nil, waiting: 30)
        try await panel.acknowledge([(agentID, Array("ack".utf8), at(0))])
        #expect(try await second.acknowledgement?.bytes == Array("ack".utf8))
    }

    private func replacesAcknowledgements() async throws {
        try await panel.acknowledge([(agentID, [1], at(0))])
        try await panel.acknowledge([(agentID, [2], at(0)), (otherID, [9], at(0))])
        let first = try await agent.receive(after: at(0), acknowledgement: nil, waiting: 0)
        let seen = try #require(first.acknowledgement)
        #expect(seen.bytes == [2])
        let none = try await agent.receive(after: at(0), acknowledgement: seen.mark, waiting: 0)
        #expect(none.acknowledgement == nil)
        // However soon one comes after another.
        var mark = seen.mark
        for number in UInt8(3)...100 {
            try await panel.acknowledge([(agentID, [number], at(0))])
            let next = try await agent.receive(after: at(0), acknowledgement: mark, waiting: 0)
            #expect(next.acknowledgement?.bytes == [number])
            mark = next.acknowledgement?.mark ?? mark
        }
    }

    private func collectsEvents() async throws {
        _ = try await agent.report((1...5).map { entry($0, "e\($0)") })
        _ = try await other.report([entry(1, "o")])
        let some = try await panel.events(after: [agentID: at(1), otherID: at(0)], limit: 2)
        #expect(some == [agentID: [entry(2, "e2"), entry(3, "e3")], otherID: [entry(1, "o")]])
        try await panel.acknowledge([(agentID, [1], at(3))])
        let rest = try await panel.events(after: [agentID: at(0)], limit: 10)
        #expect(rest == [agentID: [entry(4, "e4"), entry(5, "e5")]])
    }

    private func keepsBytes() async throws {
        let bytes = (0...255).map { UInt8($0) } + [UInt8](repeating: 0xFF, count: 100_000)
        _ = try await panel.send([(agentID, StreamEntry(position: at(1), bytes: bytes))])
        #expect(
            try await agent.receive(after: at(0), acknowledgement: nil, waiting: 0).entries.first?.bytes
                == bytes)
        _ = try await agent.report([StreamEntry(position: at(1), bytes: bytes)])
        #expect(try await panel.events(after: [agentID: at(0)], limit: 1)[agentID]?.first?.bytes == bytes)
    }

    private func givesBeats() async throws {
        #expect(try await panel.beats(of: [agentID, otherID]).isEmpty)
        try await agent.beat([1, 2])
        try await agent.beat([3])
        #expect(try await panel.beats(of: [agentID, otherID]) == [agentID: [3]])
    }

    private func tellsBurdens() async throws {
        #expect(try await panel.burdens(of: [agentID])[agentID]?.byteCount == 0)
        let bytes = [UInt8](repeating: 1, count: 10_000)
        _ = try await agent.report((1...5).map { StreamEntry(position: at($0), bytes: bytes) })
        let burdens = try await panel.burdens(of: [agentID, otherID])
        #expect(50_000...100_000 ~= burdens[agentID]?.byteCount ?? 0)
        #expect(burdens[otherID]?.byteCount == 0)
        try await agent.beat([UInt8](repeating: 2, count: 100_000))
        #expect(150_000...300_000 ~= (try await panel.burdens(of: [agentID])[agentID]?.byteCount ?? 0))
        _ = try await panel.shutOut(agentID)
        #expect(try await panel.events(after: [agentID: at(0)], limit: 9) == [:])
        #expect(try await panel.beats(of: [agentID]) == [:])
        #expect(try await panel.burdens(of: [agentID])[agentID]?.byteCount == 0)
    }

    private func rings() async throws {
        var rings = panel.rings().makeAsyncIterator()
        // A ring may be lost while the listener is still arriving; beats repeat it, as agents do.
        let bell = Task {
            while !Task.isCancelled {
                try await agent.beat([1])
                await Task.yield()
            }
        }
        #expect(await rings.next() == agentID)
        bell.cancel()
        _ = await bell.result
        let report = Task {
            var number = 0
            while !Task.isCancelled {
                number += 1
                _ = try await other.report([entry(number, "e")])
                await Task.yield()
            }
        }
        while await rings.next() != otherID {}
        report.cancel()
        _ = await report.result
    }
}

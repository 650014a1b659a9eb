import JobKit
import TestSupport
import Testing

/// What waits of an agent on the wire, and what the panel makes of how much that is.
@Suite("A large backlog", .timeLimit(.minutes(1))) struct BacklogTests {
    private let house = MemoryHouse(script: MemoryHouse.script(exit: 0))
    private let megabyte = [UInt8](repeating: 1, count: 1 << 20)

    private func meetAgent() async throws {
        try await house.store.write {
            try $0.save(AgentRecord(id: Fixtures.agent, firstSeenAt: Fixtures.time, session: "s", facts: [:]))
        }
    }

    private func lay(_ numbers: ClosedRange<Int>) async throws {
        let entries = numbers.map {
            StreamEntry(position: StreamPosition(epoch: 1, number: $0), bytes: megabyte)
        }
        _ = try await house.queue.link(for: Fixtures.agent).report(entries)
    }

    /// Takes away what a panel has taken in.
    private func take(through number: Int) async throws {
        try await house.queue.acknowledge([
            (agent: Fixtures.agent, envelope: [], through: StreamPosition(epoch: 1, number: number))
        ])
    }

    private func waiting() async throws -> Int {
        try await house.queue.burdens(of: [Fixtures.agent])[Fixtures.agent]?.byteCount ?? 0
    }

    private func floodsTold() async throws -> Int {
        try await house.store.read { try $0.audit(after: 0, limit: 99) }
            .count { $0.draft.action == "agent.flood" }
    }

    /// The panel was away for hours, and a script wrote all the time; it still writes.
    @Test func isNoFloodWhileItBecomesLess() async throws {
        try await meetAgent()
        try await lay(1...200)
        for look in 0..<20 {
            try await house.sweep.turn()
            try await lay(201 + look...201 + look)
            // At the first looks the panel is busy with others.
            try await take(through: look * 6)
        }
        #expect(try await floodsTold() == 0)
        #expect(try await waiting() > 100 << 20)
    }

    @Test(arguments: [0, 1]) func isAFloodWhereItDoesNot(growth: Int) async throws {
        try await meetAgent()
        try await lay(1...70)
        for look in 1...2 {
            try await house.sweep.turn()
            if growth > 0 { try await lay(70 + look...70 + look) }
            #expect(try await waiting() == (70 + growth * look) << 20)
        }
        try await house.sweep.turn()
        #expect(try await waiting() == 0)
        #expect(try await floodsTold() == 1)
    }

    /// Who takes away what it laid, and lays as much again, is no better.
    @Test func isAFloodThoughItGoesInBetween() async throws {
        try await meetAgent()
        for look in 1...3 {
            try await lay(1...70)
            try await house.sweep.turn()
            #expect(try await floodsTold() == (look == 3 ? 1 : 0))
            try await house.queue.link(for: Fixtures.agent).restartUp()
            try await house.sweep.turn()
        }
    }

    /// What no honest agent ever has to tell is not looked at twice.
    @Test func isAFloodAtOnceWhereNobodyHasSoMuch() async throws {
        try await meetAgent()
        try await lay(1...513)
        try await house.sweep.turn()
        #expect(try await waiting() == 0)
        #expect(try await floodsTold() == 1)
    }
}

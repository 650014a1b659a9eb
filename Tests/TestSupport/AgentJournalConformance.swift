package import JobKit
import Testing

/// What every journal has to do; run on memory and on a file alike.
package struct AgentJournalConformance: Sendable {
    /// A journal on the same place each time it is called, as after a restart.
    package let open: @Sendable () throws -> any AgentJournal

    package init(open: @escaping @Sendable () throws -> any AgentJournal) { self.open = open }

    /// Every check, by name.
    package static let checks:
        [(name: String, run: @Sendable (AgentJournalConformance) async throws -> Void)] =
            [
                ("is empty at first", { try await $0.isEmptyAtFirst() }),
                ("gives back what was appended, in order, after a restart", { try await $0.keepsOrder() }),
                ("holds only the new lines after a replacement", { try await $0.replaces() }),
                ("goes on behind a replacement", { try await $0.goesOn() }),
                ("archives what dropped lines told", { try await $0.archives() }),
                ("keeps every kind of line exactly", { try await $0.keepsLines() }),
            ]

    private static let identity = JournalEntry.identity(agent: Fixtures.agent, machine: "m")

    private func isEmptyAtFirst() async throws { #expect(try await open().load().isEmpty) }

    private func keepsOrder() async throws {
        let journal = try open()
        _ = try await journal.load()
        try await journal.append([Self.identity, .acknowledged(1)])
        try await journal.append([.acknowledged(2)])
        #expect(try await open().load() == [Self.identity, .acknowledged(1), .acknowledged(2)])
    }

    private func replaces() async throws {
        let journal = try open()
        _ = try await journal.load()
        try await journal.append([Self.identity, .acknowledged(1)])
        try await journal.replace(with: [.acknowledged(7)], archiving: [])
        #expect(try await open().load() == [.acknowledged(7)])
    }

    private func archives() async throws {
        var order = Fixtures.order()
        let ends: [AttemptSummary.End?] = [
            nil, .withdrawn, .waiting, .refused(Refusal(.policy, "no \u{1F9C0}\n")),
            .ended(.sample(.interrupted(.hostRestarted))),
            .ended(.sample(.signalled(number: 9), hasLog: false)),
        ]
        let past = ends.enumerated().map { index, end in
            order.attempt = AttemptID(job: order.attempt.job, number: index + 1)
            return AttemptSummary(order: order, end: end)
        }
        let journal = try open()
        _ = try await journal.load()
        #expect(try await journal.archive() == [])
        try await journal.replace(with: [Self.identity], archiving: Array(past.prefix(2)))
        try await journal.replace(with: [Self.identity], archiving: [])
        let again = try open()
        #expect(try await again.load() == [Self.identity])
        try await again.replace(with: [], archiving: Array(past.dropFirst(2)))
        #expect(try await again.archive() == past)
        #expect(try await open().archive() == past)
    }

    private func goesOn() async throws {
        let journal = try open()
        _ = try await journal.load()
        try await journal.replace(with: [Self.identity], archiving: [])
        try await journal.append([.acknowledged(8)])
        let again = try open()
        #expect(try await again.load() == [Self.identity, .acknowledged(8)])
        try await again.append([.acknowledged(9)])
        #expect(try await open().load() == [Self.identity, .acknowledged(8), .acknowledged(9)])
    }

    private func keepsLines() async throws {
        let attempt = AttemptID(job: Fixtures.jobID(), number: 3)
        let lines: [JournalEntry] = [
            Self.identity, .received(kind: .cancel, payload: [0, 255, 10]),
            .poison(payload: [255, 0]),
            .event(payload: [UInt8](repeating: 7, count: 100_000)), .acknowledged(0),
            .checkpoint(
                received: StreamPosition(epoch: 2, number: 9), downHead: ChainHead(after: [1]), cursor: 4,
                upHead: ChainHead(after: [2])),
            .progress(attempt, hasBegun: true, logged: 12, isCancelled: false, isCarriedOver: true),
            .epoch(7, keeping: [attempt]),
            .starting(attempt),
        ]
        let journal = try open()
        _ = try await journal.load()
        try await journal.append(lines)
        #expect(try await open().load() == lines)
        try await journal.note(.starting(attempt))
        #expect(try await open().load() == lines + [.starting(attempt)])
    }
}

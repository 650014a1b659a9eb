import Synchronization

/// A journal in memory, for tests and the simulator; passes the same suite as the one on disk.
public final class MemoryAgentJournal: AgentJournal {
    private let entries: Mutex<[JournalEntry]>
    private let past = Mutex<[AttemptSummary]>([])

    /// A journal that holds these lines.
    public init(_ entries: [JournalEntry] = []) { self.entries = Mutex(entries) }

    /// Every line, from the oldest.
    public func load() async throws(JournalError) -> [JournalEntry] { entries.withLock { $0 } }

    /// Adds lines.
    public func append(_ entries: [JournalEntry]) async throws(JournalError) {
        self.entries.withLock { $0 += entries }
    }

    /// Adds a line.
    public func note(_ entry: JournalEntry) async throws(JournalError) { try await append([entry]) }

    /// Puts these lines in place of all others.
    public func replace(
        with entries: [JournalEntry], archiving past: [AttemptSummary]
    ) async throws(JournalError) {
        self.past.withLock { $0 += past }
        self.entries.withLock { $0 = entries }
    }

    /// What was archived, from the oldest.
    public func archive() async throws(JournalError) -> [AttemptSummary] { past.withLock { $0 } }
}

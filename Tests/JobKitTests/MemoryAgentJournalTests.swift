import JobKit
import TestSupport
import Testing

@Suite("The journal in memory") struct MemoryAgentJournalTests {
    @Test(arguments: AgentJournalConformance.checks.indices)
    func does(_ check: Int) async throws {
        let journal = MemoryAgentJournal()
        try await AgentJournalConformance.checks[check].run(AgentJournalConformance { journal })
    }
}

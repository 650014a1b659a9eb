import JobKit
import TestSupport
import Testing

@Suite("The wire in memory", .timeLimit(.minutes(1))) struct MemoryJobQueueTests {
    @Test(arguments: JobQueueConformance.checks.indices)
    func does(_ check: Int) async throws {
        let queue = MemoryJobQueue()
        try await JobQueueConformance.checks[check].run(
            JobQueueConformance(
                panel: queue, agent: queue.link(for: Fixtures.agent),
                other: queue.link(for: Fixtures.otherAgent),
                agentID: Fixtures.agent, otherID: Fixtures.otherAgent))
    }
}

import JobKit
import RedisQueue
import TestSupport
import Testing

@Suite("The wire on a real Redis", .timeLimit(.minutes(1))) struct RedisJobQueueTests {
    @Test(arguments: JobQueueConformance.checks.indices)
    func does(_ check: Int) async throws {
        let server = try await RedisServer.start()
        let queue = try RedisJobQueue(url: server.socketURL, name: "test")
        try await JobQueueConformance.checks[check].run(
            JobQueueConformance(
                panel: queue, agent: try queue.link(for: Fixtures.agent),
                other: try queue.link(for: Fixtures.otherAgent),
                agentID: Fixtures.agent, otherID: Fixtures.otherAgent))
    }
}

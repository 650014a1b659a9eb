import JobKit
import RedisQueue
import TestSupport
import Testing

@Suite("The wire on a real Redis", .timeLimit(.minutes(1))) struct RedisJobQueueTests {
    /// Each promise is kept on Redis as installed, on its oldest version, and on Valkey.
    @Test(arguments: RedisKind.present, JobQueueConformance.checks.indices)
    func does(_ kind: RedisKind, _ check: Int) async throws {
        let server = try await RedisServer.start(kind)
        let queue = try RedisJobQueue(url: server.socketURL, name: "test")
        try await JobQueueConformance.checks[check].run(
            JobQueueConformance(
                panel: queue, agent: try queue.link(for: Fixtures.agent),
                other: try queue.link(for: Fixtures.otherAgent),
                agentID: Fixtures.agent, otherID: Fixtures.otherAgent))
    }

    #if arch(x86_64)
        @Test(arguments: RedisKind.allCases) func isTriedOn(_ kind: RedisKind) {
            #expect(kind.isThere, "'\(kind.rawValue)' is missing; scripts/packages test brings it")
        }
    #endif
}

import ManifestKit
import TestSupport
import Testing

@Suite(
    "A script that takes more memory than there is", .enabled(if: MemoryGroup.isPossible, MemoryGroup.needs),
    .timeLimit(.minutes(5)))
struct MemoryTests {
    /// Becomes a program that keeps all of a line without an end.
    private static let greedy = TestApplication(
        id: "greedy",
        script: """
            echo ready
            exec tail /dev/zero
            """)

    /// F40: the kernel kills the script for want of memory: the job has failed by signal 9, and for that reason; the
    /// next one has its own end.
    @Test func f40SaysThatMemoryRanOut() async throws {
        try await House.run([Self.greedy, .greeting, Self.killed], withAgent: false) { house in
            let group = try MemoryGroup(named: "provision-test-\(house.redis.port)", mebibytes: 256)
            let agent = try house.anotherAgent(under: group.wrapper)
            try agent.start()
            try await eventually("an agent that the panel knows") { try await house.server() != nil }
            let id = try await house.install("greedy")
            let job = try await house.end(of: id)
            #expect(job["status"] == "failed")
            #expect(job["reason"] == "out_of_memory")
            #expect(job["exit_code"] == 137)
            let result = job["attempts"]?.array?.last?.object?["result"]?.object
            #expect(result?["ending"] == "signalled")
            #expect(result?["signal"] == 9)
            #expect(result?["out_of_memory"] == true)
            #expect(try await house.output(of: id) == "ready\n")

            // What happened before is not laid to it.
            let next = try await house.end(of: house.install("killed"))
            #expect(next["reason"] == "signal")
            #expect(next["exit_code"] == 137)
            try await house.expectTruth()
            agent.kill()
            try await eventually("an end of all in the group") { group.isEmpty }
        }
    }

    private static let killed = TestApplication(id: "killed", script: "kill -9 $$")
}

import ManifestKit
import TestSupport
import Testing

@Suite(
    "An agent whose disk is full", .enabled(if: House.hasRoot && SmallDisk.isPossible, SmallDisk.needs),
    .timeLimit(.minutes(5)))
struct AgentFullDiskTests {
    /// F41: where there is room for the journal and none for an attempt, the job is refused before it begins.
    @Test func f41RefusesWhatHasNoRoom() async throws {
        try await House.run([.greeting], withAgent: false) { house in
            try await house.withSmallDisk(megabytes: 8) { disk in
                _ = try await house.end(of: house.install(number: 1, "greeting"))
                try await house.expectNothingLeft()
                try disk.fill(leaving: 512)
                let id = try await house.install(number: 2, "greeting")
                let job = try await house.end(of: id)
                #expect(job["status"] == "refused")
                #expect(job["reason"] == "policy")
                #expect(job["detail"]?.string?.contains("No space left on device") == true, "\(job)")
                #expect(house.told("began", of: id) == 0)
                disk.makeRoom()
                let next = try await house.install(number: 3, "greeting")
                #expect(try await house.end(of: next)["status"] == "succeeded")
                try await house.expectTruth()
            }
        }
    }

    /// F41: an agent that cannot write its journal ends; once there is room it takes in what waited for it.
    @Test func f41StartsNothingThatIsNotWritten() async throws {
        try await House.run([.greeting], withAgent: false) { house in
            try await house.withSmallDisk(megabytes: 4) { disk in
                try disk.fill()
                // What is left of the journal's last page may still hold a job or two.
                try await house.install("greeting", until: house.agent, atMost: 10)
                #expect(try await house.agent.end() == 1)
                #expect(house.agent.output.contains("No space left on device"))
                #expect(house.witness.isEmpty)
                disk.makeRoom()
                try await house.startAgent()
                for id in house.accepted {
                    let job = try await house.end(of: id)
                    #expect(job["status"] == (house.told("began", of: id) == 0 ? "refused" : "succeeded"))
                }
                #expect(!house.witness.isEmpty)
                try await house.expectTruth()
            }
        }
    }

    /// Says more than the reserve holds, once the test has filled the disk.
    private static let talker = TestApplication(
        id: "talker",
        script: """
            echo ready
            wait_for full
            head -c 3000000 /dev/zero | tr '\\0' x
            echo end
            end 3
            """)

    /// F41: the disk becomes full under a script: agent after agent ends; the script goes on to its end, of which
    /// the result is kept and the log is cut where it says so.
    @Test func f41KeepsTheResultUntilThereIsRoom() async throws {
        try await House.run([Self.talker, .greeting], withAgent: false) { house in
            try await house.withSmallDisk(megabytes: 8) { disk in
                let id = try await house.install("talker")
                try await house.waitForOutput(of: id, holding: "ready\n")
                try disk.fill()
                try house.openGate("full")
                #expect(try await house.agent.end(within: .seconds(20)) == 1)
                #expect(house.agent.output.contains("No space left on device"))
                try await eventually("an end of the script and its runner") {
                    house.told("done", of: id) == 1
                        && ProcessTable.processes(with: "\(disk.path)/attempts/\(id)").isEmpty
                }
                // Whoever starts agents anew does so as often as they end.
                try house.agent.start()
                #expect(try await house.agent.end(within: .seconds(20)) == 1)
                #expect(try await house.job(id)["status"] == "running")

                disk.makeRoom()
                try await house.startAgent()
                let job = try await house.end(of: id)
                #expect(job["exit_code"] == 3)
                let log = job["attempts"]?.array?.last?.object?["result"]?.object?["log"]?.object
                #expect(log?["cut_bytes"]?.integer ?? 0 > 1_000_000)
                let text = try await house.output(of: id)
                #expect(text.contains("bytes of output are left out here"))
                #expect(text.hasSuffix("xend\n"))
                _ = try await house.end(of: house.install(number: 1, "greeting"))
                try await house.expectTruth()
                house.expectEachRunOnce()
            }
        }
    }
}

extension House {
    /// Runs `body` with the agent's state on a disk of that size.
    fileprivate func withSmallDisk(megabytes: Int, _ body: (SmallDisk) async throws -> Void) async throws {
        let disk = try SmallDisk(at: agentState, megabytes: megabytes)
        defer { withExtendedLifetime(disk) {} }
        try await startAgent()
        try await body(disk)
        agent.kill()
    }
}

import ManifestKit
import TestSupport
import Testing

@Suite(
    "The agent's journal cannot be written", .enabled(if: House.hasRoot, House.needsRoot),
    .enabled(if: FailingDisk.isPossible, FailingDisk.needs), .timeLimit(.minutes(5)))
struct AgentDiskTests {
    /// F42: the disk under the journal fails while a script runs: the agent ends, the script does not.
    @Test func f42LeavesARunningScriptAlone() async throws {
        try await House.run([.patient, .greeting]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            let next = try await house.install("greeting", ["who": "you"])
            let disk = try await FailingDisk(of: house.agent, folder: house.agentFolder)
            #expect(try await house.agent.end(within: .seconds(10)) == 1)
            disk.end()
            let lines = house.plainLog(of: id).count
            try await eventually("a script that goes on") { house.plainLog(of: id).count > lines + 20 }
            #expect(house.told("began", of: next) == 0)
            try await house.startAgent()
            try house.openGate("go")
            #expect(try await house.end(of: id)["exit_code"] == 3)
            #expect(try await house.end(of: next)["status"] == "succeeded")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F42: the disk fails when there is a message to be written: nothing is started, and it is taken in later.
    @Test func f42StartsNothingThatIsNotWritten() async throws {
        try await House.run([.greeting]) { house in
            let disk = try await FailingDisk(of: house.agent, folder: house.agentFolder)
            let id = try await house.install("greeting", ["who": "you"])
            #expect(try await house.agent.end(within: .seconds(10)) == 1)
            disk.end()
            #expect(house.witness.isEmpty)
            #expect(try await house.job(id)["status"] == "queued")
            try await house.startAgent()
            #expect(try await house.end(of: id)["status"] == "succeeded")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

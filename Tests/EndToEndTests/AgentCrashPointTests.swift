import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

@testable import ExecKit

@Suite(
    "The agent or its runner dies between two steps", .enabled(if: House.hasRoot, House.needsRoot),
    .enabled(if: House.hasCrashPoints, House.needsCrashPoints), .timeLimit(.minutes(5)))
struct AgentCrashPointTests {
    private static let agentPoints = CrashPoint.allCases.filter { $0.program == .agent }
    private static let runnerPoints = CrashPoint.allCases.filter { $0.program == .runner }

    /// F26: the agent is killed at each of its points, and every script runs once and to its end.
    @Test(arguments: agentPoints, 1...3) func f26AgentDies(at point: CrashPoint, passage: Int) async throws {
        try await runsEveryScriptOnce(dyingAt: point, passage)
    }

    /// F27: the agent is killed when its claim is written and no permit has come: it claims again.
    @Test(arguments: [CrashPoint.claimAfter, .eventAfterXadd]) func f27ClaimsAgain(after point: CrashPoint)
        async throws
    {
        try await runsEveryScriptOnce(dyingAt: point, 1)
    }

    /// F28: the agent is killed when it may start a script and has not: the next one asks anew.
    @Test func f28AsksAgainForAPermitThatItDidNotUse() async throws {
        try await House.run([.greeting]) { house in
            try house.startAgent(dyingAt: .permit)
            try await house.install("greeting", until: house.agent)
            #expect(house.witness.isEmpty)
            #expect(house.runners().isEmpty)
            try await house.reviveAgent()
            _ = try await house.end(of: house.accepted[0])
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F57: a job that agents die of three times is refused, and the queue moves on.
    @Test func f57LeavesAJobAloneThatAgentsDieOf() async throws {
        try await House.run([.greeting]) { house in
            try house.startAgent(dyingAt: .permit)
            try await house.install("greeting", until: house.agent)
            for _ in 2...3 {
                try house.startAgent(dyingAt: .permit)
                #expect(try await house.agent.end() == 128 + Int(SIGKILL))
            }
            house.agent.change(["PROVISION_CRASH_AT": nil])
            try await house.startAgent()
            let poison = try await house.end(of: house.accepted[0])
            #expect(poison["status"] == "refused")
            #expect(poison["reason"] == "poison")
            let next = try await house.end(of: house.install(number: 2, "greeting"))
            #expect(next["status"] == "succeeded")
            try await house.expectTruth()
            #expect(house.told("began", of: house.accepted[0]) == 0)
        }
    }

    private func runsEveryScriptOnce(dyingAt point: CrashPoint, _ passage: Int) async throws {
        try await House.run([.greeting]) { house in
            try house.startAgent(dyingAt: point, passage: passage)
            let count = try await house.install("greeting", until: house.agent)
            try await house.reviveAgent()
            _ = try await house.install(number: count + 1, "greeting")
            for id in house.accepted { #expect(try await house.end(of: id)["status"] == "succeeded") }
            try await house.expectNothingLeft()
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F26: a runner is killed at each of its points while its agent looks on.
    @Test(arguments: runnerPoints, 1...3) func f26RunnerDies(at point: CrashPoint, passage: Int) async throws
    {
        try await House.run([.greeting]) { house in
            try house.startAgent(dyingAt: point, passage: passage)
            for number in 1...passage + 1 {
                let id = try await house.install(number: number, "greeting")
                let job = try await house.end(of: id)
                guard number == passage else {
                    #expect(job["status"] == "succeeded")
                    continue
                }
                Self.expect(point.fate, of: job)
                #expect(house.told("began", of: id) == (point.fate.ran ? 1 : 0))
            }
            try await house.expectNothingLeft()
            try await house.expectTruth(isAnythingStruck: true)
        }
    }

    /// F26: a runner is killed at the end of its script while no agent is there; the next one finds what it left.
    @Test(arguments: [CrashPoint.resultBeforeFsync, .resultAfterRename], 1...3)
    func f26RunnerDiesAlone(at point: CrashPoint, passage: Int) async throws {
        try await House.run([.greeting, .patient]) { house in
            try house.startAgent(dyingAt: point, passage: passage)
            for number in 1..<passage {
                _ = try await house.end(of: house.install(number: number, "greeting"))
            }
            let id = try await house.install(number: passage, "patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            house.agent.kill()
            try house.openGate("go")
            try await eventually("an end of the runner") { house.runner(of: id) == nil }
            // A runner that comes to its own end takes the cgroup away.
            #expect(house.controlGroups().map(\.description) == ["\(id)-1"])

            house.agent.change(["PROVISION_CRASH_AT": nil])
            try await house.startAgent()
            let job = try await house.end(of: id)
            #expect(job["exit_code"] == (point == .resultAfterRename ? 3 : .null))
            #expect(job["reason"] == (point == .resultAfterRename ? "exit" : "interrupted"))
            _ = try await house.end(of: house.install(number: passage + 1, "greeting"))
            try await house.expectNothingLeft()
            try await house.expectTruth(isAnythingStruck: true)
        }
    }

    private static func expect(_ fate: Fate, of job: JSONObject) {
        #expect(job["status"] == .string(fate.status))
        #expect(job["reason"] == fate.reason)
    }
}

/// What has to become of a job whose runner dies.
private enum Fate {
    /// Nothing ran, and that is known.
    case refused
    /// It may have run; nobody knows its end.
    case interrupted(ran: Bool)
    /// Its end is on the disk.
    case succeeded

    var status: String {
        switch self {
        case .refused: "refused"
        case .interrupted: "failed"
        case .succeeded: "succeeded"
        }
    }

    var reason: JSONValue? {
        switch self {
        case .refused: "policy"
        case .interrupted: "interrupted"
        case .succeeded: .null
        }
    }

    var ran: Bool {
        switch self {
        case .refused: false
        case .interrupted(let ran): ran
        case .succeeded: true
        }
    }
}

extension CrashPoint {
    /// What has to become of a job whose runner dies at this point, by the table of recovery.
    fileprivate var fate: Fate {
        switch self {
        case .spawnAfterBegan: .interrupted(ran: false)
        case .resultBeforeFsync: .interrupted(ran: true)
        case .resultAfterRename: .succeeded
        default: .refused
        }
    }
}

extension House {
    /// The attempts of this house that have a cgroup.
    func controlGroups() -> [AttemptID] { AttemptGroups(state: agentState).attempts() }

    /// Neither folders nor cgroups of attempts stay behind once the panel has their ends.
    func expectNothingLeft() async throws {
        try await eventually("an end of all folders of attempts") {
            FileTree.files(below: "\(agentState)/attempts").isEmpty
        }
        try await eventually("an end of all cgroups") { controlGroups().isEmpty }
    }
}

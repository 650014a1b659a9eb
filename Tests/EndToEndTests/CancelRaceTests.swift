import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

@Suite(
    "A cancel and what it races with", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(House.isLongRun ? 90 : 5)))
struct CancelRaceTests {
    private static let brief = TestApplication(id: "brief", script: "echo here; end 0")
    private static let races = House.isLongRun ? 10_000 : 500

    /// F53: whenever the cancel comes, before the start, at the exit or while the result is on its way, the state is
    /// what the script itself tells.
    @Test func f53IsWhatHappenedWheneverTheCancelComes() async throws {
        try await House.run([Self.brief]) { house in
            var random = SeededGenerator(seed: 53)
            // About as long as a job lives that nobody calls off; races that come too late tell it anew.
            var life = 0.1
            var ends: [String: Int] = [:]
            for _ in 1...Self.races {
                let accepted = ContinuousClock.now
                let id = try await house.install("brief")
                // Sooner more often than later: much happens in the beginning.
                let part = Double.random(in: 0...1, using: &random)
                try await letPass(.seconds(life * part * part))
                let answer = try await house.api.send("POST", "/api/jobs/\(id)/cancel")
                let job = try await house.end(of: id)
                let end = "\(job["status"]?.string ?? "?") \(job["reason"]?.string ?? "")"
                #expect(Self.ends(after: answer.status).contains(end), "\(answer.status): \(end)")
                ends["\(answer.status): \(end)", default: 0] += 1
                if end == "succeeded " {
                    life = 0.8 * life + 0.2 * ((ContinuousClock.now - accepted) / .seconds(1))
                }
            }
            for end in ["200: cancelled before_start", "202: cancelled running", "409: succeeded "] {
                #expect(ends[end] ?? 0 > 0, "no race came out as '\(end)': \(ends)")
            }
            try await house.expectTruth()
        }
    }

    /// How a job may end that was answered so.
    private static func ends(after status: Int) -> [String] {
        switch status {
        case 200: ["cancelled before_start"]
        case 202: ["cancelled before_start", "cancelled running", "succeeded "]
        case 409: ["succeeded "]
        default: []
        }
    }

    /// F54: called off while its agent is away, a job never begins, however far it had come.
    @Test(arguments: [AgentsAbsence.beforeTheMessage, .behindAnother, .afterItsClaim])
    func f54NeverBeginsWhatIsCalledOffMeanwhile(_ absence: AgentsAbsence) async throws {
        try await House.run([.patient, .greeting]) { house in
            if absence == .behindAnother {
                let first = try await house.install("patient")
                try await house.waitForOutput(of: first, holding: "line 1\n")
            }
            if absence == .afterItsClaim {
                try house.startAgent(dyingAt: .permit)
            } else if absence == .beforeTheMessage {
                house.agent.kill()
            }
            let id = try await house.install("greeting", ["who": "you"])
            switch absence {
            case .beforeTheMessage: break
            case .behindAnother:
                try await eventually("a message that is received") {
                    try await house.server()?["undelivered"] == 0
                }
                house.agent.kill()
            case .afterItsClaim:
                #expect(try await house.agent.end() == 128 + Int(SIGKILL))
                #expect(try await house.job(id)["status"] == "running")
            }
            let answer = try await house.api.send("POST", "/api/jobs/\(id)/cancel")
            #expect(answer.status == (absence == .afterItsClaim ? 202 : 200))

            house.agent.change(["PROVISION_CRASH_AT": nil])
            try await house.startAgent()
            try house.openGate("go")
            let next = try await house.install("greeting", ["who": "me"])
            #expect(try await house.end(of: next)["status"] == "succeeded")
            let job = try await house.end(of: id)
            #expect(job["status"] == "cancelled")
            #expect(job["reason"] == "before_start")
            #expect(house.told("began", of: id) == 0)
            try await house.expectTruth()
        }
    }
}

/// How far a job has come when its agent goes away.
enum AgentsAbsence: Sendable {
    /// The agent has never heard of it.
    case beforeTheMessage
    /// It waits in the agent's journal for its turn.
    case behindAnother
    /// Its claim is known to the panel, and the agent had its permit.
    case afterItsClaim
}

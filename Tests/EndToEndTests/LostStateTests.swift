import Glibc
import ManifestKit
import TestSupport
import Testing

/// What an agent knows of a script that runs is gone, of the one attempt or all of it; the script is not beyond reach.
@Suite(
    "State that is gone under a script", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5))
)
struct LostStateTests {
    /// Takes its own folder away at its first attempt once it is told to, and waits.
    private static let hidden = TestApplication(
        id: "hidden", isIdempotent: true, more: "retry: {max_attempts: 2, backoff: fixed, base: 1s}",
        script: """
            if [[ $PROVISION_ATTEMPT == 1 ]]; then
                echo here
                wait_for hide
                cd / && rm -rf "${PROVISION_WORK_DIR%/work}" && tell hidden
            fi
            wait_for "go-$PROVISION_ATTEMPT"
            end 0
            """)

    /// Only once its agent knows its runner: before that, it would be ended half-way through.
    private func hide(_ id: String, in house: House) async throws {
        try await house.waitForOutput(of: id, holding: "here\n")
        try house.openGate("hide")
        try await eventually("a script without a folder") { house.told("hidden", of: id) == 1 }
    }

    /// G4, G6: it is ended before the job is tried again, and before any other script begins.
    @Test func isEndedBeforeAnotherBegins() async throws {
        try await House.run([Self.hidden]) { house in
            let id = try await house.install("hidden")
            try await hide(id, in: house)
            let old = house.scripts(of: id).map(\.pid)
            #expect(!old.isEmpty)
            house.agent.kill()
            try await house.startAgent()
            try await eventually("the next attempt") { house.told("began", of: id) == 2 }
            #expect(Set(house.scripts(of: id).map(\.pid)).isDisjoint(with: old))
            try house.openGate("go-2")
            let job = try await house.end(of: id)
            #expect(job["status"] == "succeeded")
            let first = job["attempts"]?.array?.first?.object?["result"]?.object
            #expect(first?["cause"] == "state_lost" && first?["survivors"] == 0)
        }
    }

    /// G13: a cancel ends it, whether its agent has been there all the time or not.
    @Test(arguments: [false, true]) func isEndedByACancel(agentIsNew: Bool) async throws {
        try await House.run([Self.hidden, .patient]) { house in
            let id = try await house.install("hidden")
            try await hide(id, in: house)
            if agentIsNew { house.agent.kill() }
            #expect(try await house.api.send("POST", "/api/jobs/\(id)/cancel").status == 202)
            if agentIsNew { try await house.startAgent() }
            let job = try await house.end(of: id, within: .seconds(20))
            #expect(job["status"] != "succeeded")
            #expect(house.scripts(of: id).isEmpty)
            #expect(house.told("began", of: id) == 1)
        }
    }

    /// G4: the state folder is moved away, as for a server that is enrolled anew.
    @Test func isEndedByAnAgentWithANewState() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            try await house.agent.stop()
            #expect(!house.scripts(of: id).isEmpty)
            #expect(rename(house.agentState, "\(house.agentState).old") == 0)
            try house.agent.start()
            _ = try await house.agent.line(with: "script ended whose folder in AGENT_STATE is gone")
            _ = try await house.agent.line(with: "agent works")
            #expect(house.scripts(of: id).isEmpty)
        }
    }
}

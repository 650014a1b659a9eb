import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

/// How far the agent had come when its state was kept.
enum KeptState: String, CaseIterable, Sendable {
    /// Nothing was under way.
    case idle
    /// One script ran, and another job waited behind it.
    case busy
}

@Suite(
    "An agent's journal is lost, damaged, or an old one", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(5)))
struct AgentStateTests {
    /// F43: without its journal an agent that was idle meets a panel that knows more of it: it starts nothing, and
    /// both sides say so.
    @Test func f43StartsNothingWithoutItsJournal() async throws {
        try await House.run([.greeting]) { house in
            _ = try await house.end(of: house.install(number: 1, "greeting"))
            try await house.expectNothingLeft()
            try await house.agent.stop()
            FileTree.remove(house.journal)
            try await house.startAgent()
            try await house.expectHalt()
            try await house.enrolAnew()
            let next = try await house.install(number: 3, "greeting")
            #expect(try await house.end(of: next)["status"] == "succeeded")
            try await house.expectTruth()
        }
    }

    /// F43: without its journal an agent does not start beside an attempt of which it knows nothing.
    @Test func f43DoesNotStartBesideAnAttemptThatItDoesNotKnow() async throws {
        try await House.run([.patient, .greeting]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            house.agent.kill()
            FileTree.remove(house.journal)
            for _ in 1...2 {
                try house.agent.start()
                #expect(try await house.agent.end() == 1)
                #expect(house.agent.output.contains("no journal of them; move AGENT_STATE away"))
            }
            #expect(!house.scripts(of: id).isEmpty)
            #expect(try await house.job(id)["status"] == "running")

            try await house.enrolAnew()
            let body = #"{"operator":"alice","note":"its journal is lost"}"#
            #expect(try await house.api.post("/api/jobs/\(id)/abandon", body.utf8).status == 200)
            try house.openGate("go")
            let next = try await house.install(number: 1, "greeting")
            #expect(try await house.end(of: next)["status"] == "succeeded")
            #expect(house.told("began", of: id) == 1)
            try await house.expectTruth()
        }
    }

    /// F43: a bit of the journal is another: the agent does not start; with the true bit it does, and repeats nothing.
    @Test func f43DoesNotStartOnADamagedJournal() async throws {
        try await House.run([.greeting]) { house in
            for number in 1...2 { _ = try await house.end(of: house.install(number: number, "greeting")) }
            try await house.agent.stop()
            let journal = FileTree.bytes(house.journal)
            var random = SeededGenerator(seed: 43)
            for _ in 1...(House.isLongRun ? 200 : 8) {
                var damaged = journal
                let index = Int.random(in: damaged.indices, using: &random)
                damaged[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
                try FileTree.write(damaged, to: house.journal)
                try house.agent.start()
                #expect(try await house.agent.end() == 1, "byte \(index)")
                #expect(house.agent.output.contains("is damaged at byte"), "byte \(index)")
                #expect(FileTree.bytes(house.journal) == damaged, "byte \(index)")
            }
            try FileTree.write(journal, to: house.journal)
            try await house.startAgent()
            _ = try await house.install(number: 3, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F45: the server is set back to an older state: the panel's word is ahead of the journal, so that nothing of
    /// what it had acknowledged runs again, nor anything new.
    @Test(arguments: KeptState.allCases) func f45RepeatsNothingOnAnOlderState(_ kept: KeptState) async throws
    {
        try await House.run([.patient, .greeting]) { house in
            if kept == .busy {
                let first = try await house.install("patient")
                try await house.waitForOutput(of: first, holding: "line 1\n")
                _ = try await house.install(number: 1, "greeting")
                try await eventually("an agent that has both") {
                    try await house.server()?["undelivered"] == 0
                }
            } else {
                _ = try await house.end(of: house.install(number: 1, "greeting"))
                try await house.expectNothingLeft()
            }
            try await house.agent.stop()
            let snapshot = "\(house.agentState)-before"
            try FileTree.copy(house.agentState, to: snapshot)
            try await house.startAgent()
            try house.openGate("go")
            _ = try await house.install(number: 2, "greeting")
            for id in house.accepted { _ = try await house.end(of: id) }
            try await house.expectNothingLeft()
            try await house.agent.stop()
            let witness = house.witness

            house.agent.change(["AGENT_STATE": snapshot])
            try await house.startAgent()
            try await house.expectHalt()
            #expect(house.witness == witness)
            try await house.enrolAnew()
            let next = try await house.install(number: 4, "greeting")
            #expect(try await house.end(of: next)["status"] == "succeeded")
            try await house.expectTruth()
        }
    }
}

extension House {
    fileprivate var journal: String { "\(agentState)/journal" }

    /// The agent takes the panel's history for another than its own: it says so, so does the panel, and a new job waits.
    fileprivate func expectHalt(sourceLocation: Testing.SourceLocation = #_sourceLocation) async throws {
        let id = try await install(number: 1000, "greeting")
        _ = try await agent.line(with: "reason=forked")
        try await eventually("the halt at the API") { try await server()?["halted"] == "forked" }
        try await throughout("nothing begins", for: .seconds(2)) { told("began", of: id) == 0 }
        #expect(try await job(id)["status"] == "queued", sourceLocation: sourceLocation)
    }

    /// Brings the server back under a new key, with a history of its own.
    fileprivate func enrolAnew() async throws {
        agent.kill()
        let revoked = try await api.send("POST", "/api/servers/\(Fixtures.agent)/revoke")
        let generation = try #require(try revoked.json["key_generation"]?.integer)
        agent.change([
            "AGENT_STATE": "\(agentState)-anew", "SECRET_KEY": nil,
            "AGENT_KEY": Fixtures.rootKey.agentKey(for: Fixtures.agent, generation: Int(generation)),
        ])
        try agent.start()
        try await eventually("a server that is back") { try await server()?["status"] == "online" }
    }
}

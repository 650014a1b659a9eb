import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

@testable import ExecKit

@Suite(
    "Twins and set-back panels", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct IdentityTests {
    /// F44: the copy of a server is another machine: its agent does not start on the copied journal.
    @Test func f44DoesNotStartOnAnotherMachine() async throws {
        try await House.run([.greeting]) { house in
            _ = try await house.install(number: 1, "greeting")
            for id in house.accepted { _ = try await house.end(of: id) }
            try await house.agent.stop()
            let twin = try house.twin { copy in
                // A machine of its own: its name, and no network that the first one has.
                let machineID = "\(copy)/machine-id"
                try FileTree.write(Array("0123456789abcdef0123456789abcdef\n".utf8), to: machineID)
                let mount = #"mount --bind "$0" /etc/machine-id && exec "$@""#
                return [
                    "unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", mount, machineID,
                ]
            }
            try await house.startAgent()
            try twin.start()
            #expect(try await twin.end() == 1)
            #expect(twin.output.contains("the journal belongs to another machine"), "\(twin.output)")
            _ = try await house.install(number: 2, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F44: two agents with one identity, one machine's name and one history, as after the copy of a whole server:
    /// at most one of them begins an attempt, and the panel finds out.
    @Test func f44StartsAnAttemptOnceThoughTheAgentHasATwin() async throws {
        try await House.run([.greeting]) { house in
            _ = try await house.end(of: house.install(number: 1, "greeting"))
            try await house.agent.stop()
            let twin = try house.twin { _ in ["unshare", "--net"] }
            try house.agent.start()
            try twin.start()
            let group = try OwnGroup(of: twin)
            _ = try await house.agent.line(with: "agent works")
            _ = try await twin.line(with: "agent works")

            let id = try await house.install(number: 2, "greeting")
            let both = [house.agent, twin]
            try await eventually("one of them that starts nothing any more") {
                both.contains { $0.output.contains("nothing is started any more") }
            }
            try await eventually("an end of the job, or a second beginning") {
                if house.told("began", of: id) > 1 { return true }
                return try await house.job(id)["status"] == "succeeded"
            }
            try #require(house.told("began", of: id) == 1)
            // The wire keeps the last beat of either: which one the panel sees when it looks is chance.
            try await eventually("a quarantine", within: .seconds(240)) {
                try await house.server()?["quarantined"] == "identity_conflict"
            }
            // Nothing of either is believed any more, whatever it says.
            let next = try await house.install(number: 3, "greeting")
            try await throughout("nothing begins", for: .seconds(2)) { house.told("began", of: next) == 0 }
            #expect(try await house.job(next)["status"] == "queued")
            twin.kill()
            try await eventually("an end of the twin's cgroup") { group.remove() }
            #expect(try await house.api.send("POST", "/api/jobs/\(next)/cancel").status == 200)
            try await house.expectTruth()
            house.expectOnce(house.accepted.filter { $0 != next })
        }
    }

    /// Sealed before the keys were changed, opened after.
    @Test func opensWhatWasSealedWithTheKeyBefore() async throws {
        try await House.run([.greeting]) { house in
            try await house.agent.stop()
            let id = try await house.install("greeting", ["who": "you", "secret": "s3cret"])
            try await house.panel.stop()
            let keys = [
                "SECRET_KEY": "a new root secret that is long enough",
                "SECRET_KEY_PREVIOUS": Fixtures.rootSecret,
            ]
            house.panel.change(keys)
            house.agent.change(keys)
            try await house.startPanel()
            try await house.startAgent()
            #expect(try await house.end(of: id)["status"] == "succeeded")
        }
    }

    /// A record from before the last jobs: the agent sees that its own history is another, and starts nothing.
    @Test func startsNothingForAPanelThatWasSetBack() async throws {
        try await House.run([.greeting]) { house in
            _ = try await house.end(of: house.install("greeting", ["who": "first"]))
            try await house.panel.stop()
            let record = house.recordFiles().map { ($0, FileTree.bytes($0)) }
            try await house.startPanel()
            _ = try await house.end(of: house.install("greeting", ["who": "second"]))
            try await house.panel.stop()

            for path in house.recordFiles() { FileTree.remove(path) }
            for (path, bytes) in record { try FileTree.write(bytes, to: path) }
            try await house.startPanel()
            let id = try await house.install("greeting", ["who": "third"])
            _ = try await house.agent.line(with: "reason=forked")
            try await eventually("the halt at the API") { try await house.server()?["halted"] == "forked" }
            #expect(try await house.job(id)["status"] == "queued")
            #expect(house.witness.count == 4)
        }
    }

    /// New keys while events signed with the old ones are still on their way.
    @Test func goesOnUnderANewSecretWhileAScriptRuns() async throws {
        try await House.run([.patient, .greeting]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            try await house.panel.stop()
            let lines = house.plainLog(of: id).count
            try await eventually("events that nobody has taken in") {
                house.plainLog(of: id).count > lines + 60
            }
            try await house.agent.stop()
            let settings = [
                "SECRET_KEY": "another root secret that is long enough",
                "SECRET_KEY_PREVIOUS": Fixtures.rootSecret,
            ]
            house.agent.change(settings)
            house.panel.change(settings)
            try house.agent.start()
            _ = try await house.agent.line(with: "agent works")
            try await house.startPanel()
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
            let next = try await house.install("greeting", ["who": "you"])
            #expect(try await house.end(of: next)["status"] == "succeeded")
        }
    }

    /// An agent whose key is not one of the panel's is nobody.
    @Test func knowsNoAgentWithAnotherKey() async throws {
        try await House.run([.greeting], withAgent: false) { house in
            house.agent.change(["AGENT_KEY": String(repeating: "ab", count: 32), "SECRET_KEY": nil])
            try house.agent.start()
            _ = try await house.agent.line(with: "agent works")
            for _ in 0..<50 { #expect(try await house.server() == nil) }
            #expect(try await house.api.install("greeting", ["who": "you"]).status == 404)
            house.agent.kill()
            house.agent.change(["AGENT_KEY": nil, "SECRET_KEY": Fixtures.rootSecret])
            try await house.startAgent()
            let id = try await house.install("greeting", ["who": "you"])
            #expect(try await house.end(of: id)["status"] == "succeeded")
        }
    }
}

/// A cgroup for a second agent: on one machine two would stand in each other's way by the names of their attempts'.
private final class OwnGroup {
    private let path: String

    init(of agent: Program) throws {
        path = try ControlGroupPlace.own().path + "/twin-\(agent.pid)"
        mkdir(path, 0o700)
        try FileTree.write(Array("\(agent.pid)".utf8), to: "\(path)/cgroup.procs")
    }

    /// Whether it is gone, as it goes once it is empty.
    func remove() -> Bool { rmdir(path) == 0 || errno == ENOENT }

    deinit { _ = remove() }
}

extension House {
    /// An agent with a copy of the state of the one that was stopped; not started.
    ///
    /// - Parameter wrapper: makes the command that it runs under, from the copy's folder.
    fileprivate func twin(under wrapper: (String) throws -> [String]) throws -> Program {
        let state = "\(agentFolder)/twin"
        try FileTree.copy(agentState, to: state)
        let twin = try anotherAgent(under: wrapper(state))
        twin.change(["AGENT_STATE": state, "AGENT_LOGS": "\(agentFolder)/twin-logs"])
        return twin
    }

    /// These jobs ran once and to their end, one behind the other, and nothing else did.
    fileprivate func expectOnce(
        _ ids: [String], sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        #expect(witness == ids.flatMap { ["began \($0) 1", "done \($0) 1"] }, sourceLocation: sourceLocation)
    }

    /// The panel's record and what belongs to it.
    fileprivate func recordFiles() -> [String] {
        FileTree.files(below: panelFolder).filter { $0.contains("/panel.sqlite") && !$0.hasSuffix(".lock") }
    }
}

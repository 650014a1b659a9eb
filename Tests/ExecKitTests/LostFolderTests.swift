import Glibc
import JobKit
import Testing

@testable import ExecKit
@testable import JobKit

/// The folder of an attempt is gone while its script runs: taken away by the script, or by somebody who wanted room.
@Suite("An attempt without its folder (root, cgroup v2)", .timeLimit(.minutes(1))) struct LostFolderTests {
    private let server: TestServer
    private let host: ProcessAttemptHost

    init() throws {
        server = try TestServer()
        host = server.host(limits: .short())
    }

    /// An attempt whose script waits and whose folder is gone; and the script's number.
    private func folderless(on server: TestServer, _ host: ProcessAttemptHost) async throws
        -> (AttemptID, script: pid_t)
    {
        let attempt = try await server.start("echo here; exec sleep 1000", on: host)
        try await server.awaitOutput(of: attempt)
        let script = try #require(AttemptBeginning(in: server.folder(of: attempt))).script
        try Directory("\(server.places.state)/attempts").removeTree(attempt.description)
        #expect(isAlive(script))
        return (attempt, script)
    }

    private func expectLost(_ standing: AttemptStanding?) {
        guard case .ended(let result)? = standing else {
            Issue.record("\(String(describing: standing))")
            return
        }
        #expect(result.ending == .interrupted(.stateLost) && result.survivors == 0)
    }

    /// Whoever lets a next script run has ended this one before.
    @Test func isEndedBeforeAnAgentStartsAnything() async throws {
        let (attempt, script) = try await folderless(on: server, host)
        let standings = await server.host().survey()
        #expect(!isAlive(script))
        #expect(standings.count == 1)
        expectLost(standings[attempt])
        #expect(await server.host().survey().isEmpty, "of it nothing is left")
    }

    /// Its whole state was moved away, as for an agent that is enrolled anew.
    @Test func isEndedThoughNothingOfTheStateIsLeft() async throws {
        let (attempt, script) = try await folderless(on: server, host)
        #expect(rename(server.places.state, server.places.state + ".old") == 0)
        expectLost(await server.host().survey()[attempt])
        #expect(!isAlive(script))
    }

    @Test func isEndedByACancel() async throws {
        let (attempt, script) = try await folderless(on: server, host)
        await host.cancel(attempt)
        #expect(!isAlive(script))
        let run = try await server.follow(attempt, host)
        #expect(run.result?.ending == .interrupted(.stateLost))
    }

    @Test func isEndedByWhoeverFollowsIt() async throws {
        let (attempt, script) = try await folderless(on: server, host)
        let run = try await server.follow(attempt, server.host())
        #expect(run.result?.ending == .interrupted(.stateLost) && run.result?.survivors == 0)
        #expect(!isAlive(script))
    }

    /// Agents with states of their own may have their attempts in one cgroup.
    @Test func isNoOtherAgentsAffair() async throws {
        let other = try TestServer()
        let (_, script) = try await folderless(on: other, other.host(limits: .short()))
        #expect(await host.survey().isEmpty)
        #expect(isAlive(script))
        _ = await other.host().survey()
        #expect(!isAlive(script))
    }
}

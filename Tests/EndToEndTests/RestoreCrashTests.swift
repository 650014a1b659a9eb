import Glibc
import JobKit
import ManifestKit
import SQLiteStore
import TestSupport
import Testing

@Suite(
    "The panel's restoration dies between two steps", .enabled(if: House.hasRoot, House.needsRoot),
    .enabled(if: House.hasCrashPoints, House.needsCrashPoints), .timeLimit(.minutes(5)))
struct RestoreCrashTests {
    /// The record has two files beside itself, its log and the log's index, which are set aside one by one.
    private static let passages =
        [CrashPoint.restoreAfterCopy, .restoreAfterEpochs, .restoreAfterRename].map { ($0, 1) }
        + (1...4).map { (.restoreSetAside, $0) }

    /// F13: a restoration is killed at each of its steps, and the same one again serves as if nothing had been.
    ///
    /// It leaves the old record, whole, or none, for which no panel starts, or the new one; no revocation is forgotten.
    @Test(arguments: passages)
    func f13RestoresAfterARestorationThatWasKilled(at point: CrashPoint, passage: Int) async throws {
        try await House.run([.greeting]) { house in
            let revoked = Fixtures.otherAgent
            try await house.announce(revoked)
            let first = try await house.install(number: 1, "greeting")
            _ = try await house.end(of: first)
            let backup = try await house.backUp()
            let second = try await house.install(number: 2, "greeting")
            _ = try await house.end(of: second)
            try await house.revoke(revoked)
            house.panel.kill()

            let victim = try await house.endedRestoration(
                backup, ["PROVISION_CRASH_AT": "\(point.rawValue):\(passage)"])
            #expect(try await victim.end() == 128 + Int(SIGKILL))
            try await house.expectARecord(point.left(after: passage), with: [first, second])

            try await house.restore(backup)
            // What was set aside is whole: its log, where the last job may be, has its name.
            #expect(try await house.replacedJobs().contains(second))
            try await house.startPanel()
            try await eventually("an agent that has told everything") {
                try await house.status(of: Fixtures.agent)["recovering_since"] == .null
            }
            #expect(try await house.status(of: revoked)["status"] == "revoked")
            #expect(try await house.job(first)["recovered_from_agent"] == false)
            #expect(try await house.job(second)["recovered_from_agent"] == true)
            _ = try await house.end(of: house.install(number: 3, "greeting"))
            house.expectEachRunOnce()
        }
    }
}

/// What a restoration leaves that is killed.
private enum Remains {
    case oldRecord
    case nothing
    case newRecord
}

extension CrashPoint {
    fileprivate func left(after passage: Int) -> Remains {
        switch self {
        case .restoreAfterRename: .newRecord
        // At first its log has only got a second name.
        case .restoreSetAside where passage > 1: .nothing
        default: .oldRecord
        }
    }
}

extension House {
    fileprivate func expectARecord(_ remains: Remains, with jobs: [String]) async throws {
        guard remains != .nothing else {
            let end = await #expect(throws: UnexpectedEnd.self) { try await startPanel() }
            #expect(end?.code == 1)
            #expect(end?.output.contains("PANEL_DATABASE cannot be used") == true)
            return
        }
        try await startPanel()
        if remains == .oldRecord { #expect(try await Set(self.jobs()) == Set(jobs)) }
        panel.kill()
    }

    fileprivate func revoke(_ agent: AgentID) async throws {
        try #require(try await api.post("/api/servers/\(agent)/revoke", "{}".utf8).status == 200)
    }

    fileprivate func status(of agent: AgentID) async throws -> JSONObject {
        try await api.get("/api/servers/\(agent)").json
    }

    /// All jobs in records that were set aside, each with its own log.
    fileprivate func replacedJobs() async throws -> Set<String> {
        let copies = try TemporaryDirectory()
        var found: Set<String> = []
        let records = FileTree.files(below: panelFolder).filter {
            $0.contains(".replaced-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm")
        }
        for (number, record) in records.enumerated() {
            let copy = copies.path("\(number).sqlite")
            try copyRecord(record, to: copy)
            let store = try SQLiteJobStore(path: copy)
            found.formUnion(try await store.read { try $0.jobs(JobQuery()).map(\.id.description) })
            try store.close()
        }
        return found
    }
}

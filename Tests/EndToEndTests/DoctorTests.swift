import Glibc
import ManifestKit
import RedisQueue
import TestSupport
import Testing

/// `--doctor` of both services, beside those that run.
@Suite("The services' doctor", .timeLimit(.minutes(5)), .enabled(if: House.hasRoot, House.needsRoot))
struct ServiceDoctorTests {
    private func visit(_ program: Program, _ changes: [String: String?] = [:]) async throws -> (
        code: Int?, lines: [String]
    ) {
        program.change(changes)
        try program.start(["--doctor"])
        let code = try await program.end()
        return (code, program.output.split(separator: "\n").map { String($0) })
    }

    @Test func findsAHouseThatWorksWell() async throws {
        try await House.run([.greeting]) { house in
            let agent = try await visit(house.anotherAgent())
            #expect(agent.code == 0)
            #expect(!agent.lines.contains { $0.hasPrefix("fault") }, "\(agent.lines)")
            #expect(agent.lines.contains { $0.contains("an agent runs on it (process \(house.agent.pid))") })
            #expect(agent.lines.contains { $0.hasPrefix("ok      the panel spoke to this agent ") })
            #expect(agent.lines.contains { $0.hasPrefix("ok      AGENT_INSTALLERS: 1 applications") })
            #expect(agent.lines.contains { $0.hasPrefix("advice  ") && $0.contains("give it AGENT_KEY") })
            // The panel has the user of docs/operations.md from here on.
            let admin = try house.redisConnection()
            let words = try Operations.panelUser.replacing(">PASSWORD", with: ">secret").split(separator: " ")
            _ = try admin.checked(try await admin.pipeline([words.map { RedisArgument($0) }])[0])
            try await house.panel.stop()
            let url = house.redis.socketURL.replacing("unix://", with: "unix://panel:secret@")
            house.panel.change(["REDIS_URL": url])
            try await house.startPanel()
            let panel = try await visit(house.anotherPanel(), ["REDIS_URL": url])
            #expect(panel.code == 0)
            #expect(panel.lines.contains("ok      the panel's user of Redis may use 'provision:*'"))
            #expect(!panel.lines.contains { $0.hasPrefix("fault") }, "\(panel.lines)")
            #expect(
                panel.lines.contains {
                    $0.hasPrefix("ok      PANEL_DATABASE: ") && $0.hasSuffix("lines is whole")
                })
            // Both work as before.
            #expect(
                try await house.end(of: try await house.install("greeting", ["who": "me"]))["status"]
                    == "succeeded")
        }
    }

    @Test func namesWhatKeepsAnAgentFromItsWork() async throws {
        try await House.run { house in
            let agent = try house.anotherAgent()
            let stranger = try await visit(agent, ["SECRET_KEY": String(repeating: "other", count: 8)])
            #expect(stranger.code == 1)
            #expect(
                stranger.lines.contains {
                    $0.hasPrefix("fault   ") && $0.contains("not signed with this server's key")
                },
                "\(stranger.lines)")
            #expect(stranger.lines.last == "AgentDaemon: 1 fault was found")
            let lost = try await visit(
                agent,
                ["AGENT_RUNNER": "/nowhere", "REDIS_URL": "unix:///nowhere.sock", "AGENT_STATE": "/tmp"])
            #expect(lost.code == 1)
            #expect(lost.lines.filter { $0.hasPrefix("fault   ") }.count == 3, "\(lost.lines)")
            #expect(lost.lines.last == "AgentDaemon: 3 faults were found")
        }
    }

    @Test func namesWhatKeepsAPanelFromItsWork() async throws {
        try await House.run(withAgent: false) { house in
            let panel = try house.anotherPanel()
            let lost = try await visit(
                panel,
                [
                    "PANEL_INSTALLERS": "/nowhere", "PANEL_DATABSE": "/tmp/x.sqlite",
                    "PANEL_DATABASE": "/dev/null",
                    "REDIS_URL": "redis://127.0.0.1:1",
                ])
            #expect(lost.code == 1)
            #expect(lost.lines.filter { $0.hasPrefix("fault   ") }.count == 3, "\(lost.lines)")
            #expect(lost.lines.first?.hasPrefix("advice  'PANEL_DATABSE' is no setting") == true)
            let new = try await visit(
                panel, ["PANEL_DATABASE": "/nowhere.sqlite", "REDIS_URL": house.redis.socketURL])
            #expect(new.code == 1)
            #expect(access("/nowhere.sqlite", F_OK) != 0)
        }
    }
}

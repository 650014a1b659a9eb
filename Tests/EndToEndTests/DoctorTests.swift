import Glibc
import JobKit
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

    @Test(arguments: RedisKind.present) func findsAHouseThatWorksWell(_ kind: RedisKind) async throws {
        try await House.run([.greeting], of: kind) { house in
            let agent = try await visit(house.anotherAgent())
            #expect(agent.code == 0)
            #expect(!agent.lines.contains { $0.hasPrefix("fault") }, "\(agent.lines)")
            #expect(agent.lines.contains { $0.contains("an agent runs on it (process \(house.agent.pid))") })
            #expect(agent.lines.contains { $0.hasPrefix("ok      the panel spoke to this agent ") })
            #expect(agent.lines.contains { $0.hasPrefix("ok      AGENT_INSTALLERS: 1 applications") })
            #expect(agent.lines.contains { $0.hasPrefix("advice  ") && $0.contains("give it AGENT_KEY") })
            #expect(agent.lines.contains { $0.contains("reaches other agents' keys") })
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
            #expect(
                !panel.lines.contains { $0.hasPrefix("fault") || $0.contains("floods") }, "\(panel.lines)")
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
            let lost = try await visit(
                agent,
                [
                    "AGENT_RUNNER": "/nowhere", "AGENT_INSTALLERS": "/nowhere", "AGENT_STATE": "/tmp",
                    "AGENT_LOGS": "/dev/null/logs", "REDIS_URL": "unix:///nowhere.sock",
                ])
            #expect(lost.code == 1)
            #expect(lost.lines.filter { $0.hasPrefix("fault   ") }.count == 5, "\(lost.lines)")
            #expect(!lost.lines.contains { $0.contains("0 applications") }, "\(lost.lines)")
            #expect(lost.lines.last == "AgentDaemon: 5 faults were found")
            let open = try await visit(house.anotherAgent(), ["AGENT_LOGS": "/var/tmp"])
            #expect(
                open.lines.contains { $0.hasPrefix("fault   AGENT_LOGS: others may write into '/var/tmp'") })
        }
    }

    /// Beside an agent that the panel speaks to another key is wrong; without one it may be the next.
    @Test func tellsKeysApart() async throws {
        try await House.run { house in
            let key = Fixtures.rootKey.agentKey(for: Fixtures.agent)
            let right = try await visit(house.anotherAgent(), ["AGENT_KEY": key])
            #expect(right.code == 0)
            #expect(right.lines.contains { $0.hasPrefix("ok      the panel spoke to this agent ") })
            #expect(right.lines.contains { $0.hasPrefix("advice  SECRET_KEY is of no use beside AGENT_KEY") })
            let agent = try house.anotherAgent()
            let stranger = try await visit(agent, ["SECRET_KEY": String(repeating: "other", count: 8)])
            #expect(stranger.code == 1)
            #expect(
                stranger.lines.contains {
                    $0.hasPrefix("fault   ") && $0.contains("not signed with this server's key")
                },
                "\(stranger.lines)")
            #expect(stranger.lines.last == "AgentDaemon: 1 fault was found")
            try await house.agent.stop()
            let next = try await visit(agent)
            #expect(next.code == 0)
            #expect(
                next.lines.contains {
                    $0.hasPrefix("advice  ") && $0.contains("signed under another key: right if")
                },
                "\(next.lines)")
        }
    }

    @Test func namesWhatKeepsAPanelFromItsWork() async throws {
        try await House.run(withAgent: false) { house in
            let lost = try await visit(
                house.anotherPanel(),
                [
                    "PANEL_INSTALLERS": "/nowhere", "PANEL_DATABSE": "/tmp/x.sqlite",
                    "PANEL_DATABASE": "/dev/null",
                    "REDIS_URL": "redis://127.0.0.1:1",
                ])
            #expect(lost.code == 1)
            #expect(lost.lines.filter { $0.hasPrefix("fault   ") }.count == 3, "\(lost.lines)")
            #expect(lost.lines.first?.hasPrefix("advice  'PANEL_DATABSE' is no setting") == true)
        }
    }

    @Test func tellsWhetherAPanelWouldMakeANewRecord() async throws {
        try await House.run(withAgent: false) { house in
            let panel = try house.anotherPanel()
            let path = "\(house.path)/other.sqlite"
            let new = try await visit(panel, ["PANEL_DATABASE": path])
            #expect(new.code == 0)
            #expect(
                new.lines.contains {
                    $0.hasPrefix("advice  ") && $0.contains("makes a new one when it starts")
                },
                "\(new.lines)")
            #expect(access(path, F_OK) != 0)
            try Fixtures.write("1\n", to: path + ".lock", mode: 0o600)
            let lost = try await visit(panel)
            #expect(lost.code == 1)
            #expect(
                lost.lines.contains { $0.hasPrefix("fault   ") && $0.contains("held a record before") },
                "\(lost.lines)")
            let nowhere = try await visit(panel, ["PANEL_DATABASE": "/nowhere/panel.sqlite"])
            #expect(nowhere.code == 1)
            #expect(
                nowhere.lines.contains { $0.hasPrefix("fault   ") && $0.contains("into '/nowhere'") },
                "\(nowhere.lines)")
        }
    }

    /// What needs no setting is looked at all the same.
    @Test func goesOnWhereASettingIsMissing() async throws {
        try await House.run(withAgent: false) { house in
            let panel = try await visit(house.anotherPanel(), ["PANEL_TOKEN": nil, "AGENT_KEY": "x"])
            #expect(panel.code == 1)
            #expect(panel.lines.first?.hasPrefix("advice  'AGENT_KEY' is no setting of the panel") == true)
            #expect(panel.lines.contains { $0.hasPrefix("ok      ") && $0.contains(" files may be open") })
            #expect(panel.lines.contains { $0.hasPrefix("fault   PANEL_TOKEN is missing") })
            #expect(panel.lines.last == "PanelServer: 1 fault was found")
            let agent = try await visit(house.anotherAgent(), ["AGENT_ID": nil])
            #expect(agent.code == 1)
            #expect(agent.lines.contains("ok      the agent runs as root"))
            #expect(agent.lines.contains { $0.hasPrefix("fault   AGENT_ID is missing") })
            #expect(agent.lines.last == "AgentDaemon: 1 fault was found")
        }
    }
}

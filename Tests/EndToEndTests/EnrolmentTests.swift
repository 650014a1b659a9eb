import JobKit
import ManifestKit
import RedisQueue
import TestSupport
import Testing

/// What `PanelServer --enrol` prints is all that a server needs.
@Suite("Enrolment", .timeLimit(.minutes(5)), .enabled(if: House.hasRoot, House.needsRoot))
struct EnrolmentTests {
    @Test func advisesAnAgentThatHasThePanelsSecret() async throws {
        try await House.run([.patient]) { house in
            #expect(house.agent.output.contains("was given SECRET_KEY; give it AGENT_KEY"))
        }
    }

    @Test func givesAServerItsSettingsAndItsUserOfRedis() async throws {
        try await House.run([.patient], withAgent: false) { house in
            let text = try await enrol(house, ["--enrol", "agent-001"])
            let rule = try #require(
                text.split(separator: "\n").first {
                    $0.hasPrefix("# ACL SETUSER agent-001 ") && $0.contains("%R~")
                })
            let admin = try house.redisConnection()
            let words = rule.dropFirst(2).split(separator: " ").map { RedisArgument($0) }
            let reply = try await admin.pipeline([words])[0]
            _ = try admin.checked(reply)
            try Fixtures.write(text, to: "\(house.agentFolder)/agent.env", mode: 0o600)

            house.agent.change(["AGENT_ID": nil, "SECRET_KEY": nil, "REDIS_URL": nil])
            try house.agent.start(["--env-file", "\(house.agentFolder)/agent.env"])
            try await eventually("an agent that the panel knows") {
                try await house.server()?["status"] == "online"
            }
            try house.openGate("go")
            #expect(try await house.end(of: try await house.install("patient"))["exit_code"] == 3)
            #expect(house.agent.output.contains("give it AGENT_KEY") == false)

            // Its user is in use, and its key is none of the panel's secrets.
            let clients = try await admin.command("CLIENT", "LIST")
            guard case .string(let list) = clients else { throw SystemFailure("no list of clients") }
            #expect(String(decoding: list, as: UTF8.self).contains("user=agent-001"))
            #expect(!text.contains(Fixtures.rootSecret))
        }
    }

    @Test func givesEachGenerationAnotherKeyAndEachTimeAnotherPassword() async throws {
        try await House.run(withAgent: false) { house in
            let first = try await enrol(house, ["--enrol", "agent-001"])
            let again = try await enrol(house, ["--enrol", "agent-001"])
            let next = try await enrol(house, ["--enrol", "agent-001", "--key-generation", "2"])
            #expect(value("AGENT_KEY", in: first) == value("AGENT_KEY", in: again))
            #expect(value("AGENT_KEY", in: first) != value("AGENT_KEY", in: next))
            #expect(value("REDIS_URL", in: first) != value("REDIS_URL", in: again))
        }
    }

    @Test func printsTheKeyOfAGenerationAlone() async throws {
        try await House.run(withAgent: false) { house in
            let whole = try await enrol(house, ["--enrol", "agent-001", "--key-generation", "2"])
            let key = try await enrol(house, ["--agent-key", "agent-001", "--key-generation", "2"])
            #expect(value("AGENT_KEY", in: key) == value("AGENT_KEY", in: whole))
        }
    }

    /// Sentinels that ask who speaks ask the agent, too; the panel's own password for them stays with it.
    @Test func saysWhatSentinelsAskFor() async throws {
        try await House.run(withAgent: false) { house in
            let program = try house.anotherPanel()
            program.change([
                "REDIS_URL": "redis+sentinel://s1,s2/main", "REDIS_SENTINEL_USER": "panel",
                "REDIS_SENTINEL_PASSWORD": "of-the-panel",
            ])
            try program.start(["--enrol", "agent-001"])
            try #require(await program.end() == 0)
            #expect(program.output.contains("#REDIS_SENTINEL_USER=agent-001\n#REDIS_SENTINEL_PASSWORD=\n"))
            #expect(!program.output.contains("of-the-panel"))
        }
    }

    @Test(arguments: [
        (["--agent-key", "agent-001", "--key-generation", "x"], "a whole number from 1"),
        (["--enrol", "no name"], "is no server name"),
        (["--enrol", "agent-001", "--key-generation", "0"], "a whole number from 1"),
        (["--key-generation", "2"], "--key-generation belongs to --enrol or --agent-key"),
        (["--restore", "x", "--key-generation", "2"], "--key-generation belongs to --enrol or --agent-key"),
        (["--enrol", "agent-001", "--restore", "x"], "--enrol and --restore are done one at a time"),
        (["--verify-audit", "/nowhere/panel.sqlite"], "'/nowhere/panel.sqlite' cannot be opened"),
    ])
    func refuses(_ words: [String], _ reason: String) async throws {
        try await House.run(withAgent: false) { house in
            let program = try house.anotherPanel()
            try program.start(words)
            #expect(try await program.end() == 1)
            #expect(program.output.contains(reason))
        }
    }

    private func enrol(_ house: House, _ words: [String]) async throws -> String {
        let program = try house.anotherPanel()
        try program.start(words)
        let code = try await program.end()
        try #require(code == 0, "\(program.output)")
        return program.output
    }

    private func value(_ name: String, in text: String) -> Substring? {
        text.split(separator: "\n").first { $0.hasPrefix("\(name)=") }
    }
}

import JobKit
import ManifestKit
import TestSupport
import Testing

@Suite("Starting and stopping", .timeLimit(.minutes(5))) struct StartTests {
    @Test func refusesASecondPanelOnOneRecord() async throws {
        try await House.run(withAgent: false) { house in
            let second = try house.anotherPanel()
            try second.start()
            #expect(try await second.end() == 1)
            #expect(second.output.contains("panel.sqlite"))
            #expect(second.output.contains("stop that panel first"), "\(second.output)")
            #expect(try await house.api.get("/api/health").status == 200)
        }
    }

    @Test(.enabled(if: House.hasRoot, House.needsRoot)) func refusesASecondAgentOnOneState() async throws {
        try await House.run { house in
            let second = try house.anotherAgent()
            try second.start()
            #expect(try await second.end() == 1)
            #expect(
                second.output.contains("another agent already runs on '\(house.agentState)'"),
                "\(second.output)")
        }
    }

    private static let panelProblems: [([String: String?], String)] = [
        (["SECRET_KEY": nil], "SECRET_KEY is missing"), (["SECRET_KEY": ""], "SECRET_KEY is missing"),
        (["SECRET_KEY": String(repeating: "k", count: 31)], "SECRET_KEY has 31 bytes"),
        (["SECRET_KEY_PREVIOUS": "short"], "SECRET_KEY_PREVIOUS"),
        (["PANEL_TOKEN": nil], "PANEL_TOKEN is missing"),
        (["PANEL_TOKEN": "short"], "PANEL_TOKEN"), (["PANEL_PORT": "70000"], "PANEL_PORT"),
        (["PANEL_PORT": "http"], "PANEL_PORT"),
        (
            ["REDIS_URL": "http://localhost"],
            "REDIS_URL cannot be used: the address of Redis begins with none of"
        ),
        (["LOG_LEVEL": "loud"], "LOG_LEVEL is 'loud'"),
        (
            ["REDIS_URL": "rediss://localhost", "REDIS_CA_FILE": "/nowhere"],
            "REDIS_CA_FILE: '/nowhere' cannot be read"
        ),
        (["SECRET_KEY": Fixtures.rootSecret + " "], "SECRET_KEY begins or ends with a blank"),
        (["PANEL_TOKEN": PanelClient.token + "\r"], "PANEL_TOKEN begins or ends with a blank"),
        (["PANEL_INSTALLERS": "/nowhere"], "PANEL_INSTALLERS: '/nowhere' does not exist"),
        (["PANEL_HOST": "no.such.invalid"], "PANEL_HOST"),
        (["PANEL_HOST": "192.0.2.1"], "PANEL_HOST, PANEL_PORT): Cannot assign requested address"),
        (["PANEL_DATABASE": "/nowhere/panel.sqlite"], "/nowhere/panel.sqlite"),
    ]

    @Test func namesTheSettingThatKeepsThePanelFromStarting() async throws {
        try await House.run(withAgent: false) { house in
            try await house.panel.stop()
            for (changes, text) in Self.panelProblems {
                let panel = try house.anotherPanel()
                panel.change(changes)
                try panel.start()
                #expect(try await panel.end() == 1, "\(changes)")
                #expect(panel.output.contains(text), "\(changes): \(panel.output)")
                #expect(
                    !panel.output.contains(Fixtures.rootSecret) && !panel.output.contains(PanelClient.token))
            }
        }
    }

    private static let agentProblems: [([String: String?], String)] = [
        (["SECRET_KEY": nil], "AGENT_KEY is missing"),
        (["SECRET_KEY": String(repeating: "k", count: 31)], "SECRET_KEY has 31 bytes"),
        (["AGENT_KEY": "abc"], "AGENT_KEY"), (["AGENT_ID": nil], "AGENT_ID is missing"),
        (["AGENT_ID": "../x"], "AGENT_ID '../x'"),
        (["SECRET_KEY_PREVIOUS": "short"], "SECRET_KEY_PREVIOUS"),
        (["REDIS_URL": "ftp://localhost"], "REDIS_URL cannot be used"),
        (["REDIS_KEY_FILE": "/nowhere"], "let REDIS_URL begin with 'rediss'"),
        (["LOG_LEVEL": "loud"], "LOG_LEVEL"),
        (["AGENT_STATE": "state"], "AGENT_STATE is 'state'; it takes a full path"),
        (["AGENT_STATE": "/proc/state"], "AGENT_STATE: '/proc/state' cannot be made"),
        (["AGENT_LOGS": "/dev/null/logs"], "AGENT_LOGS: '/dev/null/logs' cannot be made"),
        (["AGENT_INSTALLERS": "/nowhere"], "AGENT_INSTALLERS: '/nowhere' does not exist"),
        (["AGENT_RUNNER": "/nowhere"], "AGENT_RUNNER: '/nowhere' cannot be executed"),
        (["AGENT_RUNNER": "/usr"], "AGENT_RUNNER: '/usr' cannot be executed"),
        (["AGENT_STATE": "/var/tmp"], "AGENT_STATE: others may write into '/var/tmp'"),
        (["AGENT_LOGS": "/var/tmp"], "AGENT_LOGS: others may write into '/var/tmp'"),
    ]

    @Test(.enabled(if: House.hasRoot, House.needsRoot)) func namesTheSettingThatKeepsTheAgentFromStarting()
        async throws
    {
        try await House.run(withAgent: false) { house in
            for (changes, text) in Self.agentProblems {
                let agent = try house.anotherAgent()
                agent.change(changes)
                try agent.start()
                #expect(try await agent.end() == 1, "\(changes)")
                #expect(agent.output.contains(text), "\(changes): \(agent.output)")
                #expect(!agent.output.contains(Fixtures.rootSecret))
            }
        }
    }

    /// Saved on another system: each line ends with two characters, and none of them is anybody's value.
    @Test func readsAFileOfSettings() async throws {
        try await House.run(withAgent: false) { house in
            try await house.panel.stop()
            let path = "\(house.panelFolder)/panel.env"
            try Fixtures.write(
                "# panel\r\nSECRET_KEY=\"\(Fixtures.rootSecret)\"\r\nPANEL_TOKEN='\(PanelClient.token)'\r\nPANEL_PORT=0\r\n",
                to: path)
            house.panel.change(["SECRET_KEY": nil, "PANEL_TOKEN": nil, "PANEL_PORT": nil])
            try await house.startPanel(["--env-file", path])
            #expect(try await house.api.get("/api/jobs").status == 200)
        }
    }

    @Test(.enabled(if: House.hasRoot, House.needsRoot)) func makesTheKeyOfAnAgent() async throws {
        try await House.run([.greeting], withAgent: false) { house in
            let panel = try house.anotherPanel()
            try panel.start(["--agent-key", Fixtures.agent.description])
            #expect(try await panel.end() == 0)
            let lines = panel.output.split(separator: "\n").map {
                $0.split(separator: "=").map { String($0) }
            }
            #expect(lines.map { $0[0] } == ["AGENT_ID", "AGENT_KEY"])
            house.agent.change(["SECRET_KEY": nil, "AGENT_KEY": lines[1][1]])
            try await house.startAgent()
            #expect(!house.agent.output.contains("SECRET_KEY"))
            let job = try await house.end(of: house.install("greeting", ["who": "you", "secret": "s3cret"]))
            #expect(job["status"] == "succeeded")
        }
    }

    @Test(.enabled(if: House.hasRoot, House.needsRoot)) func namesAnAgentWhoseKeyIsAnother() async throws {
        try await House.run(withAgent: false) { house in
            house.agent.change(["SECRET_KEY": "another secret that is long enough, too"])
            try house.agent.start()
            let line = try await house.panel.line(with: "a beat is not to be believed")
            #expect(line.contains("agent=\(Fixtures.agent)"))
            #expect(try await house.server() == nil)
        }
    }

    @Test(.enabled(if: House.hasRoot, House.needsRoot)) func tellsItsOwnLogWhyItEnds() async throws {
        try await House.run { house in
            try await house.agent.stop()
            house.agent.change(["AGENT_ID": "somebody-else"])
            try house.agent.start()
            #expect(try await house.agent.end() == 1)
            let log = FileTree.text("\(house.agentFolder)/logs/agent.log")
            #expect(log.contains("critical agent ends: the journal belongs to agent"), "\(log)")
        }
    }

    @Test func saysThatRedisIsAwayThoughThereIsNoAgent() async throws {
        try await House.run(withAgent: false) { house in
            house.redis.kill()
            _ = try await house.panel.line(with: "redis failed")
        }
    }

    @Test(.enabled(if: House.hasRoot, House.needsRoot)) func stopsAtOnceWhenAskedWhileIdle() async throws {
        try await House.run { house in
            try await house.agent.stop()
            try await house.panel.stop()
        }
    }

    @Test(.enabled(if: House.hasRoot, House.needsRoot), arguments: [true, false])
    func stopsAtOnceThoughRedisDoesNotAnswer(isGone: Bool) async throws {
        try await House.run { house in
            isGone ? house.redis.kill() : house.redis.pause()
            _ = try await house.agent.line(with: "redis failed")
            _ = try await house.panel.line(with: "redis failed")
            try await house.agent.stop()
            try await house.panel.stop()
        }
    }

    @Test func stopsThoughSomebodyWaitsForNews() async throws {
        try await House.runPanel { house in
            let id = try await house.install("greeting", ["who": "you"])
            async let news = house.api.get("/api/jobs/\(id)/log?wait=30")
            for _ in 0..<20 { _ = try await house.api.get("/api/health") }
            try await house.panel.stop()
            _ = try? await news
        }
    }

    /// A client that announces a body and sends none, and one that is slow with its head.
    @Test func hangsUpOnClientsThatSayNothing() async throws {
        try await House.runPanel { (house) async throws in
            let head = "POST /api/apps/greeting/install HTTP/1.1\r\nhost: panel\r\n"
            let login = "authorization: Bearer \(PanelClient.token)\r\n"
            async let stalled = house.api.raw(
                Array((head + login + "content-type: application/json\r\ncontent-length: 100\r\n\r\n{").utf8))
            async let unfinished = house.api.raw(Array(head.utf8))
            #expect(try await stalled.isEmpty)
            #expect(try await unfinished.isEmpty)
            #expect(try await house.recordedJobs() == [])
        }
    }

    @Test func stopsThoughAClientStalls() async throws {
        try await House.runPanel { house in
            let login = "authorization: Bearer \(PanelClient.token)\r\ncontent-type: application/json\r\n"
            let head =
                "POST /api/apps/greeting/install HTTP/1.1\r\nhost: panel\r\n\(login)content-length: 100\r\n\r\n{"
            async let stalled = house.api.raw(Array(head.utf8))
            for _ in 0..<20 { _ = try await house.api.get("/api/health") }
            try await house.panel.stop(within: .seconds(12))
            _ = try? await stalled
        }
    }

    @Test func waitsForRedisToCome() async throws {
        try await House.run(withAgent: false) { house in
            house.redis.kill()
            try await house.panel.stop()
            try await house.startPanel()
            #expect(try await house.api.get("/api/health").status == 200)
        }
    }
}

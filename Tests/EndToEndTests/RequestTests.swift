import JobKit
import ManifestKit
import RedisQueue
import SQLiteStore
import TestSupport
import Testing

@Suite("What the panel accepts", .timeLimit(.minutes(5))) struct RequestTests {
    @Test func tellsEveryFieldsFindingAtOnce() async throws {
        try await House.runPanel { house in
            let answer = try await house.api.install(
                "greeting",
                [
                    "who": "a\r\nlisten 80", "code": 256, "mail": "a@b\nBcc: x", "door": 65536, "loud": "yes",
                    "colour": "Red", "secret": "abc",
                ])
            #expect(answer.status == 422)
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(
                try answer.findings == [
                    "who characters", "code max_value", "mail characters", "door type", "loud type",
                    "colour allowed_values",
                    "secret min_length",
                ])
            #expect(try await house.recordedJobs() == [])
        }
    }

    @Test func refusesValuesThatAreNotWhatTheyHaveToBe() async throws {
        let rows: [(JSONObject, String)] = [
            ([:], "who required"), (["who": nil], "who required"), (["who": ""], "who required"),
            (["who": "a\u{0}"], "who characters"), (["who": "A"], "who pattern"),
            (["who": "a\n"], "who characters"),
            (["who": ["a"]], "who type"),
            (["who": .string(String(repeating: "a", count: 41))], "who max_length"),
            (["who": "you", "code": .number("1.5")], "code type"),
            (["who": "you", "code": "08"], "code type"),
            (["who": "you", "code": "+1"], "code type"), (["who": "you", "code": "٣"], "code type"),
            (["who": "you", "code": "a[$(id)]"], "code type"),
            (["who": "you", "code": -1], "code min_value"),
            (["who": "you", "code": .number("9223372036854775808")], "code type"),
            (["who": "you", "door": 0], "door type"),
            (["who": "you", "mail": "a@[127.0.0.1]"], "mail type"),
            (["who": "you", "colour": "blue"], "colour allowed_values"),
            (["who": "you", "secret": "line\nline"], "secret characters"),
            (["who": "you", "secret": .string(String(repeating: "x", count: 1025))], "secret size"),
            (["who": "you", "colour ": "red"], "colour  unknown_input"),
            (["who": "you", "__proto__": [:]], "__proto__ unknown_input"),
        ]
        try await House.runPanel { house in
            for (inputs, finding) in rows {
                let answer = try await house.api.install("greeting", inputs)
                #expect(answer.status == 422, "\(inputs)")
                #expect(try answer.findings == [finding], "\(answer.text)")
            }
            #expect(try await house.recordedJobs() == [])
        }
    }

    @Test func neverRepeatsASecretThatItRefuses() async throws {
        try await House.runPanel { house in
            let secret = String(repeating: "hush", count: 300)
            let answer = try await house.api.install("greeting", ["who": "you", "secret": .string(secret)])
            #expect(answer.status == 422)
            #expect(!answer.text.contains("hush"))
            #expect(!house.panel.output.contains("hush"))
        }
    }

    @Test func refusesBodiesThatAreNotStrictlyJSON() async throws {
        let good = #"{"server_id":"agent-001","inputs":{"who":"you"}}"#
        let rows: [(String, [UInt8], String)] = [
            ("nothing", [], "invalid_json"),
            ("a trailing comma", Array(#"{"server_id":"agent-001",}"#.utf8), "invalid_json"),
            ("a comment", Array("/* */\(good)".utf8), "invalid_json"),
            ("single quotes", Array("{'server_id':'agent-001'}".utf8), "invalid_json"),
            ("NaN", Array(#"{"server_id":"agent-001","inputs":{"code":NaN}}"#.utf8), "invalid_json"),
            (
                "a leading zero", Array(#"{"server_id":"agent-001","inputs":{"code":01}}"#.utf8),
                "invalid_json"
            ),
            ("a mark", [0xEF, 0xBB, 0xBF] + Array(good.utf8), "encoding"),
            (
                "UTF-16",
                good.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] },
                "invalid_json"
            ),
            ("trailing bytes", Array("\(good) {}".utf8), "invalid_json"),
            ("a zero at its end", Array(good.utf8) + [0], "invalid_json"),
            ("an array", Array("[\(good)]".utf8), "invalid_json"),
            ("a string", Array(#""agent-001""#.utf8), "invalid_json"),
            ("null", Array("null".utf8), "invalid_json"),
            (
                "a member twice", Array(#"{"server_id":"agent-001","server_id":"agent-002"}"#.utf8),
                "duplicate_key"
            ),
            (
                "a member twice, once escaped",
                Array(#"{"server_id":"agent-001","\u0073erver_id":"x"}"#.utf8), "duplicate_key"
            ),
            (
                "an input twice", Array(#"{"server_id":"agent-001","inputs":{"who":"a","who":"b"}}"#.utf8),
                "duplicate_key"
            ),
            ("a lone surrogate", Array(#"{"server_id":"\ud800"}"#.utf8), "encoding"),
            (
                "bytes that are no text", Array(#"{"server_id":""#.utf8) + [0xFF] + Array(#""}"#.utf8),
                "encoding"
            ),
            (
                "a member more",
                Array(#"{"server_id":"agent-001","inputs":{"who":"you"},"force":true}"#.utf8), "unknown_field"
            ),
            ("a number as a name", Array(#"{"server_id":1,"inputs":{"who":"you"}}"#.utf8), "type"),
            ("a list of inputs", Array(#"{"server_id":"agent-001","inputs":[]}"#.utf8), "type"),
            ("30,000 brackets", [UInt8](repeating: UInt8(ascii: "["), count: 30_000), "invalid_json"),
        ]
        try await House.runPanel { house in
            for (name, body, code) in rows {
                let answer = try await house.api.post("/api/apps/greeting/install", body)
                #expect(answer.status == 400, "\(name)")
                #expect(
                    try answer.findings.first?.split(separator: " ").last.map { String($0) } == code,
                    "\(name): \(answer.text)")
            }
            #expect(try await house.recordedJobs() == [])
        }
    }

    @Test func knowsNoOtherApplicationAndNoOtherServer() async throws {
        try await House.runPanel { house in
            for id in ["nginx", "greeting2", "Greeting", "..%2fgreeting", "%00", "greeting%20"] {
                let answer = try await house.api.install(id, ["who": "you"])
                #expect(answer.status == 404, "\(id): \(answer.text)")
            }
            for server in ["agent-002", "", "-", "agent 001", "../agent-001"] {
                let answer = try await house.api.install("greeting", ["who": "you"], server: server)
                #expect(answer.status == 404, "\(server)")
                #expect(try answer.findings == ["server_id unknown_server"])
            }
            #expect(try await house.recordedJobs() == [])
        }
    }

    private static let elsewhere = TestApplication(
        id: "elsewhere", more: "os_requirements: { family: [alpine] }", script: "end 0")
    private static let hungry = TestApplication(
        id: "hungry", more: "resource_requirements: { min_ram_mb: 1024, min_disk_mb: 10, min_cpu_cores: 3 }",
        script: "end 0")
    private static let withdrawn = TestApplication(
        id: "withdrawn", more: "stability: withdrawn", script: "end 0")

    @Test func offersNothingToServersThatAreNotMeant() async throws {
        try await House.runPanel([Self.elsewhere, Self.hungry, Self.withdrawn]) { house in
            let foreign = try await house.api.install("elsewhere")
            #expect(foreign.status == 409)
            #expect(try foreign.findings == ["server_id os_unsupported"])
            let short = try await house.api.install("hungry")
            #expect(short.status == 409)
            #expect(try short.findings == ["server_id resources_insufficient"])
            #expect(short.text.contains("ram_mb of the server is '1023'; wanted is 1024 or more"))
            #expect(try await house.api.install("withdrawn").status == 409)
            #expect(try await house.recordedJobs() == [])
        }
    }

    @Test func takesJSONOnly() async throws {
        try await House.runPanel { house in
            let body = Array(#"{"server_id":"agent-001","inputs":{"who":"you"}}"#.utf8)
            let types = [
                "text/plain", "", "application/json; charset=utf-16", "multipart/form-data; boundary=x",
                "application/jsonp",
                "application/x-www-form-urlencoded", "application/json, text/plain",
            ]
            for type in types {
                let answer = try await house.api.post(
                    "/api/apps/greeting/install", body, headers: ["content-type": type])
                #expect(answer.status == 415, "\(type)")
            }
            let answer = try await house.api.post(
                "/api/apps/greeting/install", body,
                headers: ["content-type": "Application/JSON ; Charset=UTF-8"])
            #expect(answer.status == 202)
            #expect(try await house.recordedJobs() == [try #require(answer.json["job_id"]?.string)])
        }
    }

    @Test func readsNoBodyOverAMebibyte() async throws {
        try await House.runPanel { house in
            let inputs: JSONObject = ["who": .string(String(repeating: "a", count: 1 << 20))]
            #expect(try await house.api.install("greeting", inputs).status == 413)
            // Told before the body is there; and one that does not tell its length.
            let head = """
                POST /api/apps/greeting/install HTTP/1.1\r
                host: panel\r
                connection: close\r
                authorization: Bearer \(PanelClient.token)\r
                content-type: application/json\r\n
                """
            let early = try await house.api.raw(
                Array((head + "content-length: 1048577\r\nexpect: 100-continue\r\n\r\n").utf8))
            #expect(try PanelClient.answer(in: early).status == 413)
            let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
            let endless =
                head + "transfer-encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 17)
                + "0\r\n\r\n"
            let late = try await house.api.raw(Array(endless.utf8))
            #expect(try PanelClient.answer(in: late).status == 413)
            #expect(try await house.recordedJobs() == [])
        }
    }
}

extension House {
    /// A house without an agent's process: a beat signed with its key is all that the panel has of it.
    static func runPanel(
        _ applications: [TestApplication] = [.greeting], _ body: (House) async throws -> Void
    ) async throws {
        try await run(applications, withAgent: false) { house in
            try await house.announce(Fixtures.agent)
            try await body(house)
        }
    }

    /// Beats in the name of an agent that is none, until the panel knows it.
    func announce(_ agent: AgentID) async throws {
        let beat = Beat(
            agent: agent, session: Fixtures.session, count: 1, heard: nil,
            received: StreamPosition(epoch: 1, number: 0),
            stuck: nil,
            reported: 0, running: [], halted: nil, bootID: "boot", clock: Fixtures.time, version: "test",
            // How many processors there are it does not say.
            facts: ["os_id": "debian", "ram_mb": "1023", "disk_mb": "10"])
        let link = try RedisJobQueue(url: redis.socketURL, name: "beat").link(for: agent)
        try await eventually("\(agent) among the servers") {
            try await link.beat(beat.signed(with: Fixtures.keyring.keys(for: agent)[0]).bytes)
            return try await api.get("/api/servers").text.contains("\(agent)")
        }
    }

    /// Stops the panel and returns the ids of all jobs in its record.
    func recordedJobs() async throws -> [String] {
        try await panel.stop()
        return try await withRecord { store in
            try await store.read { store in
                let jobs = try store.jobs(JobQuery(limit: 500)).map(\.id.description)
                #expect(try store.outbox(of: Fixtures.agent, after: 0, limit: 500).count == jobs.count)
                return jobs
            }
        }
    }
}

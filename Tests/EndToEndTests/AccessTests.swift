import ManifestKit
import TestSupport
import Testing

@Suite("Who may ask the panel", .timeLimit(.minutes(5))) struct AccessTests {
    private static let wrongTokens: [String?] = [
        nil, "", "x", String(PanelClient.token.dropLast()), PanelClient.token + "x",
        PanelClient.token.uppercased(),
        "Bearer \(PanelClient.token)",
    ]

    @Test func lets401InNowhereButHealth() async throws {
        try await House.runPanel { house in
            let id = try await house.install("greeting", ["who": "you"])
            let routes = [
                ("GET", "/api/apps"), ("GET", "/api/apps/greeting"), ("POST", "/api/apps/greeting/install"),
                ("GET", "/api/jobs"),
                ("GET", "/api/jobs/\(id)"), ("GET", "/api/jobs/\(id)/log"), ("GET", "/api/servers"),
                ("GET", "/"),
                ("GET", "/apps/greeting"), ("GET", "/assets/form.js"),
            ]
            let body = Array(#"{"server_id":"agent-001","inputs":{"who":"you"}}"#.utf8)
            for (method, path) in routes {
                for token in Self.wrongTokens {
                    var stranger = house.api
                    stranger.token = token
                    let answer = try await stranger.send(
                        method, path, headers: ["content-type": "application/json"],
                        body: method == "POST" ? body : nil)
                    #expect(answer.status == 401, "\(method) \(path) with '\(token ?? "no token")'")
                    #expect(answer.headers["www-authenticate"] != nil)
                    #expect(!answer.text.contains(id) || path.contains(id))
                }
            }
            var stranger = house.api
            stranger.token = nil
            let health = try await stranger.get("/api/health")
            #expect(health.status == 200)
            #expect(health.text == #"{"success":true,"status":"ok"}"#)
            #expect(try await house.recordedJobs() == [id])
        }
    }

    @Test func answersToOneMethodAtEachAddress() async throws {
        try await House.runPanel { house in
            let id = try await house.install("greeting", ["who": "you"])
            let routes = [
                ("GET", "/api/apps"), ("GET", "/api/apps/greeting"), ("POST", "/api/apps/greeting/install"),
                ("GET", "/api/jobs"),
                ("GET", "/api/jobs/\(id)"), ("GET", "/api/jobs/\(id)/log"), ("GET", "/api/servers"),
                ("GET", "/"),
                ("GET", "/apps/greeting"), ("GET", "/assets/form.js"), ("GET", "/api/health"),
            ]
            let body = Array(#"{"server_id":"agent-001","inputs":{"who":"you"}}"#.utf8)
            for (allowed, path) in routes {
                for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
                where method != allowed {
                    let headers = ["content-type": "application/json", "x-http-method-override": allowed]
                    let answer = try await house.api.send(
                        method, path, headers: headers, body: ["GET", "TRACE"].contains(method) ? nil : body)
                    #expect(answer.status == 405, "\(method) \(path)")
                    #expect(
                        answer.headers["allow"] == (allowed == "GET" ? "GET, HEAD" : allowed),
                        "\(method) \(path)")
                }
            }
            for (method, path) in routes where method == "GET" {
                let answer = try await house.api.send("HEAD", path)
                #expect(answer.status == 200 && answer.body.isEmpty, "HEAD \(path)")
            }
            #expect(try await house.recordedJobs() == [id])
        }
    }

    /// Bytes behind the head of an answer to HEAD would be taken for the next answer.
    @Test func answersHEADWithoutABody() async throws {
        try await House.runPanel { house in
            let token = "authorization: Bearer \(PanelClient.token)\r\n"
            for (path, more) in [
                ("/api/apps", ""), ("/api/none", token), ("/api/apps/greeting/install", token),
            ] {
                let request =
                    "HEAD \(path) HTTP/1.1\r\nhost: panel\r\n\(more)\r\n"
                    + "GET /api/health HTTP/1.1\r\nhost: panel\r\nconnection: close\r\n\r\n"
                let text = String(decoding: try await house.api.raw(Array(request.utf8)), as: UTF8.self)
                let answers = text.split(separator: "HTTP/1.1 ", omittingEmptySubsequences: false)
                #expect(answers.count == 3, "\(path): \(text)")
                #expect(answers[1].hasPrefix("40") && answers[1].hasSuffix("\r\n\r\n"), "\(path): \(text)")
            }
        }
    }

    @Test func showsAFieldsOwnHintAndNoOther() async throws {
        try await House.runPanel { house in
            let page = try await house.api.get("/apps/greeting").text
            let description = try #require(
                try await house.api.get("/api/apps/greeting").json["app"]?.object?["description"]?.string)
            #expect(page.split(separator: description).count == 2, "\(page)")
        }
    }

    @Test func handsTheFormToItsScript() async throws {
        let application = TestApplication(
            id: "hostile",
            inputs: """

                  - name: mode
                    type: select
                    label: "</script><script>alert(1)</script> & <!--"
                    allowed_values: [dev, prod]
                    default: dev
                    group: more
                  - name: note
                    type: string
                    default: "</script>"
                    visible_if: {mode: prod}
                """,
            more: "input_groups: [{id: more, label: 'More <b>'}]", script: "end 0")
        try await House.run([application], withAgent: false) { house in
            let answer = try await house.api.get("/apps/hostile")
            #expect(
                answer.headers["content-security-policy"]
                    == "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
                    + "base-uri 'none'; form-action 'none'")
            let page = answer.text
            // One block of data, one script of the panel's own, and no other.
            #expect(page.split(separator: "<script").count == 3, "\(page)")
            #expect(page.contains(#"<script src="/assets/form.js" defer></script>"#))
            for wrapper in [#"<div data-field="mode">"#, #"<div data-field="note">"#] {
                #expect(page.contains(wrapper), "\(page)")
            }
            #expect(page.contains(#"<fieldset data-group="more"><legend>More &lt;b&gt;</legend>"#), "\(page)")
            let block = try #require(
                page.split(separator: #"<script type="application/json" id="form-data">"#).last?
                    .split(separator: "</script>").first)
            #expect(!block.contains { "<>&\u{2028}\u{2029}".contains($0) }, "\(block)")
            let data = try JSONValue(parsing: Array(block.utf8)).object
            let fields = data?["form"]?.object?["fields"]?.array?.compactMap(\.object) ?? []
            #expect(
                fields.first?["label"]?.string == "</script><script>alert(1)</script> & <!--"
                    && fields.last?["default"]?.string == "</script>")
            #expect(data?["context"]?.object?["$action"] == "install")
        }
    }

    @Test func servesTheFormsScriptToThoseWhoMayReadPages() async throws {
        try await House.runPanel { house in
            let script = try await house.api.get("/assets/form.js")
            #expect(script.status == 200)
            #expect(script.headers["content-type"] == "text/javascript; charset=utf-8")
            #expect(script.headers["x-content-type-options"] == "nosniff")
            #expect(script.text.contains("ProvisionForm"))
            #expect(!script.text.contains("innerHTML") && !script.text.contains("eval("))
            var stranger = house.api
            stranger.token = nil
            #expect(try await stranger.get("/assets/form.js").status == 401)
            #expect(try await house.api.get("/assets/other.js").status == 404)
        }
    }

    @Test func takesNoTokenFromAnAddressACookieOrALogin() async throws {
        try await House.runPanel { (house) async throws in
            var stranger = house.api
            stranger.token = nil
            let login = "Basic eDp0aGUgdG9rZW4gb2YgdGhlIGVuZC10by1lbmQgdGVzdHMsIGxvbmcgZW5vdWdo"
            #expect(
                try await stranger.get("/api/jobs?token=\(PanelClient.token.replacing(" ", with: "+"))")
                    .status == 401)
            #expect(
                try await stranger.get("/api/jobs", headers: ["cookie": "token=\(PanelClient.token)"]).status
                    == 401)
            #expect(try await stranger.get("/api/jobs", headers: ["authorization": login]).status == 401)
            #expect(try await stranger.get("/", headers: ["authorization": login]).status == 200)
        }
    }

    @Test func answersARepeatedKeyWithTheSameJob() async throws {
        try await House.runPanel { house in
            let key = ["idempotency-key": "order-66"]
            let first = try await house.api.install(
                "greeting", ["who": "you", "secret": "s3cret"], headers: key)
            #expect(first.status == 202)
            // The order of a body's members means nothing.
            let again = try await house.api.install(
                "greeting", ["secret": "s3cret", "who": "you"], headers: key)
            #expect(again.status == 202)
            #expect(try again.json["job_id"] == first.json["job_id"])

            let others: [JSONObject] = [
                ["who": "me", "secret": "s3cret"], ["who": "you", "secret": "other"], ["who": "you"],
                ["who": "you", "secret": "s3cret", "code": 1], ["who": "you", "secret": "s3cret", "code": 0],
            ]
            for inputs in others {
                let answer = try await house.api.install("greeting", inputs, headers: key)
                #expect(answer.status == 422)
                #expect(try answer.findings == [" idempotency_key_reused"])
            }
            #expect(try await house.recordedJobs().count == 1)
        }
    }

    @Test func keepsAKeyAcrossARestart() async throws {
        try await House.runPanel { house in
            let id = try await house.install("greeting", ["who": "you"], key: "k")
            house.panel.kill()
            try await house.startPanel()
            #expect(try await house.install("greeting", ["who": "you"], key: "k") == id)
            #expect(try await house.recordedJobs() == [id])
        }
    }

    @Test func makesOneJobOfManyRequestsWithOneKey() async throws {
        try await House.runPanel { house in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<100 {
                    group.addTask { try await house.install("greeting", ["who": "you"], key: "one") }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(try await house.recordedJobs() == Array(ids))
        }
    }

    @Test func refusesKeysThatAreNone() async throws {
        try await House.runPanel { house in
            for key in ["two words", String(repeating: "k", count: 256), "\u{1}", "schlüssel", " "] {
                let answer = try await house.api.install(
                    "greeting", ["who": "you"], headers: ["idempotency-key": key])
                #expect(answer.status == 400, "'\(key)': \(answer.text)")
            }
            #expect(try await house.recordedJobs() == [])
        }
    }

    @Test func refusesQueriesThatItDoesNotKnow() async throws {
        try await House.runPanel { house in
            let id = try await house.install("greeting", ["who": "you"])
            let paths = [
                "/api/jobs?colour=red", "/api/jobs?limit=0", "/api/jobs?limit=501",
                "/api/jobs?limit=1&limit=2",
                "/api/jobs?limit=+5", "/api/jobs?status=done", "/api/jobs?before=x", "/api/jobs?server_id=..",
                "/api/jobs/\(id)?x=1", "/api/jobs/\(id)/log?after=-1", "/api/jobs/\(id)/log?after=9e99",
                "/api/jobs/\(id)/log?wait=31", "/api/jobs/\(id)/log?attempt=0", "/api/apps?limit=1",
                "/api/servers?x",
            ]
            for path in paths { #expect(try await house.api.get(path).status == 400, "\(path)") }
            for path in [
                "/api/jobs/x", "/api/jobs/\(id)x", "/api/jobs/\(id.uppercased())/log", "/api", "/api/", "/x",
                "/api/../x",
            ] {
                #expect(try await house.api.get(path).status == 404, "\(path)")
            }
        }
    }

    @Test func knowsEachAddressInOneSpelling() async throws {
        let paths = [
            "//", "/.", "//api/apps", "/api//apps", "/api/apps/", "/api/./apps", "/api/x/../apps",
            "/api/%61pps",
            "/api/apps/%67reeting", "/api/apps;x", "/api/apps/greeting;v=1", "/api\\apps",
            "/api/apps/greeting%00",
            "/api/apps/..%2fjobs", "/api/%c0%ae%c0%ae/apps", "/api/%252e/apps", "/apps/greeting/",
            "/apps//greeting",
            "/API/apps", "/api/apps/greeting%20", "/api/health/", "//api/health", "/api/%68ealth",
        ]
        try await House.runPanel { (house) async throws in
            for path in paths {
                #expect(try await house.api.get(path).status == 404, "\(path)")
                var stranger = house.api
                stranger.token = nil
                #expect([401, 404].contains(try await stranger.get(path).status), "\(path) without a token")
            }
        }
    }

    @Test func hangsUpOnRequestsThatAreNoHTTP() async throws {
        let post =
            "POST /api/apps/greeting/install HTTP/1.1\r\nhost: panel\r\nauthorization: Bearer \(PanelClient.token)\r\ncontent-type: application/json\r\n"
        let body = #"{"server_id":"agent-001","inputs":{"who":"you"}}"#
        let get = "GET /api/jobs HTTP/1.1\r\nhost: panel\r\nauthorization: Bearer \(PanelClient.token)\r\n"
        let rows = [
            (
                "a length and chunks",
                post + "content-length: 0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            ("two lengths", post + "content-length: \(body.count)\r\ncontent-length: 1\r\n\r\n" + body),
            ("a length with a sign", post + "content-length: +\(body.count)\r\n\r\n" + body),
            ("a length in hexadecimal", post + "content-length: 0x30\r\n\r\n" + body),
            ("a length over 64 bits", post + "content-length: 18446744073709551616\r\n\r\n" + body),
            ("an unknown coding", post + "transfer-encoding: xchunked\r\n\r\n" + body),
            (
                "a chunk size with a sign",
                post + "transfer-encoding: chunked\r\n\r\n+30\r\n" + body + "\r\n0\r\n\r\n"
            ),
            (
                "a chunk size over 64 bits",
                post + "transfer-encoding: chunked\r\n\r\n10000000000000030\r\n" + body + "\r\n0\r\n\r\n"
            ),
            ("an identity coding", post + "transfer-encoding: identity\r\n\r\n" + body),
            ("headers without end", get + String(repeating: "x: y\r\n", count: 101) + "\r\n"),
            ("a header of 9 KiB", get + "x: " + String(repeating: "y", count: 9 << 10) + "\r\n\r\n"),
            ("a folded header", get + "x: a\r\n b\r\n\r\n"),
            ("a space before the colon", get + "x : a\r\n\r\n"),
            ("a space in a name", get + "x y: a\r\n\r\n"), ("a zero in a value", get + "x: a\u{0}b\r\n\r\n"),
            ("HTTP/0.9", "GET /api/health\r\n\r\n"), ("HTTP/1.10", "GET /api/health HTTP/1.10\r\n\r\n"),
            ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ("noise", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n"),
        ]
        try await House.runPanel { house in
            for (name, request) in rows {
                // A second request behind it must never be answered: both sides would disagree where it begins.
                let answer = try await house.api.raw(Array((request + get + "\r\n").utf8))
                let text = String(decoding: answer, as: UTF8.self)
                #expect(!text.contains("HTTP/1.1 2") && !text.contains("HTTP/1.1 500"), "\(name): \(text)")
            }
            #expect(try await house.api.get("/api/health").status == 200)
            #expect(try await house.recordedJobs() == [])
        }
    }
}

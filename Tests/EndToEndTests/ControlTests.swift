import JobKit
import ManifestKit
import TestSupport
import Testing

/// What an operator asks for over the API, with everything real behind it.
@Suite("Operators at the API", .timeLimit(.minutes(5)), .enabled(if: House.hasRoot, House.needsRoot))
struct ControlTests {
    // MARK: - Cancel

    @Test func cancelsWhatRuns() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3")
            let answer = try await house.api.post("/api/jobs/\(id)/cancel", "{}".utf8)
            #expect(answer.status == 202)
            #expect(try answer.json["cancel_requested_at"] != .null)
            let end = try await house.end(of: id)
            #expect(end["status"] == "cancelled")
            #expect(end["reason"] == "running")
            #expect(house.told("done", of: id) == 0)
            let again = try await house.api.send("POST", "/api/jobs/\(id)/cancel")
            #expect(again.status == 200)
        }
    }

    @Test func cancelsWhatWaitsBehindIt() async throws {
        try await House.run([.patient]) { house in
            let first = try await house.install("patient")
            try await house.waitForOutput(of: first, holding: "line 1")
            let others = [try await house.install("patient"), try await house.install("patient")]
            #expect(try await house.job(others[0])["queue_position"] == 1)
            #expect(try await house.job(others[1])["queue_position"] == 2)
            #expect(try await house.job(first)["queue_position"] == .null)
            let answer = try await house.api.send("POST", "/api/jobs/\(others[0])/cancel")
            #expect(answer.status == 200)
            #expect(try answer.json["reason"] == "before_start")
            #expect(try await house.job(others[1])["queue_position"] == 1)
            try house.openGate("go")
            #expect(try await house.end(of: others[1])["exit_code"] == 3)
            #expect(house.told("began", of: others[0]) == 0)
        }
    }

    /// Whoever follows a job's log hears of it at once, also where no agent has anything to say.
    @Test(arguments: ["cancel", "abandon"]) func wakesWhoFollowsTheJob(_ action: String) async throws {
        try await House.run([.patient]) { house in
            let first = try await house.install("patient")
            try await house.waitForOutput(of: first, holding: "line 1")
            let id = try await house.install("patient")
            let follower = try ClientSocket(port: house.api.port)
            follower.send(
                "GET /api/jobs/\(id)/log?wait=30 HTTP/1.1\r\nhost: panel\r\n"
                    + "authorization: Bearer \(PanelClient.token)\r\n\r\n")
            // It has long been heard by then.
            for _ in 0..<20 { _ = try await house.job(id) }
            #expect(!follower.isReady)
            _ = try await house.api.post(
                "/api/jobs/\(id)/\(action)",
                (action == "cancel" ? "{}" : #"{"operator":"alice","note":"no more"}"#).utf8)
            try await eventually("an answer", within: .seconds(10)) { follower.isReady }
            #expect(follower.receive())
            let answer = String(decoding: follower.received, as: UTF8.self)
            #expect(answer.contains(#""complete":true"#), "\(answer)")
        }
    }

    /// Whoever was sent on to the next attempt finds out there that it never comes.
    @Test func endsTheLogOfAJobThatIsCalledOffBetweenAttempts() async throws {
        let moody = TestApplication(
            id: "moody", isIdempotent: true,
            more: "retry: {max_attempts: 2, backoff: fixed, base: 1h, max: 1h}",
            script: "echo once; end 75")
        try await House.run([moody]) { house in
            let id = try await house.install("moody")
            try await eventually("a job between attempts") { try await house.job(id)["status"] == "waiting" }
            #expect(try await house.api.get("/api/jobs/\(id)/log").json["next_attempt"] == 2)
            #expect(try await house.api.send("POST", "/api/jobs/\(id)/cancel").status == 200)
            let last = try await house.api.get("/api/jobs/\(id)/log?attempt=2&wait=30")
            #expect(last.status == 200)
            #expect(try last.json["complete"] == true)
            #expect(try last.json["records"] == [])
            #expect(try await house.api.get("/api/jobs/\(id)/log?attempt=3").status == 404)
        }
    }

    @Test func refusesToCancelWhatIsOver() async throws {
        try await House.run([.patient]) { house in
            try house.openGate("go")
            let id = try await house.install("patient")
            _ = try await house.end(of: id)
            let answer = try await house.api.send("POST", "/api/jobs/\(id)/cancel")
            #expect(answer.status == 409)
            #expect(try answer.findings == [" final"])
            #expect(try await house.job(id)["status"] == "failed")
            let given = try await house.api.post(
                "/api/jobs/\(id)/abandon", #"{"operator":"alice","note":"late"}"#.utf8)
            #expect(given.status == 409)
        }
    }

    // MARK: - How it is asked for

    /// What has no members may come with a type of content all the same, and nothing behind the path.
    @Test func takesADecisionWithoutABody() async throws {
        try await House.run([.patient]) { house in
            let json = ["content-type": "application/json"]
            for verb in ["pause", "resume", "release"] {
                let path = "/api/servers/agent-001/\(verb)"
                let answer = try await house.api.send("POST", path, headers: json)
                #expect(answer.status == 200, "\(verb)")
                #expect(house.panel.output.contains("decision=\(verb)"))
                let asked = try await house.api.send("POST", path + "?really=yes")
                #expect(try asked.findings == ["really unknown_parameter"])
            }
        }
    }

    /// A line is short in memory, too, and moves nobody's terminal.
    @Test(arguments: [
        "a" + String(repeating: "\u{301}", count: 100_000), "left\u{202E}right", "one\u{2028}two", "ta\tb",
        "x\u{200B}",
    ])
    func takesNoNoteThatIsMoreThanALine(_ text: String) async throws {
        try await House.run(withAgent: false) { house in
            let path = "/api/jobs/01m8kjmqp9mr00000000000000/abandon"
            for name in ["operator", "note"] {
                let texts = ["operator": "o", "note": "n"].merging([name: text]) { $1 }
                let answer = try await house.api.post(path, JSONValue(strings: texts).canonicalBytes())
                #expect(try answer.findings == ["\(name) characters"])
            }
        }
    }

    // MARK: - Giving up

    @Test func givesUpAJobOfAServerThatIsGone() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 1")
            house.agent.kill()
            let nameless = try await house.api.post("/api/jobs/\(id)/abandon", #"{"note":"burnt"}"#.utf8)
            #expect(try nameless.findings == ["operator required"])
            let body = #"{"operator":"alice","note":"the server burnt"}"#
            let answer = try await house.api.post("/api/jobs/\(id)/abandon", body.utf8)
            #expect(answer.status == 200)
            #expect(try answer.json["reason"] == "abandoned")
            #expect(try answer.json["detail"] == "given up by alice: the server burnt")
            #expect(try await house.api.post("/api/jobs/\(id)/abandon", body.utf8).status == 200)
            #expect(house.panel.output.contains("job given up"))
            let other = #"{"operator":"bob","note":"the server burnt"}"#
            #expect(try await house.api.post("/api/jobs/\(id)/abandon", other.utf8).status == 409)

            // The agent comes back, and with it a script that nobody waits for any more.
            try house.agent.start()
            try await eventually("an end of the script") { house.runners().isEmpty }
            #expect(house.told("done", of: id) == 0)
            let job = try await house.job(id)
            #expect(job["status"] == "failed")
            #expect(job["reason"] == "abandoned")
        }
    }

    // MARK: - Again

    @Test func runsAgainAsItWasAndWithWhatIsNew() async throws {
        let secretive = TestApplication(
            id: "secretive",
            inputs: """

                  - name: who
                    type: string
                    required: true
                  - name: secret
                    type: password
                    required: true
                """,
            script: #"echo "${#SECRET} for $WHO"; end "$(is_open fine && echo 0 || echo 3)""#)
        try await House.run([secretive]) { house in
            let first = try await house.install("secretive", ["who": "you", "secret": "nine or ten"])
            #expect(try await house.end(of: first)["exit_code"] == 3)

            func rerun(_ body: String, key: String? = nil) async throws -> Answer {
                let headers = key.map { ["idempotency-key": $0] } ?? [:]
                return try await house.api.post("/api/jobs/\(first)/rerun", body.utf8, headers: headers)
            }
            let fixed = try await rerun(#"{"manifest":"original","inputs":{"who":"me"}}"#)
            #expect(fixed.status == 422)
            #expect(try fixed.findings == ["who readonly"])
            #expect(try await rerun(#"{"manifest":"yours"}"#).findings == ["manifest type"])

            try house.openGate("fine")
            let asItWas = #"{"manifest":"original"}"#
            let again = try #require(try await rerun(asItWas, key: "once").json["job_id"]?.string)
            let end = try await house.end(of: again)
            #expect(end["status"] == "succeeded")
            #expect(end["rerun_of"] == .string(first))
            #expect(try await house.output(of: again) == "11 for you\n")

            // The success has the secret now; the first job's is gone, and has to be given again.
            let missing = try await rerun(#"{"manifest":"current","inputs":{"who":"her"}}"#)
            #expect(try missing.findings == ["secret required"])
            // But a request that was accepted once has its job, whatever became of what it needed.
            #expect(try await rerun(asItWas, key: "once").json["job_id"]?.string == again)
            let other = try await rerun(#"{"manifest":"current"}"#, key: "once")
            #expect(other.status == 422)
            #expect(try other.findings.map { $0.hasSuffix("idempotency_key_reused") } == [true])
            let given = try await rerun(
                #"{"manifest":"current","inputs":{"who":"her","secret":"a new one"}}"#)
            let third = try #require(try given.json["job_id"]?.string)
            #expect(try await house.end(of: third)["status"] == "succeeded")
            #expect(try await house.output(of: third) == "9 for her\n")
        }
    }

    @Test func retriesAsTheManifestSays() async throws {
        let moody = TestApplication(
            id: "moody", isIdempotent: true,
            more: "retry: {max_attempts: 3, backoff: fixed, base: 1s}",
            script: #"echo "try $PROVISION_ATTEMPT"; end "$((PROVISION_ATTEMPT < 3 ? 75 : 0))""#)
        try await House.run([moody]) { house in
            let id = try await house.install("moody")
            let end = try await house.end(of: id)
            #expect(end["status"] == "succeeded")
            #expect(end["attempt"] == 3)
            #expect(house.told("began", of: id) == 3)
        }
    }

    // MARK: - Servers

    @Test func holdsJobsWhileAServerIsPaused() async throws {
        try await House.run([.patient]) { house in
            try house.openGate("go")
            let paused = try await house.api.post(
                "/api/servers/agent-001/pause", #"{"note":"kernel update"}"#.utf8)
            #expect(paused.status == 200)
            #expect(try paused.json["pause_note"] == "kernel update")
            let ids = [try await house.install("patient"), try await house.install("patient")]
            // Whatever the agent would claim it claims with the message's receipt.
            try await eventually("a server with both jobs") {
                try await house.server()?["undelivered"] == 0
            }
            #expect(house.witness == [])
            #expect(try await house.job(ids[0])["status"] == "queued")
            #expect(try await house.api.get("/api/servers/agent-001").json["open_jobs"] == 2)

            let resumed = try await house.api.send("POST", "/api/servers/agent-001/resume")
            #expect(try resumed.json["paused_at"] == .null)
            for id in ids { #expect(try await house.end(of: id)["exit_code"] == 3) }
        }
    }

    @Test func refusesMoreJobsThanTheQueueHolds() async throws {
        try await House.run([.patient]) { house in
            house.panel.kill()
            house.panel.change(["PANEL_QUEUE_LIMIT": "2"])
            try await house.startPanel()
            let ids = [try await house.install("patient"), try await house.install("patient")]
            let third = try await house.api.install("patient")
            #expect(third.status == 429)
            #expect(third.headers["retry-after"] == "60")
            #expect(try third.findings == ["server_id queue_full"])
            try house.openGate("go")
            for id in ids { _ = try await house.end(of: id) }
            #expect(try await house.api.install("patient").status == 202)
        }
    }

    /// F51: an agent's key is revoked; the server comes back under a new one, with a history of its own.
    @Test func f51RevokesAnAgent() async throws {
        try await House.run([.patient]) { house in
            let running = try await house.install("patient")
            try await house.waitForOutput(of: running, holding: "line 1")
            let queued = try await house.install("patient")
            let revoked = try await house.api.send("POST", "/api/servers/agent-001/revoke")
            #expect(try revoked.json["status"] == "revoked")
            #expect(try revoked.json["key_generation"] == 2)
            let refused = try await house.job(queued)
            #expect(refused["status"] == "refused")
            #expect(refused["reason"] == "revoked")
            #expect(try await house.api.install("patient").findings == ["server_id revoked"])

            // What ran goes on to its end on the server; nobody is told.
            try house.openGate("go")
            try await eventually("the script's end") { house.told("done", of: running) == 1 }
            #expect(house.told("began", of: queued) == 0)
            #expect(try await house.job(running)["status"] == "running")

            // The same server under the old key gets nowhere, nor does it with its old history.
            house.agent.kill()
            house.agent.change([
                "AGENT_STATE": "\(house.agentFolder)/state-anew", "SECRET_KEY": nil,
                "AGENT_KEY": Fixtures.rootKey.agentKey(for: Fixtures.agent, generation: 2),
            ])
            try house.agent.start()
            try await eventually("a server that is back") {
                try await house.api.get("/api/servers/agent-001").json["status"] == "online"
            }
            let next = try await house.install("patient")
            #expect(try await house.end(of: next)["exit_code"] == 3)
            #expect(house.told("began", of: queued) == 0)
        }
    }

    /// F51: the root secret is replaced while jobs are in flight, first in the panel, then in the agent.
    @Test func f51RotatesTheRootSecretWithJobsInFlight() async throws {
        let new = "another root secret that is long enough"
        try await House.run([.patient]) { house in
            let first = try await house.install("patient")
            try await house.waitForOutput(of: first, holding: "line 1")
            let second = try await house.install("patient")
            house.panel.kill()
            house.panel.change(["SECRET_KEY": new, "SECRET_KEY_PREVIOUS": Fixtures.rootSecret])
            try await house.startPanel()
            let third = try await house.install("patient")

            house.agent.kill()
            house.agent.change(["SECRET_KEY": new, "SECRET_KEY_PREVIOUS": Fixtures.rootSecret])
            try house.agent.start()
            let fourth = try await house.install("patient")
            try house.openGate("go")
            for id in [first, second, third, fourth] {
                #expect(try await house.end(of: id)["exit_code"] == 3)
                #expect(house.told("began", of: id) == 1)
            }
            let key = try #require(RootKey(Array(new.utf8))).keys(for: Fixtures.agent).id
            try await eventually("a server that speaks under the new key") {
                try await house.api.get("/api/servers/agent-001").json["key_id"] == .string(key)
            }

            // Nothing of the old secret is needed any more.
            house.panel.kill()
            house.panel.change(["SECRET_KEY_PREVIOUS": nil])
            try await house.startPanel()
            house.agent.kill()
            house.agent.change(["SECRET_KEY_PREVIOUS": nil])
            try house.agent.start()
            #expect(try await house.end(of: try await house.install("patient"))["exit_code"] == 3)
            try await house.expectTruth()
        }
    }
}

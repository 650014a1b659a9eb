import JobKit
import ManifestKit
import OpenSSLCrypto
import SQLiteStore
import TestSupport
import Testing

@Suite(
    "Installing, from request to result", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(5)))
struct InstallationTests {
    @Test func runsAJobToItsEnd() async throws {
        try await House.run([.greeting]) { house in
            let id = try await house.install("greeting", ["who": "world $(touch x); `id`", "code": 0])
            let job = try await house.end(of: id)
            #expect(job["status"] == "succeeded")
            #expect(job["exit_code"] == 0)
            #expect(job["reason"] == .null)
            #expect(job["attempt"] == 1)
            #expect(job["output"] == "hello world $(touch x); `id`\nand again\n")
            let attempts = try #require(job["attempts"]?.array)
            let result = try #require(attempts.first?.object?["result"]?.object)
            #expect(attempts.count == 1)
            #expect(result["ending"] == "exited")
            #expect(result["leftovers"] == 0)
            #expect(house.witness == ["began \(id) 1", "done \(id) 1"])

            let output = try await house.output(of: id)
            #expect(result["log"]?.object?["bytes"] == .integer(output.utf8.count))
            #expect(
                result["log"]?.object?["digest"] == .string(Hex.encode(SHA256.digest(Array(output.utf8)))))
            let plain = try await house.api.get("/api/jobs/\(id)/log", headers: ["accept": "text/plain"])
            #expect(plain.text == output)
            #expect(plain.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(plain.headers["x-content-type-options"] == "nosniff")
        }
    }

    @Test(arguments: [(1, "exit"), (3, "exit"), (124, "exit"), (255, "exit")])
    func tellsTheScriptsOwnExitCode(code: Int, reason: String) async throws {
        try await House.run([.greeting]) { house in
            let job = try await house.end(
                of: house.install("greeting", ["who": "you", "code": .integer(code)]))
            #expect(job["status"] == "failed")
            #expect(job["exit_code"] == .integer(code))
            #expect(job["reason"] == .string(reason))
            #expect(house.witness.count == 2)
        }
    }

    /// G6: a script that succeeded is not all of it.
    @Test func failsAJobWhoseApplicationIsNotWell() async throws {
        let application = TestApplication(
            id: "ailing", isIdempotent: true,
            more: "health: [{id: page, kind: http, port: 1, start_period: 0s, retries: 0}]",
            script: "echo installed; end 0")
        try await House.run([application]) { house in
            let id = try await house.install("ailing")
            let job = try await house.end(of: id)
            #expect(job["status"] == "failed")
            #expect(job["reason"] == "unhealthy")
            #expect(job["exit_code"] == 0)
            #expect(
                job["exit_meaning"]
                    == "The script succeeded, and a health check did not pass; the log says which.")
            #expect(job["attempts"]?.array?.first?.object?["result"]?.object?["ending"] == "unhealthy")
            #expect(
                job["output"] == """
                    installed
                    http://localhost:1/ does not answer: Connection refused

                    [provisioning: health check 'page' did not pass: it ended with 1]

                    """)
            // Trying again mends no application: it is for a person to look at.
            #expect(house.witness == ["began \(id) 1", "done \(id) 1"])
        }
    }

    /// Every attempt has records of its own, counted from one: who follows the job is sent on to the next.
    @Test func leadsAFollowerFromOneAttemptToTheNext() async throws {
        let application = TestApplication(
            id: "again", isIdempotent: true,
            script:
                "echo try $PROVISION_ATTEMPT; [[ $PROVISION_ATTEMPT != 1 ]] && end 0; echo once more; end 2")
        try await House.run([application]) { house in
            let id = try await house.install("again")
            try await eventually("the wait for another attempt") {
                try await house.job(id)["status"] == "waiting"
            }
            let page = try await house.api.get("/api/jobs/\(id)/log").json
            #expect(page["complete"] == false)
            #expect(page["attempt"] == 1)
            #expect(page["next_attempt"] == 2)
            #expect(page["next_after"] == 0)
            #expect(try await house.api.get("/api/jobs/\(id)/log?attempt=2").json["records"] == [])
            #expect(
                try await house.api.get("/api/jobs/\(id)/log?attempt=3").findings == [
                    "attempt unknown_attempt"
                ])

            var (text, attempt, after) = ("", 1, 0)
            while true {
                let page = try await house.api.get(
                    "/api/jobs/\(id)/log?attempt=\(attempt)&after=\(after)&wait=30"
                ).json
                text += page["records"]?.array?.compactMap { $0.object?["text"]?.string }.joined() ?? ""
                if page["complete"] == true { break }
                attempt = Int(try #require(page["next_attempt"]?.integer))
                after = Int(try #require(page["next_after"]?.integer))
            }
            #expect(text == "try 1\nonce more\ntry 2\n")
            let plain = ["accept": "text/plain"]
            #expect(try await house.api.get("/api/jobs/\(id)/log", headers: plain).text == "try 2\n")
            #expect(
                try await house.api.get("/api/jobs/\(id)/log?attempt=1", headers: plain).text
                    == "try 1\nonce more\n")
            #expect(try await house.api.get("/api/jobs/\(id)/log?attempt=3", headers: plain).status == 404)
        }
    }

    /// What JSON and base64 make of many quotes is more than a message may have: nothing behind it would ever be read.
    @Test func acceptsNothingThatTheAgentWouldNotTake() async throws {
        let inputs = (0..<4).map { "{name: a\($0), type: string, required: false}" }.joined(separator: ", ")
        let application = TestApplication(id: "four", inputs: "[\(inputs)]", script: "end 0")
        try await House.run([application]) { house in
            let value = JSONValue.string(String(repeating: "\"", count: 31_000))
            let all: JSONObject = ["a0": value, "a1": value, "a2": value, "a3": value]
            let answer = try await house.api.install("four", all)
            #expect(answer.status == 413)
            #expect(try answer.findings == ["inputs too_large"])
            let fewer: JSONObject = ["a0": value, "a1": value]
            #expect(try await house.end(of: house.install("four", fewer))["status"] == "succeeded")
        }
    }

    /// Ended by a signal, with a record of the end whose times are as everywhere in the API.
    @Test func saysWhichSignalEndedAScript() async throws {
        let application = TestApplication(id: "struck", script: "kill -SEGV $$")
        try await House.run([application]) { house in
            let job = try await house.end(of: house.install("struck"))
            #expect(job["reason"] == "signal")
            #expect(job["exit_code"] == 139)
            #expect(job["exit_meaning"] == "The script was ended by signal 11.")
            let result = job["attempts"]?.array?.first?.object?["result"]?.object
            guard case .number(let ended)? = result?["ended_at"],
                case .number(let finished)? = job["finished_at"]
            else { throw SystemFailure("the end has no time: \(job)") }
            #expect(ended.count == finished.count && ended.prefix(7) == finished.prefix(7))
        }
    }

    @Test func keepsAnAuditTrailThatHolds() async throws {
        try await House.run([.greeting]) { house in
            let secret = "an audited secret"
            let id = try await house.install("greeting", ["who": "auditor", "secret": .string(secret)])
            _ = try await house.end(of: id)
            try await house.panel.stop()
            let trail = try await house.withRecord { store in
                try await store.read { try $0.audit(after: 0, limit: 1000) }
            }
            #expect(AuditEntry.firstBreak(in: trail) == nil)
            let lines = trail.filter { $0.draft.job?.description == id }
            #expect(
                lines.map(\.draft.action) == ["job.accepted", "job.claimed", "job.began", "job.finished"])
            let accepted = try #require(lines.first?.draft)
            #expect(accepted.actor == "token:panel")
            #expect(accepted.detail["input.who"] == "auditor")
            #expect(accepted.detail["input.secret"] == "sealed")
            #expect(accepted.detail["content_digest"]?.count == 64)
            #expect(lines.last?.draft.detail["state"] == "succeeded")
            #expect(!trail.contains { "\($0)".contains(secret) })
        }
    }

    @Test func runsOneScriptAtATimeInTheOrderAsked() async throws {
        try await House.run([.greeting]) { house in
            var ids: [String] = []
            for number in 1...5 {
                ids.append(try await house.install("greeting", ["who": .string("number \(number)")]))
            }
            for id in ids { #expect(try await house.end(of: id)["status"] == "succeeded") }
            #expect(house.witness == ids.flatMap { ["began \($0) 1", "done \($0) 1"] })
        }
    }

    private static let curious = TestApplication(
        id: "curious",
        script: """
            echo "environment: $(compgen -e | sort | tr '\\n' ' ')"
            # Not in a substitution, whose pipe would be one more.
            ls /proc/$$/fd >descriptors
            echo -n "descriptors: " && ls -m /proc/$$/fd
            echo "input: $(readlink /proc/$$/fd/0)"
            echo "terminal: $(tty)"
            echo "mask: $(umask)"
            echo "place: $PWD"
            echo "session: $(($(cut -d ' ' -f 6 /proc/$$/stat) - $$))"
            wait_for go
            end 0
            """)

    @Test func givesAScriptNothingThatIsNotMeantForIt() async throws {
        try await House.run([Self.curious]) { house in
            let id = try await house.install("curious")
            try await house.waitForOutput(of: id, holding: "session: ")
            let own =
                [
                    "ACTION", "APP_ID", "APP_REVISION", "APP_VERSION", "ARCH", "ATTEMPT", "JOB_ID", "OS_ID",
                    "OS_VERSION",
                ]
                + ["OUTPUT_FILE", "PROGRESS_FILE", "SERVER_ID", "STATE_DIR", "WORK_DIR"]
            let names =
                ["DEBIAN_FRONTEND", "HOME", "LANG", "NEEDRESTART_MODE", "PATH"]
                + own.map { "PROVISION_\($0)" } + ["TERM", "UCF_FORCE_CONFFOLD"]
            let lines = try await house.output(of: id).split(separator: "\n").map { String($0) }
            // What bash itself adds.
            let given = lines[0].split(separator: " ").dropFirst().map { String($0) }
                .filter { !["OLDPWD", "PWD", "SHLVL", "_"].contains($0) }
            #expect(given == names.sorted())
            // 255 is the script itself, as bash reads it; a pipe or `$(…)` would show bash's own ends of it.
            #expect(lines[1] == "descriptors: 0, 1, 2, 255")
            #expect(lines[2] == "input: /dev/null")
            #expect(lines[3] == "terminal: not a tty")
            #expect(lines[4] == "mask: 0022")
            #expect(lines[5] == "place: \(house.agentState)/attempts/\(id)-1/work")
            #expect(lines[6] == "session: 0")
            try house.openGate("go")
            #expect(try await house.end(of: id)["status"] == "succeeded")
        }
    }

    @Test func leavesNothingOfAFinishedJobButItsLog() async throws {
        try await House.run([.greeting]) { house in
            let id = try await house.install("greeting", ["who": "you", "secret": "for nobody else"])
            _ = try await house.end(of: id)
            try await eventually("an empty folder of attempts") {
                FileTree.files(below: "\(house.agentState)/attempts").isEmpty
            }
            // What is kept is the application, as the repository has it.
            let copies = "\(house.agentState)/copies"
            #expect(FileTree.mode(copies) == 0o700)
            let kept = FileTree.files(below: copies).map { $0.dropFirst(copies.count) }.sorted()
            #expect(kept == ["/greeting/greeting/install.sh", "/greeting/greeting/manifest.yml"])
            #expect(house.plainLog(of: id) == "hello you\nand again\n")
            for folder in [house.agentState, "\(house.agentFolder)/logs"] {
                #expect(FileTree.mode(folder) == 0o700)
                for file in FileTree.files(below: folder) where !file.hasPrefix("\(copies)/") {
                    #expect(FileTree.mode(file) == 0o600, "\(file)")
                }
            }
            for file in FileTree.files(below: house.panelFolder) where file.contains("panel.sqlite") {
                #expect(FileTree.mode(file) == 0o600, "\(file)")
            }
        }
    }

    /// Fails the first time as package servers do, and works the second time.
    private static func moody(isIdempotent: Bool) -> TestApplication {
        TestApplication(
            id: "moody", isIdempotent: isIdempotent,
            script: """
                echo "attempt $PROVISION_ATTEMPT"
                (( PROVISION_ATTEMPT > 1 )) || end 2
                end 0
                """)
    }

    @Test func triesAgainWhatMayPassByItself() async throws {
        try await House.run([Self.moody(isIdempotent: true)]) { house in
            let id = try await house.install("moody")
            let job = try await house.end(of: id)
            #expect(job["status"] == "succeeded")
            #expect(job["attempt"] == 2)
            let attempts = job["attempts"]?.array?.compactMap {
                $0.object?["result"]?.object?["code"]?.integer
            }
            #expect(attempts == [2, 0])
            #expect(house.witness == ["began \(id) 1", "done \(id) 1", "began \(id) 2", "done \(id) 2"])
            let first = try await house.api.get(
                "/api/jobs/\(id)/log?attempt=1", headers: ["accept": "text/plain"])
            #expect(first.text == "attempt 1\n")
            #expect(try await house.output(of: id) == "attempt 2\n")
        }
    }

    @Test func triesNothingTwiceThatIsNotIdempotent() async throws {
        try await House.run([Self.moody(isIdempotent: false)]) { house in
            let id = try await house.install("moody")
            let job = try await house.end(of: id)
            #expect(job["status"] == "failed")
            #expect(job["exit_code"] == 2)
            #expect(house.witness == ["began \(id) 1", "done \(id) 1"])
        }
    }
}

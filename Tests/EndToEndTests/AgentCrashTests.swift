import Glibc
import JobKit
import ManifestKit
import OpenSSLCrypto
import TestSupport
import Testing

@Suite(
    "The agent dies", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct AgentCrashTests {
    /// Lives on whoever dies: it says nothing more, into a pipe or to anybody.
    private static let silent = TestApplication(
        id: "silent",
        script: """
            trap '' TERM HUP PIPE
            setsid sleep 600 &
            echo ready
            wait_for go
            end 0
            """)

    @Test func f29FollowsAScriptThatWentOnWithoutIt() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            let script = try #require(house.scripts(of: id).first)
            house.agent.kill()
            let before = try await house.output(of: id)
            // The script goes on writing while nobody listens.
            try await eventually("more output on the server's disk") {
                house.plainLog(of: id).count > before.count + 60
            }
            #expect(try await house.job(id)["status"] == "running")

            try await house.startAgent()
            try await eventually("all of it at the panel") {
                try await house.output(of: id).count > before.count + 60
            }
            #expect(house.scripts(of: id).contains { $0.pid == script.pid })
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
            try await house.expectTruth()
        }
    }

    @Test func f30FindsTheResultOfAScriptThatEndedWithoutIt() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            house.agent.kill()
            try house.openGate("go")
            try await eventually("an end of the script") {
                house.told("done", of: id) == 1 && house.scripts(of: id).isEmpty
            }
            #expect(try await house.job(id)["status"] == "running")
            try await house.startAgent()
            try await house.expectWholeRun(of: id)
            try await house.expectTruth()
        }
    }

    /// Nobody saw the end, so nobody makes one up; and nothing of the script is left to meddle with a next one.
    @Test func f32CallsAnAttemptInterruptedWhoseRunnerDiedToo() async throws {
        try await House.run([Self.silent, .greeting]) { house in
            let id = try await house.install("silent")
            try await house.waitForOutput(of: id, holding: "ready\n")
            house.agent.kill()
            let runner = try #require(house.runner(of: id))
            #expect(kill(runner, SIGKILL) == 0)
            try await eventually("an end of the runner") { house.runner(of: id) == nil }
            #expect(house.scripts(of: id).count > 1)

            try await house.startAgent()
            let job = try await house.end(of: id)
            #expect(job["status"] == "failed")
            #expect(job["reason"] == "interrupted")
            #expect(job["exit_code"] == .null)
            #expect(house.scripts(of: id).isEmpty)
            #expect(house.witness == ["began \(id) 1"])
            #expect(try await house.output(of: id) == "ready\n")

            let next = try await house.install("greeting", ["who": "you"])
            #expect(try await house.end(of: next)["status"] == "succeeded")
            try await house.expectTruth(isAnythingStruck: true)
        }
    }

    @Test func f31NoticesThatItsRunnerDied() async throws {
        try await House.run([Self.silent]) { house in
            let id = try await house.install("silent")
            try await house.waitForOutput(of: id, holding: "ready\n")
            let runner = try #require(house.runner(of: id))
            #expect(kill(runner, SIGKILL) == 0)
            #expect(try await house.end(of: id, within: .seconds(5))["reason"] == "interrupted")
            #expect(house.scripts(of: id).isEmpty)
            #expect(house.witness == ["began \(id) 1"])
            try await house.expectTruth(isAnythingStruck: true)
        }
    }

    /// Killed at any moment between message and result: whatever it was doing, the script begins once.
    @Test(arguments: [1, 2, 3]) func f26BeginsEachScriptOnceHoweverOftenItDies(seed: UInt64) async throws {
        try await House.run([.greeting]) { house in
            var random = SeededGenerator(seed: seed)
            var ids: [String] = []
            for number in 1...8 {
                ids.append(
                    try await house.install("greeting", ["who": .string("number \(number)"), "code": 3]))
                // By events, never by the clock: some turns of the scheduler, or the witness's next word.
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    _ = try await house.api.get("/api/health")
                }
                let told = house.witness.count
                if Bool.random(using: &random) {
                    // Where all are done already, there is none to come.
                    try await eventually("a word more") { house.witness.count > min(told, 2 * ids.count - 1) }
                }
                house.agent.kill()
                try await house.startAgent()
            }
            for id in ids {
                let job = try await house.end(of: id)
                // On a slow machine three of the kills may meet one start: then the job is left alone (F57).
                if job["reason"] == "poison" {
                    #expect(house.told("began", of: id) == 0, "seed \(seed)")
                    continue
                }
                #expect(job["exit_code"] == 3, "seed \(seed): \(job)")
                #expect(house.told("began", of: id) == 1, "seed \(seed)")
                #expect(house.told("done", of: id) == 1, "seed \(seed)")
            }
            try await house.expectTruth()
        }
    }

    @Test func leavesARunningScriptAloneWhenItIsStopped() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            try await house.agent.stop()
            let lines = house.plainLog(of: id).count
            try await eventually("a script that goes on") { house.plainLog(of: id).count > lines }
            try await house.startAgent()
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
        }
    }
}

extension House {
    /// The script's processes that live.
    func scripts(of id: String) -> [ProcessTable.Entry] {
        ProcessTable.processes(with: "PROVISION_JOB_ID=\(id)")
    }

    /// The runner that watches over the job's script.
    func runner(of id: String) -> pid_t? { runners().first { $0.folder.contains(id) }?.pid }

    /// All runners that live: each holds the lock in its attempt's folder.
    func runners() -> [(folder: String, pid: pid_t)] {
        FileTree.files(below: "\(agentState)/attempts").filter { $0.hasSuffix("/runner.lock") }.compactMap {
            path in
            FileTree.lockHolder(path).map { (path, $0) }
        }
    }

    /// The log for people on the server.
    func plainLog(of id: String) -> String { FileTree.text("\(agentFolder)/logs/\(id).log") }

    /// The script of `patient` ran once, to its own end, and all that it wrote is there.
    func expectWholeRun(of id: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) async throws
    {
        let job = try await end(of: id)
        #expect(job["status"] == "failed", sourceLocation: sourceLocation)
        #expect(job["exit_code"] == 3, sourceLocation: sourceLocation)
        #expect(job["reason"] == "exit", sourceLocation: sourceLocation)
        #expect(job["attempt"] == 1, sourceLocation: sourceLocation)
        #expect(witness == ["began \(id) 1", "done \(id) 1"], sourceLocation: sourceLocation)
        let text = try await output(of: id)
        let lines = text.split(separator: "\n")
        #expect(lines == (1...max(1, lines.count)).map { "line \($0)" }, sourceLocation: sourceLocation)
        let log = job["attempts"]?.array?.last?.object?["result"]?.object?["log"]?.object
        #expect(
            log?["digest"] == .string(Hex.encode(SHA256.digest(Array(text.utf8)))),
            sourceLocation: sourceLocation)
        #expect(log?["cut_bytes"] == 0, sourceLocation: sourceLocation)
        #expect(plainLog(of: id) == text, sourceLocation: sourceLocation)
    }
}

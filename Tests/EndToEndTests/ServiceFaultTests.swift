import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

@Suite(
    "Services that are restarted under a script", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(5)))
struct ServiceFaultTests {
    /// How an agent ends before its successor.
    enum Ending: CaseIterable {
        case stopped, killed
    }

    /// F60: other programs take the place of the agent's while a script runs, and the agent is started anew.
    @Test(arguments: Ending.allCases) func f60IsReplacedWhileAScriptRuns(_ ending: Ending) async throws {
        try await House.run([.patient, .greeting], withAgent: false) { house in
            let home = "\(house.agentFolder)/programs"
            mkdir(home, 0o755)
            for name in Self.programs {
                try Self.write(try FileTree.read("\(Program.folder)/\(name)"), to: "\(home)/\(name)")
            }
            house.agent.move(to: home)
            try await house.startAgent()
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            let script = try #require(house.scripts(of: id).first)
            let runner = try #require(house.runner(of: id))

            // As a package's upgrade does it: the new file is renamed into the old one's place.
            for name in Self.programs {
                let old = try FileTree.read("\(home)/\(name)")
                try Self.write(old + Array(Self.mark.utf8), to: "\(home)/\(name).new")
                #expect(rename("\(home)/\(name).new", "\(home)/\(name)") == 0)
            }
            switch ending {
            case .stopped: try await house.agent.stop()
            case .killed: house.agent.kill()
            }
            try await house.startAgent()
            #expect(Self.isNew(house.agent.pid))
            #expect(!Self.isNew(runner))
            #expect(house.runner(of: id) == runner)
            #expect(house.scripts(of: id).contains { $0.pid == script.pid })

            try house.openGate("go")
            try await house.expectWholeRun(of: id)
            // And the next script gets the new runner.
            house.closeGate("go")
            let next = try await house.install("patient")
            try await house.waitForOutput(of: next, holding: "line 3\n")
            #expect(Self.isNew(try #require(house.runner(of: next))))
            try house.openGate("go")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    private static let programs = ["AgentDaemon", "AttemptRunner", "HealthProbe"]
    /// Behind the end of a program, where nothing reads it.
    private static let mark = "the next version"

    private static func write(_ bytes: [UInt8], to path: String) throws {
        try FileTree.write(bytes, to: path)
        chmod(path, 0o755)
    }

    private static func isNew(_ process: pid_t) -> Bool {
        FileTree.bytes("/proc/\(process)/exe").suffix(mark.utf8.count).elementsEqual(mark.utf8)
    }

    /// What a script restarts.
    enum Service: CaseIterable {
        case redis, agent, both
    }

    /// Ends the services whose numbers it is given, goes on while they are away, and waits for what comes in their place.
    private static let restarter = TestApplication(
        id: "restarter",
        script: """
            echo "before"
            for service in "$gates"/*.pid; do
                kill -TERM "$(<"$service")"
            done
            for ((n = 1; n <= 20; n++)); do
                echo "line $n"
                sleep 0.02
            done
            wait_for back
            echo "after"
            end 3
            """)

    /// F61: a script restarts Redis, its own agent, or both, as an upgrade of either does.
    @Test(arguments: Service.allCases) func f61BringsTheResultOfAScriptThatRestarts(_ service: Service)
        async throws
    {
        try await House.run([Self.restarter, .greeting]) { house in
            if service != .agent { try house.openGate("redis.pid", saying: "\(house.redis.pid)") }
            if service != .redis { try house.openGate("agent.pid", saying: "\(house.agent.pid)") }
            let id = try await house.install("restarter")
            // What systemd does: whatever has ended is started again.
            if service != .redis {
                #expect(try await house.agent.end() == 0)
                try house.agent.start()
            }
            if service != .agent {
                try await eventually("an end of Redis") { house.redis.isOver }
                try await house.redis.restart()
            }
            #expect(house.scripts(of: id).count > 0)
            #expect(house.told("done", of: id) == 0)
            try house.openGate("back")
            let job = try await house.end(of: id)
            #expect(job["status"] == "failed")
            #expect(job["exit_code"] == 3)
            let lines = (1...20).map { "line \($0)\n" }.joined()
            #expect(try await house.output(of: id) == "before\n\(lines)after\n")
            _ = try await house.install(number: 2, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

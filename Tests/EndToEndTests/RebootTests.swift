import Glibc
import ManifestKit
import TestSupport
import Testing

@testable import ExecKit

@Suite(
    "A server that is started anew", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct RebootTests {
    private static let retried = TestApplication(
        id: "retried", isIdempotent: true, more: "retry: {max_attempts: 2, backoff: fixed, base: 1s}",
        script: #"echo "try $PROVISION_ATTEMPT"; [[ $PROVISION_ATTEMPT == 1 ]] || end 0; wait_for never"#)

    /// F33: what ran when the server went down was interrupted, and runs again only where its manifest says so; what
    /// waited runs as if nothing had been.
    @Test(arguments: [false, true]) func f33InterruptsWhatRanWhenTheServerWentDown(_ mayRetry: Bool)
        async throws
    {
        try await House.run([.patient, Self.retried, .greeting]) { house in
            let running = try await house.install(mayRetry ? "retried" : "patient")
            try await house.waitForOutput(of: running, holding: mayRetry ? "try 1\n" : "line 3\n")
            let waiting = try await house.install("greeting", ["who": "you"])
            try await eventually("a server with both jobs") { try await house.server()?["undelivered"] == 0 }
            try await house.reboot()

            let job = try await house.end(of: running)
            let first = job["attempts"]?.array?.first?.object?["result"]?.object
            #expect(first?["ending"] == "interrupted")
            #expect(first?["cause"] == "host_restarted")
            #expect(job["status"] == (mayRetry ? "succeeded" : "failed"))
            #expect(job["attempt"] == (mayRetry ? 2 : 1))
            #expect(mayRetry || job["reason"] == "interrupted")
            #expect(try await house.end(of: waiting)["status"] == "succeeded")
            #expect(house.told("began", of: running) == (mayRetry ? 2 : 1))
            #expect(house.told("began", of: waiting) == 1)
            try await house.expectTruth(isAnythingStruck: true)
        }
    }

    /// F33: a server that goes down in good order tells every process to end, and nobody has called anything off.
    @Test func f33InterruptsWhatRanWhenTheServerWasShutDown() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            let runner = try #require(house.runner(of: id))
            try await house.agent.stop()
            kill(runner, SIGTERM)
            for script in house.scripts(of: id) { kill(script.pid, SIGTERM) }
            try await eventually("an end of all of it") {
                house.runner(of: id) == nil && house.scripts(of: id).isEmpty
            }
            try await house.startAgent()
            let job = try await house.end(of: id)
            #expect(job["status"] == "failed")
            #expect(job["reason"] == "interrupted")
            #expect(job["exit_code"] == .null)
            #expect(house.witness == ["began \(id) 1"])
            try await house.expectTruth(isAnythingStruck: true)
        }
    }

    /// F34: the number in an attempt's folder has become another process's, or somebody wrote it there: whoever holds
    /// the lock is believed, and the other process is left alone by the next agent, cancel and clearing up included.
    @Test(arguments: [true, false]) func f34LeavesAForeignProcessAlone(runnerLives: Bool) async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            let bystander = try ChildProcess(["sleep", "600"], folder: "\(house.path)/bystander")
            defer { bystander.end(SIGKILL) }
            house.agent.kill()
            if !runnerLives { try await house.killRunners() }
            let folder = try Directory("\(house.agentState)/attempts/\(id)-1")
            let began = try #require(AttemptBeginning(in: folder))
            let forged = AttemptBeginning(at: began.at, script: bystander.pid, bootID: began.bootID)
            folder.remove(AttemptFile.began)
            try folder.create(AttemptFile.began, forged.bytes)

            try await house.startAgent()
            if runnerLives {
                let count = try await house.output(of: id).count
                try await eventually("more output") { try await house.output(of: id).count > count }
                #expect(try await house.api.send("POST", "/api/jobs/\(id)/cancel").status == 202)
            }
            #expect(try await house.end(of: id)["status"] == (runnerLives ? "cancelled" : "failed"))
            #expect(house.scripts(of: id).isEmpty)
            #expect(bystander.ending() == nil)
            #expect(house.witness == ["began \(id) 1"])
            try await house.expectTruth(isAnythingStruck: !runnerLives)
        }
    }
}

extension House {
    /// Ends all that runs on the server in one moment, and starts its agent under another boot's name.
    fileprivate func reboot() async throws {
        agent.kill()
        try await killRunners()
        for job in accepted { for script in scripts(of: job) { kill(script.pid, SIGKILL) } }
        let name = "\(path)/boot_id"
        try FileTree.write(Array("0b7c3a52-6f0e-4a55-9d0b-5d2f6e8c1a90\n".utf8), to: name)
        let script = #"mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@""#
        agent.run(under: ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, name])
        try await startAgent()
    }

    fileprivate func killRunners() async throws {
        for runner in runners() { kill(runner.pid, SIGKILL) }
        try await eventually("an end of the runners") { runners().isEmpty }
    }
}

import Glibc
import TestSupport
import Testing

@testable import ExecKit
@testable import JobKit

/// G6: `succeeded` needs exit 0 and an application that is well.
@Suite("The health gate (root, cgroup v2)", .timeLimit(.minutes(1))) struct HealthGateTests {
    private let server: TestServer
    private let host: ProcessAttemptHost

    init() throws {
        server = try TestServer()
        host = server.host(limits: .short())
    }

    /// Starts `script` under a manifest with these checks; `files` are scripts of the application's own.
    private func start(
        _ script: String, _ checks: [String], files: [String: String] = [:], more: String = "",
        inputs: [String: String] = [:], secrets: [String: String] = [:], on other: ProcessAttemptHost? = nil
    ) async throws -> AttemptID {
        let health = checks.map { "  - {\($0)}\n" }.joined()
        let manifest = TestServer.manifest + "\n" + more + "\nhealth:\n" + health
        try server.publish(script: "#!/bin/bash\n" + script, manifest: manifest)
        let folder = try Directory("\(server.places.installers)/app")
        for (name, text) in files { try folder.create(name, Array("#!/bin/bash\n\(text)".utf8), mode: 0o755) }
        let order = try server.order(inputs: inputs, secrets: secrets)
        try await (other ?? host).start(VerifiedJob(order: order))
        return order.attempt
    }

    private func run(
        _ script: String, _ checks: [String], files: [String: String] = [:], more: String = "",
        inputs: [String: String] = [:], secrets: [String: String] = [:],
        onOutput: () async throws -> Void = {}
    ) async throws -> TestServer.Run {
        let attempt = try await start(
            script, checks, files: files, more: more, inputs: inputs, secrets: secrets)
        return try await server.follow(attempt, host, onOutput: onOutput)
    }

    /// A check that is failed at its first look.
    private static let once = "start_period: 0s, retries: 0"

    // MARK: - Green and red

    @Test func aScriptWhoseChecksPassHasSucceeded() async throws {
        let run = try await run(
            "touch made",
            ["id: passwd, kind: file, path: /etc/passwd", "id: own, kind: command, script: own.sh"],
            files: ["own.sh": "[[ $PWD == \"$PROVISION_WORK_DIR\" && -e made && $SERVER_NAME == here ]]"],
            inputs: ["server_name": "here"])
        #expect(run.result?.ending == .exited(code: 0))
        #expect(
            run.text == """

                [provisioning: health check 'passwd' passed]

                [provisioning: health check 'own' passed]

                """)
    }

    @Test(arguments: [
        ("kind: file, path: /nowhere/to/be/found", "'/nowhere/to/be/found': No such file or directory\n"),
        ("kind: process, name: no-such-program", "no process is called 'no-such-program'\n"),
        ("kind: tcp, port: 1", "port 1 of this server takes no connection: Connection refused\n"),
        (
            "kind: http, port: 1, path: /up",
            "http://localhost:1/up does not answer: Connection refused\n"
        ),
        ("kind: command, script: own.sh", "down\n"),
    ])
    func aCheckThatDoesNotPassFailsTheAttempt(_ row: (check: String, words: String)) async throws {
        let run = try await run(
            "echo installed", ["id: it, \(Self.once), \(row.check)"],
            files: ["own.sh": "echo down; echo still >&2; exit 1"])
        #expect(run.result?.ending == .unhealthy)
        #expect(run.result?.reason == .unhealthy && run.result?.exitCode == 0)
        #expect(run.text.hasPrefix("installed\n" + row.words))
        #expect(run.text.hasSuffix("\n[provisioning: health check 'it' did not pass: it ended with 1]\n"))
        let result = try #require(run.result)
        #expect(await Array(host.survey().values) == [.ended(result)])
    }

    @Test func behindACheckThatFailedNoneIsMade() async throws {
        let run = try await run(
            "exit 0",
            ["id: first, kind: file, path: /nowhere, \(Self.once)", "id: second, kind: file, path: /etc"])
        #expect(run.result?.ending == .unhealthy)
        #expect(!run.text.contains("second"))
    }

    @Test func aWarningFailsNothing() async throws {
        let run = try await run(
            "exit 0", ["id: it, severity: warning, kind: file, path: /nowhere, \(Self.once)"])
        #expect(run.result?.ending == .exited(code: 0))
        #expect(run.text.contains("health check 'it' did not pass"))
    }

    @Test func aScriptThatFailedIsNotLookedAt() async throws {
        let run = try await run("exit 3", ["id: it, kind: file, path: /nowhere, \(Self.once)"])
        #expect(run.result?.ending == .exited(code: 3))
        #expect(run.text.isEmpty)
    }

    @Test func anActionWithoutTheGateIsNotLookedAt() async throws {
        let run = try await run(
            "exit 0", ["id: it, kind: file, path: /nowhere, \(Self.once)"],
            more: "actions: {install: {health_gate: false}}")
        #expect(run.result?.ending == .exited(code: 0))
    }

    // MARK: - Which checks

    private static let choosing = [
        "id: named, kind: file, path: /nowhere, \(once), when: {server_name: strict}",
        "id: secret, kind: file, path: /nowhere, \(once), when: {db_password: {set: true}}",
    ]

    @Test func aCheckCountsWhereItsConditionHolds() async throws {
        let free = try await run("exit 0", Self.choosing, inputs: ["server_name": "lax"])
        #expect(free.result?.ending == .exited(code: 0))
        let named = try await run("exit 0", Self.choosing, inputs: ["server_name": "strict"])
        #expect(named.result?.ending == .unhealthy && named.text.contains("'named'"))
        let secret = try await run("exit 0", Self.choosing, secrets: ["db_password": "hunter22"])
        #expect(secret.result?.ending == .unhealthy && secret.text.contains("'secret'"))
    }

    @Test(arguments: [([:], true), (["door": "1"], false)])
    func aPortWithoutAnAnswerIsNotLookedAt(_ row: (inputs: [String: String], isWell: Bool)) async throws {
        try server.publish(
            script: "#!/bin/bash\n",
            manifest: TestServer.manifest + """

                  - {name: door, type: port, required: false, validation: {privileged: allow}}
                health:
                  - {id: it, kind: tcp, port: door, \(Self.once)}
                """)
        let order = try server.order(inputs: row.inputs)
        try await host.start(VerifiedJob(order: order))
        let run = try await server.follow(order.attempt, host)
        #expect(run.result?.ending == (row.isWell ? .exited(code: 0) : .unhealthy))
    }

    /// Of a hidden input there may be a value for the script, and there is none to look at.
    @Test(arguments: ["default", "empty"]) func aHiddenPortIsNotLookedAt(_ hidden: String) async throws {
        try server.publish(
            script: "#!/bin/bash\n",
            manifest: TestServer.manifest + """

                  - {name: open, type: boolean, default: "false"}
                  - {name: door, type: port, default: "1", visible_if: {open: "true"}, when_hidden: \(hidden), validation: {privileged: allow}}
                health:
                  - {id: it, kind: tcp, port: door, \(Self.once)}
                """)
        let order = try server.order()
        try await host.start(VerifiedJob(order: order))
        #expect(try await server.follow(order.attempt, host).result?.ending == .exited(code: 0))
    }

    // MARK: - Looks

    /// The first look and `retries` more.
    @Test func aCheckIsTriedAgainAsOftenAsItSays() async throws {
        let run = try await run(
            "exit 0", ["id: it, kind: command, script: own.sh, start_period: 0s, interval: 1s, retries: 2"],
            files: ["own.sh": "echo look >>looks; cat looks; exit 1"])
        #expect(run.result?.ending == .unhealthy)
        #expect(
            run.text.hasPrefix(
                "\n[provisioning: health check 'it' does not pass yet: it ended with 1]\nlook\nlook\nlook\n\n"
            ))
    }

    @Test func aCheckThatPassesLaterPasses() async throws {
        let run = try await run(
            "exit 0", ["id: it, kind: command, script: own.sh, start_period: 0s, interval: 1s, retries: 1"],
            files: ["own.sh": "[[ -e seen ]] || { touch seen; exit 1; }"])
        #expect(run.result?.ending == .exited(code: 0))
    }

    /// Looks of the start period do not count.
    @Test func anApplicationHasItsStartPeriod() async throws {
        let run = try await run(
            "exit 0", ["id: it, kind: command, script: own.sh, start_period: 1h, interval: 1s, retries: 0"],
            files: ["own.sh": "echo look >>looks; (( $(wc -l <looks) == 3 ))"])
        #expect(run.result?.ending == .exited(code: 0))
    }

    @Test func aLookThatTakesTooLongIsEndedWithItsWholeTree() async throws {
        let run = try await run(
            "exit 0", ["id: it, kind: command, script: own.sh, timeout: 1s, \(Self.once)"],
            files: ["own.sh": "trap '' TERM; tail -f /dev/null & echo $!; echo $$; wait; wait"])
        #expect(run.result?.ending == .unhealthy)
        #expect(run.text.contains("did not pass: it took longer than 1 s"))
        let tree = run.text.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }.filter { $0 > 1 }
        #expect(tree.count >= 2 && tree.allSatisfy { !isAlive($0) })
    }

    @Test func whatACheckLeavesBehindIsEnded() async throws {
        let run = try await run(
            "exit 0", ["id: it, kind: command, script: own.sh"],
            files: ["own.sh": "setsid tail -f /dev/null >/dev/null 2>&1 & echo $! >left; exit 0"])
        #expect(run.result?.ending == .exited(code: 0))
        #expect(run.result?.leftovers == 1 && run.result?.survivors == 0)
    }

    /// systemd removes empty cgroups of a service that it restarts, and agents are restarted.
    @Test func aGroupThatIsRemovedBetweenLooksIsMadeAgain() async throws {
        let attempt = try await start(
            "exit 0", ["id: it, kind: file, path: \(server.root)/up, interval: 1s, start_period: 1h"])
        try await server.awaitOutput(of: attempt)
        let group = try host.groups.path(of: attempt)
        try await eventually("a group that is gone") { rmdir(group) == 0 || errno == ENOENT }
        try Directory(server.root).create("up", [])
        #expect(try await server.follow(attempt, host).result?.ending == .exited(code: 0))
        #expect(throws: ExecKitError.self) { try ControlGroup(group) }
    }

    /// G13: the runner is known by its lock, whatever became of its cgroup.
    @Test func aCancelReachesARunnerWhoseGroupWasMadeAgain() async throws {
        let attempt = try await start(
            "exit 0", ["id: it, kind: command, script: own.sh, interval: 1s, start_period: 1h"],
            files: ["own.sh": "echo look >>looks; exit 1"])
        try await server.awaitOutput(of: attempt)
        let group = try host.groups.path(of: attempt)
        try await eventually("a group that is gone") { rmdir(group) == 0 || errno == ENOENT }
        let work = "\(server.places.state)/attempts/\(attempt)/work"
        try await eventually("a look in another group") {
            try Directory(work).text("looks")?.contains("\n") == true
        }
        await host.cancel(attempt)
        #expect(try await server.follow(attempt, host).result?.ending == .cancelled)
    }

    /// Where nothing is known of the attempt any more, nothing of it runs again.
    @Test func anAttemptThatIsLostIsNotLookedAtAgain() async throws {
        let attempt = try await start(
            "exit 0", ["id: it, kind: command, script: own.sh, interval: 1s, start_period: 1h"],
            files: ["own.sh": "echo look >>'\(server.root)/looks'; exit 1"])
        try await server.awaitOutput(of: attempt)
        let runner = try #require(RunnerLock.holder(of: server.folder(of: attempt)))
        try Directory("\(server.places.state)/attempts").removeTree(attempt.description)
        guard case .ended(let lost)? = await server.host().survey()[attempt] else {
            throw ExecKitError(.damaged, "it is not taken for lost")
        }
        #expect(lost.ending == .interrupted(.stateLost))
        let looks = try Directory(server.root).text("looks")
        var end = pollfd(fd: runner.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&end, 1, 10_000) == 1)
        #expect(try Directory(server.root).text("looks") == looks)
    }

    @Test func aScriptMayTakeItsDirectoryAway() async throws {
        let run = try await run(
            "cd /; rm -rf \"$PROVISION_WORK_DIR\"", ["id: it, kind: command, script: own.sh, \(Self.once)"],
            files: ["own.sh": "[[ $PWD == \"$PROVISION_WORK_DIR\" ]]"])
        #expect(run.result?.ending == .exited(code: 0), "\(run.text)")
    }

    @Test func aCheckShowsNoSecret() async throws {
        let run = try await run(
            "exit 0", ["id: it, kind: command, script: own.sh, \(Self.once)"],
            files: ["own.sh": "echo \"is $DB_PASSWORD known\"; exit 1"], secrets: ["db_password": "hunter22"])
        #expect(run.result?.ending == .unhealthy)
        #expect(run.text.contains("is ") && !run.text.contains("hunter22"))
    }

    // MARK: - Cancel and crash

    private static let slow = [
        "own.sh": "echo $$ >looking; tail -f /dev/null"
    ]

    @Test func aCancelEndsALook() async throws {
        let attempt = try await start(
            "exit 0", ["id: it, kind: command, script: own.sh, timeout: 1h, \(Self.once)"], files: Self.slow)
        let looking = try await number(in: "looking", of: attempt)
        await host.cancel(attempt)
        #expect(try await server.follow(attempt, host).result?.ending == .cancelled)
        #expect(!isAlive(looking))
        #expect(try server.folder(of: attempt).text(AttemptFile.cause) == "cancel")
    }

    /// A look that was decided stays so: what came first is true.
    @Test(arguments: [(0, AttemptResult.Ending.exited(code: 0)), (1, .unhealthy)])
    func aCancelBehindTheDecisionChangesNothing(_ row: (code: Int, ending: AttemptResult.Ending)) async throws
    {
        // What the look leaves behind holds the attempt up behind the look's end.
        let host = server.host(limits: .short(leftoverGrace: 20_000))
        let attempt = try await start(
            "exit 0", ["id: it, kind: command, script: own.sh, \(Self.once)"],
            files: ["own.sh": TestServer.leftover + "exit \(row.code)"], on: host)
        let work = try Directory("\(server.places.state)/attempts/\(attempt)/work")
        try await eventually("what is left behind") { work.has("left") }
        await host.cancel(attempt)
        try work.create("go", [])
        #expect(try await server.follow(attempt, host).result?.ending == row.ending)
    }

    @Test func aCancelEndsTheRestBetweenLooks() async throws {
        let run = try await run(
            "exit 0", ["id: it, kind: file, path: /nowhere, interval: 1h, start_period: 1h"]
        ) {
            let attempt = try #require(await host.survey().keys.first)
            await host.cancel(attempt)
        }
        #expect(run.result?.ending == .cancelled)
        #expect(run.text.contains("does not pass yet"))
    }

    /// A server that goes down ends a look; that says nothing of the application.
    @Test func aServerThatGoesDownAtALookInterruptsTheAttempt() async throws {
        let attempt = try await start(
            "exit 0", ["id: it, kind: command, script: own.sh, timeout: 1h, \(Self.once)"],
            files: ["own.sh": "echo $$ >looking; exec tail -f /dev/null"])
        let looking = try await number(in: "looking", of: attempt)
        let folder = try server.folder(of: attempt)
        kill(looking, SIGSTOP)
        #expect(RunnerLock.signal(SIGTERM, holderOf: folder))
        kill(looking, SIGTERM)
        kill(looking, SIGCONT)
        #expect(try await server.follow(attempt, host).result?.ending == .interrupted(.runnerDied))
        #expect(!isAlive(looking))
    }

    /// Whoever looks on, the runner is who decides.
    @Test func theNextAgentFollowsALook() async throws {
        let attempt = try await start(
            "exit 0", ["id: it, kind: command, script: own.sh, timeout: 1h, \(Self.once)"],
            files: ["own.sh": "echo $$ >looking; until [[ -e go ]]; do read -t 0.05 <> <(:); done; exit 1"])
        _ = try await number(in: "looking", of: attempt)
        let next = server.host(limits: .short())
        #expect(await next.survey() == [attempt: .running])
        try Directory("\(server.places.state)/attempts/\(attempt)/work").create("go", [])
        #expect(try await server.follow(attempt, next).result?.ending == .unhealthy)
    }

    /// Nobody has seen how it ended: it has neither succeeded nor failed by itself.
    @Test func aRunnerThatDiesAtALookInterruptsTheAttempt() async throws {
        let attempt = try await start(
            "exit 0", ["id: it, kind: command, script: own.sh, timeout: 1h, \(Self.once)"], files: Self.slow)
        let looking = try await number(in: "looking", of: attempt)
        let folder = try server.folder(of: attempt)
        #expect(RunnerLock.signal(SIGKILL, holderOf: folder))
        #expect(try await server.follow(attempt, host).result?.ending == .interrupted(.runnerDied))
        #expect(!isAlive(looking))
    }

    private func number(in file: String, of attempt: AttemptID) async throws -> pid_t {
        let place = "\(server.places.state)/attempts/\(attempt)/work"
        return try await eventually("a number in '\(file)'") {
            (try? Directory(place))?.text(file).flatMap { pid_t($0) }
        }
    }
}

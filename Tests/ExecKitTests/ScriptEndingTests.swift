import Glibc
import JobKit
import Testing

@testable import ExecKit

@Suite("How scripts end (root, cgroup v2)", .timeLimit(.minutes(1))) struct ScriptEndingTests {
    /// Lets a script wait without a process of its own: `read -u 9`.
    private static let pausable = "mkfifo gate; exec 9<>gate\n"

    @Test(arguments: [0, 1, 2, 3, 75, 100, 124, 126, 127, 255]) func reportsItsExitCode(_ code: Int)
        async throws
    {
        let run = try await TestServer().run("echo hello; exit \(code)")
        #expect(run.result?.ending == .exited(code: code))
        #expect(run.text == "hello\n")
        #expect(run.result?.leftovers == 0 && run.result?.survivors == 0)
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGSEGV]) func reportsASignalThatWeDidNotSend(_ number: Int32)
        async throws
    {
        let run = try await TestServer().run("kill -\(number) $$")
        #expect(run.result?.ending == .signalled(number: Int(number)))
    }

    @Test func tellsBeganLogsAndEndInThisOrder() async throws {
        let server = try TestServer()
        let host = server.host()
        let attempt = try await server.start("echo one", on: host)
        var order: [String] = []
        for await event in host.events(of: attempt, afterRecord: 0) {
            switch event {
            case .began: order.append("began")
            case .log: order.append("log")
            case .ended: order.append("ended")
            case .neverBegan: order.append("never began")
            }
        }
        #expect(order == ["began", "log", "ended"])
    }

    @Test func measuresTheTimeFromTheGateToTheEmptyTree() async throws {
        let run = try await TestServer().run(Self.pausable + "read -t 0.3 -u 9")
        let duration = try #require(run.result?.durationMilliseconds)
        #expect(duration >= 300 && duration < 5000)
        #expect(try #require(run.result?.beganAt) <= #require(run.result?.endedAt))
    }

    // MARK: - Timeout

    @Test func aTimeoutEndsTheScript() async throws {
        let run = try await TestServer().run("echo $$; tail -f /dev/null", limits: .short(timeout: 300))
        #expect(run.result?.ending == .timedOut)
        #expect(run.result?.survivors == 0)
        #expect(!isAlive(try #require(pid_t(run.text.dropLast()))))
    }

    @Test func aTimeoutIsATimeoutThoughTheScriptAnswersTermWithSuccess() async throws {
        let run = try await TestServer().run(
            Self.pausable + "trap 'exit 0' TERM; while :; do read -u 9; done", limits: .short(timeout: 300))
        #expect(run.result?.ending == .timedOut)
    }

    /// F35.
    @Test func f35ATreeThatIgnoresTermLeavesItsSessionAndForksTwiceIsGone() async throws {
        let script = """
            trap '' TERM HUP
            for i in 1 2 3 4; do (setsid bash -c 'tail -f /dev/null & echo $! $$; wait' &); done
            echo $$
            while :; do wait; tail -f /dev/null; done
            """
        let run = try await TestServer().run(script, limits: .short(timeout: 1500))
        let tree = run.text.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }
        #expect(run.result?.ending == .timedOut)
        #expect(run.result?.survivors == 0)
        #expect(tree.count == 9 && tree.allSatisfy { !isAlive($0) })
        #expect(try #require(run.result?.durationMilliseconds) < 1500 + 200 + 2000)
    }

    /// F35.
    @Test func f35AThousandChildrenAreGone() async throws {
        let script = "trap '' TERM; for i in {1..1000}; do tail -f /dev/null & done; echo ready; wait"
        let server = try TestServer()
        var began: ContinuousClock.Instant?
        let run = try await server.run(script, limits: .short()) { host, attempt in
            began = began ?? .now
            await host.cancel(attempt)
        }
        #expect(run.result?.ending == .cancelled)
        #expect(run.result?.survivors == 0)
        #expect(try .now - #require(began) < .milliseconds(200 + 2000))
    }

    /// F36.
    @Test func f36AChainOfForksIsGone() async throws {
        let script = Self.pausable + "trap '' TERM; f() { read -t 0.01 -u 9; f & wait $!; }; f"
        let server = try TestServer()
        let run = try await server.run(script, limits: .short(timeout: 400, grace: 50))
        #expect(run.result?.ending == .timedOut)
        #expect(run.result?.survivors == 0)
        #expect(try #require(run.result?.durationMilliseconds) < 400 + 50 + 2000)
    }

    // MARK: - Cancel

    @Test func aCancelEndsTheWholeTree() async throws {
        let server = try TestServer()
        let run = try await server.run("tail -f /dev/null & echo $!; wait", limits: .short()) {
            host, attempt in
            await host.cancel(attempt)
        }
        #expect(run.result?.ending == .cancelled)
        #expect(!isAlive(try #require(pid_t(run.text.dropLast()))))
    }

    @Test func aCancelAfterTheEndChangesNothing() async throws {
        let server = try TestServer()
        let host = server.host()
        let attempt = try await server.start("exit 3", on: host)
        let first = try await server.follow(attempt, host).result
        await host.cancel(attempt)
        let again = try await server.follow(attempt, host).result
        #expect(first?.ending == .exited(code: 3))
        #expect(again == first)
    }

    @Test func aCancelOfAnUnknownAttemptHasNoEffect() async throws {
        let server = try TestServer()
        try server.publish(script: "#!/bin/bash\nexit 0\n")
        await server.host().cancel(try server.order().attempt)
    }

    /// F55: whatever comes first, there is one cause and it fits what the script saw.
    ///
    /// The limit is swept over the script's own end, a millisecond a step, from five before it to five behind.
    @Test(arguments: -5...5) func f55ATimeoutAtTheExitHasOneCause(_ offset: Int) async throws {
        let script = Self.pausable + "trap 'echo term; exit 9' TERM; read -t 0.06 -u 9; echo done; exit 5"
        let server = try TestServer()
        var lives: [Int] = []
        for _ in 0..<3 {
            let free = try await server.run(script, limits: .short())
            lives.append(Int(try #require(free.result?.durationMilliseconds)))
        }
        let limit = lives.sorted()[1] + offset
        let run = try await server.run(script, limits: .short(timeout: limit))
        let sawSignal = run.text.contains("term")
        switch run.result?.ending {
        case .exited(let code): #expect(code == 5 && !sawSignal)
        // The signal may come after the last line and before the exit: what was written tells nothing then.
        case .timedOut:
            #expect(run.result?.exitCode == 124)
            #expect(try #require(run.result?.durationMilliseconds) >= limit)
        default: Issue.record("\(String(describing: run.result))")
        }
    }

    // MARK: - What stays behind

    /// F37.
    @Test func f37ADaemonLeftBehindIsEndedAndCounted() async throws {
        let run = try await TestServer().run(
            "setsid tail -f /dev/null >/dev/null 2>&1 & echo $!; exit 0", limits: .short())
        #expect(run.result?.ending == .exited(code: 0))
        #expect(run.result?.leftovers == 1)
        #expect(!isAlive(try #require(pid_t(run.text.dropLast()))))
    }

    /// However deep a script hides it: groups below its own end where ours are counted and taken away.
    @Test func aLeftoverInAGroupOfItsOwnIsEndedAndCounted() async throws {
        let server = try TestServer()
        let host = server.host(limits: .short())
        let attempt = try await server.start(
            """
            group=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)$(sed -n 's/^0:://p' /proc/self/cgroup)
            for _ in {1..40}; do mkdir "$group/n" 2>/dev/null || break; group+=/n; done
            sleep 1000 >/dev/null 2>&1 &
            echo $! >"$group/cgroup.procs"; echo $!
            """, on: host)
        let run = try await server.follow(attempt, host)
        #expect(run.result?.leftovers == 1 && run.result?.survivors == 0)
        #expect(!isAlive(try #require(pid_t(run.text.dropLast()))))
        #expect(host.groups.attempts().isEmpty)
    }

    @Test func aLeftoverThatIgnoresTermIsKilled() async throws {
        let run = try await TestServer().run(
            "(trap '' TERM; while :; do tail -f /dev/null; done) & echo $!; exit 7", limits: .short())
        #expect(run.result?.ending == .exited(code: 7))
        #expect((run.result?.leftovers ?? 0) >= 1 && run.result?.survivors == 0)
        #expect(!isAlive(try #require(pid_t(run.text.dropLast()))))
    }

    @Test func aHelperThatEndsByItselfIsNoLeftover() async throws {
        let run = try await TestServer().run("exec > >(cat) 2>&1; echo through the helper")
        #expect(run.text == "through the helper\n")
        #expect(run.result?.leftovers == 0)
    }

    /// F39.
    @Test func f39AGrandchildThatHoldsThePipeDoesNotHoldTheAttempt() async throws {
        let run = try await TestServer().run(
            "(setsid tail -f /dev/null &); echo done; exit 0", limits: .short())
        #expect(run.result?.ending == .exited(code: 0))
        #expect(run.text == "done\n")
        #expect((run.result?.durationMilliseconds ?? .max) < 3000)
    }

    @Test func f39AProcessOutsideTheGroupThatHoldsThePipeDoesNotHoldTheAttempt() async throws {
        let place = try ControlGroupPlace.own().path
        let script = "sleep 100 & echo $! > '\(place)/cgroup.procs'; echo $!; exit 0"
        let run = try await TestServer().run(script)
        let outsider = try #require(pid_t(run.text.dropLast()))
        defer { kill(outsider, SIGKILL) }
        #expect(run.result?.ending == .exited(code: 0))
        #expect(run.result?.leftovers == 0)
        #expect(isAlive(outsider))
    }

    @Test func aScriptThatLeavesItsGroupIsStillTimed() async throws {
        let place = try ControlGroupPlace.own().path
        let run = try await TestServer().run(
            Self.pausable + "trap '' TERM; echo $$ > '\(place)/cgroup.procs'; while :; do read -u 9; done",
            limits: .short(timeout: 300))
        #expect(run.result?.ending == .timedOut)
    }

    /// F38.
    @Test func f38AScriptThatClosesItsOutputRunsOn() async throws {
        let run = try await TestServer().run(
            Self.pausable + "echo one; exec >&- 2>&-; read -t 0.2 -u 9; exit 6")
        #expect(run.result?.ending == .exited(code: 6))
        #expect(run.text == "one\n")
    }

    @Test func itsControlGroupIsGone() async throws {
        let server = try TestServer()
        let host = server.host()
        let attempt = try await server.start("mkdir /proc/self/x 2>/dev/null; exit 0", on: host)
        _ = try await server.follow(attempt, host)
        #expect(throws: ExecKitError.self) { try ControlGroup(host.groups.path(of: attempt)) }
    }

    @Test func itIsRemovedWhenThePanelHasItsEnd() async throws {
        let server = try TestServer()
        let host = server.host()
        let attempt = try await server.start(
            "ln -s / away; mkdir -p deep/er; touch deep/er/$'\\xff'", on: host)
        _ = try await server.follow(attempt, host)
        await host.discard(attempt)
        #expect(throws: ExecKitError.self) { try server.folder(of: attempt) }
        #expect(await host.survey().isEmpty)
    }

    @Test func aRunningAttemptIsNotDiscarded() async throws {
        let server = try TestServer()
        let run = try await server.run("echo; tail -f /dev/null", limits: .short()) { host, attempt in
            await host.discard(attempt)
            #expect(throws: Never.self) { try server.folder(of: attempt) }
            await host.cancel(attempt)
        }
        #expect(run.result?.ending == .cancelled)
    }
}

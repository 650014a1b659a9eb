import CGatedSpawn
import Dispatch
import Glibc
import JobKit
import TestSupport
import Testing

@testable import ExecKit
@testable import JobKit

@Suite("What traces say") struct AttemptTracesTests {
    private static let result = AttemptResult(
        ending: .exited(code: 0), beganAt: Timestamp(milliseconds: 1), endedAt: Timestamp(milliseconds: 2))

    /// The table of the specification, row by row, with what each row leaves open spelt out.
    @Test func everyCombinationHasTheVerdictOfTheTable() {
        for held in [true, false] {
            for began in [true, false] {
                for sameBoot in [true, false] {
                    for cause in [nil, EndingCause.timeout, .cancel, .ended] {
                        for result in [nil, Self.result] {
                            let traces = AttemptTraces(
                                isLockHeld: held, hasBegan: began, isSameBoot: sameBoot, cause: cause,
                                result: result)
                            #expect(traces.verdict == Self.wanted(traces), "\(traces)")
                        }
                    }
                }
            }
        }
    }

    private static func wanted(_ traces: AttemptTraces) -> AttemptTraces.Verdict {
        switch (traces.isLockHeld, traces.hasBegan, traces.result, traces.isSameBoot, traces.cause) {
        case (true, _, _, _, _): .running
        case (false, _, let result?, _, _): .ended(result)
        case (false, false, nil, _, _): .neverBegan
        case (false, true, nil, false, _): .unseen(.interrupted(.hostRestarted))
        case (false, true, nil, true, .timeout): .unseen(.timedOut)
        case (false, true, nil, true, .cancel): .unseen(.cancelled)
        case (false, true, nil, true, .ended), (false, true, nil, true, nil):
            .unseen(.interrupted(.runnerDied))
        }
    }
}

@Suite("After a crash (root, cgroup v2)", .timeLimit(.minutes(1))) struct RecoveryTests {

    private let server: TestServer
    private let host: ProcessAttemptHost

    init() throws {
        server = try TestServer()
        host = server.host(limits: .short())
    }

    /// An attempt whose script says its number and waits; and the number.
    private func waiting(_ prelude: String = "") async throws -> (AttemptID, script: pid_t) {
        let attempt = try await server.start(prelude + "\necho $$; exec sleep 1000", on: host)
        try await server.awaitOutput(of: attempt)
        return (attempt, try #require(AttemptBeginning(in: server.folder(of: attempt))).script)
    }

    /// A process that makes no runners any more is replaced: the start is neither held up for ever nor refused.
    @Test func aTemplateThatHoldsStillIsReplaced() async throws {
        var limits = AttemptLimits.short()
        limits.startPatience = 200
        let host = server.host(limits: limits)
        _ = await host.survey()
        host.queue.sync(flags: .barrier) {}
        let first = try #require(host.template.process)
        first.signal(SIGSTOP)
        let attempt = try await server.start("echo ran; exit 3", on: host)
        #expect(try await server.follow(attempt, host).result?.ending == .exited(code: 3))
        #expect(first.hasEnded(within: 10_000))
    }

    private func killRunner(of attempt: AttemptID) throws {
        let folder = try server.folder(of: attempt)
        let runner = try #require(RunnerLock.holder(of: folder))
        #expect(RunnerLock.signal(SIGKILL, holderOf: folder))
        var end = pollfd(fd: runner.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&end, 1, 10_000) == 1)
    }

    /// What a new agent takes for the end, once no process that another test forks holds a copy of the lock any more.
    private func end(of attempt: AttemptID, on host: ProcessAttemptHost) async throws -> AttemptResult {
        try await eventually("an end of the attempt") {
            if case .ended(let result)? = await host.survey()[attempt] { result } else { nil }
        }
    }

    // MARK: - The rows

    /// F29: held, began.
    @Test func f29ALivingRunnerIsFollowedByTheNextAgent() async throws {
        let (attempt, script) = try await waiting("echo before")
        let next = server.host(limits: .short())
        #expect(await next.survey() == [attempt: .running])
        let run = try await server.follow(attempt, next) { await next.cancel(attempt) }
        #expect(run.text.hasPrefix("before\n"))
        #expect(run.began != nil)
        #expect(run.result?.ending == .cancelled)
        #expect(!isAlive(script))
    }

    /// F30: free, result.
    @Test func f30AnEndThatNobodyWatchedIsReadFromTheDisk() async throws {
        let attempt = try await server.start("echo alone; exit 42", on: host)
        let seen = try await server.follow(attempt, host).result
        let standing = await server.host().survey()[attempt]
        #expect(standing == .ended(try #require(seen)))
        #expect(seen?.ending == .exited(code: 42))
    }

    /// Free, not begun.
    @Test func anAttemptThatNeverBeganMayBeClaimedAnew() async throws {
        try server.publish(script: "#!/bin/bash\necho ran")
        let order = try server.order()
        let folder = try Directory.ensured("\(server.places.state)/attempts/\(order.attempt)")
        try folder.create(AttemptFile.lock, [])
        try folder.create(AttemptFile.spec, Array("{".utf8))
        #expect(await host.survey() == [order.attempt: .neverBegan])
        try await host.start(VerifiedJob(order: order))
        #expect(try await server.follow(order.attempt, host).text == "ran\n")
    }

    /// Free, not begun, with a child still at its gate.
    @Test func aChildAtItsGateIsGoneBeforeTheClaim() async throws {
        let (attempt, script) = try await waiting()
        try killRunner(of: attempt)
        let folder = try server.folder(of: attempt)
        #expect(folder.remove(AttemptFile.began) && folder.remove(AttemptFile.log))
        try await eventually("nothing that ran") { await server.host().survey() == [attempt: .neverBegan] }
        #expect(!isAlive(script))
    }

    /// What wrote and has no beginning has been meddled with.
    @Test func anOutputWithoutABeginningIsLostState() async throws {
        let (attempt, script) = try await waiting()
        #expect(try server.folder(of: attempt).remove(AttemptFile.began))
        try killRunner(of: attempt)
        #expect(try await end(of: attempt, on: server.host()).ending == .interrupted(.stateLost))
        #expect(!isAlive(script))
    }

    /// The same while the agent that found the runner at its start looks on.
    @Test func anAttemptWhoseRunnerDiesBeforeItBeginsMayBeClaimedAnew() async throws {
        let (attempt, script) = try await waiting()
        let folder = try server.folder(of: attempt)
        #expect(folder.remove(AttemptFile.began) && folder.remove(AttemptFile.log))
        #expect(await server.host().survey() == [attempt: .running])
        let events = host.events(of: attempt, afterRecord: 0)
        try killRunner(of: attempt)
        var seen: [AttemptEvent] = []
        for await event in events { seen.append(event) }
        #expect(seen == [.neverBegan])
        #expect(!isAlive(script))
        try await eventually("nothing that ran") { await server.host().survey() == [attempt: .neverBegan] }
    }

    /// F31.
    @Test func f31ARunnerKilledUnderAnAgentIsAnInterruption() async throws {
        let (attempt, script) = try await waiting()
        let run = try await server.follow(attempt, host) { try killRunner(of: attempt) }
        #expect(run.result?.ending == .interrupted(.runnerDied))
        #expect(run.result?.survivors == 0)
        #expect(!isAlive(script))
        #expect(run.result?.log?.records == run.records.count)
    }

    /// F32: free, began, same boot.
    @Test func f32ATreeWithoutRunnerAndAgentIsEmptiedFirst() async throws {
        let (attempt, script) = try await waiting("trap '' TERM; setsid sleep 1000 &")
        try killRunner(of: attempt)
        #expect(isAlive(script))
        // A process that another test forks in this moment holds a copy of the lock until its exec.
        let result = try await eventually("an end") { () -> AttemptResult? in
            guard case .ended(let result)? = await server.host().survey()[attempt] else { return nil }
            return result
        }
        #expect(!isAlive(script))
        #expect(result.ending == .interrupted(.runnerDied))
        #expect(result.beganAt != nil)
        #expect(throws: ExecKitError.self) { try ControlGroup(host.groups.path(of: attempt)) }
        try await eventually("the same end") { await server.host().survey()[attempt] == .ended(result) }
    }

    /// Free, began, same boot, cause.
    @Test(arguments: [
        ("cancel", AttemptResult.Ending.cancelled), ("timeout", .timedOut),
        ("tim", .interrupted(.runnerDied)),
    ])
    func aCauseOnDiskIsTheEnd(_ row: (text: String, ending: AttemptResult.Ending)) async throws {
        let (attempt, _) = try await waiting()
        try server.folder(of: attempt).create(AttemptFile.cause, Array(row.text.utf8))
        try killRunner(of: attempt)
        let result = try await end(of: attempt, on: server.host())
        #expect(result.ending == row.ending)
    }

    /// F33: free, began, other boot.
    @Test func f33AnotherBootIsARestart() async throws {
        let (attempt, _) = try await waiting()
        try killRunner(of: attempt)
        let result = try await end(of: attempt, on: server.host(bootID: "another"))
        #expect(result.ending == .interrupted(.hostRestarted))
    }

    /// F33, after a power loss that kept only what was synced.
    @Test func f33ABeginningWhoseContentIsLostIsARestart() async throws {
        let (attempt, _) = try await waiting()
        try killRunner(of: attempt)
        let folder = try server.folder(of: attempt)
        folder.remove(AttemptFile.began)
        try folder.create(AttemptFile.began, [])
        let result = try await end(of: attempt, on: server.host())
        #expect(result.ending == .interrupted(.hostRestarted))
    }

    /// An emptied folder is no fresh one, however its host was started since.
    @Test func aFolderThatWasEmptiedIsLostState() async throws {
        let (attempt, script) = try await waiting()
        let folder = try server.folder(of: attempt)
        for name in folder.names() { folder.removeTree(name) }
        for host in [server.host(bootID: "another"), server.host()] {
            #expect(try await end(of: attempt, on: host).ending == .interrupted(.stateLost))
            #expect(!isAlive(script))
        }
        await #expect(throws: Refusal.self) {
            try await host.start(VerifiedJob(order: server.order(of: attempt)))
        }
    }

    /// What was on its way out when the agent died tells of nothing.
    @Test func aFolderThatIsHalfDiscardedIsGone() async throws {
        let attempt = try await server.start("exit 0", on: host)
        _ = try await server.follow(attempt, host)
        let attempts = try Directory("\(server.places.state)/attempts")
        try attempts.move(attempt.description, to: ProcessAttemptHost.leavings + attempt.description)
        #expect(await server.host().survey().isEmpty)
        #expect(attempts.names().isEmpty)
    }

    /// A server that goes down tells every process to end: the runner first, which began first.
    @Test(arguments: [[0, 1], [0], [1]]) func aServerThatGoesDownCancelsNothing(_ order: [Int])
        async throws
    {
        let (attempt, script) = try await waiting()
        let runner = try #require(RunnerLock.holder(of: server.folder(of: attempt)))
        for each in order {
            if each == 0 { _ = gated_signal(runner.number, SIGTERM) } else { kill(script, SIGTERM) }
        }
        let ending = try await server.follow(attempt, host).result?.ending
        // Without a word to the runner it is somebody's signal to the script.
        #expect(ending == (order == [1] ? .signalled(number: 15) : .interrupted(.runnerDied)))
        #expect(!isAlive(script))
    }

    /// What ended by itself has its own end, though the server goes down while what it left is ended.
    @Test func aServerThatGoesDownBehindTheEndChangesNothing() async throws {
        let host = server.host(limits: .short(leftoverGrace: 20_000))
        let attempt = try await server.start(TestServer.leftover + "exit 3", on: host)
        let work = try Directory("\(server.places.state)/attempts/\(attempt)/work")
        try await eventually("what is left behind") { work.has("left") }
        #expect(RunnerLock.signal(SIGTERM, holderOf: try server.folder(of: attempt)))
        try work.create("go", [])
        #expect(try await server.follow(attempt, host).result?.ending == .exited(code: 3))
    }

    /// What is mounted below a folder stays as it is, and is mounted there no more.
    @Test func aFolderIsRemovedWithoutWhatIsMountedInIt() throws {
        let root = try Directory(server.root)
        let kept = try root.makeDirectory("kept")
        try kept.create("file", [1])
        let work = try root.makeDirectory("gone").makeDirectory("work")
        for name in ["bound", "twice", "disk"] { _ = try work.makeDirectory(name) }
        try work.create("bound-file", [])
        for place in ["bound", "twice", "twice"] {
            #expect(mount(kept.path, work.path(of: place), nil, UInt(MS_BIND), nil) == 0)
        }
        #expect(
            mount(kept.path(of: "file"), work.path(of: "bound-file"), nil, UInt(MS_BIND), nil) == 0)
        #expect(mount("tmpfs", work.path(of: "disk"), "tmpfs", 0, "size=1m") == 0)
        try Directory(work.path(of: "disk")).create("on-it", [1])
        root.removeTree("gone")
        #expect(kept.read("file") == [1])
        #expect(!root.has("gone"))
        #expect(
            try !(#require(Directory("/proc/self").read("mountinfo"))).contains(
                Array("\(server.root)/gone".utf8)))
    }

    /// A copy of the server's own mounts, as a script makes it for a chroot, takes nothing with it.
    @Test func whatIsMountedInACopyStaysMounted() throws {
        let root = try Directory(server.root)
        let own = try root.makeDirectory("own")
        #expect(mount("tmpfs", own.path, "tmpfs", 0, "size=1m") == 0)
        #expect(mount(nil, own.path, nil, UInt(MS_SHARED), nil) == 0)
        let deep = try Directory(own.path).makeDirectory("deep").path
        #expect(mount("tmpfs", deep, "tmpfs", 0, "size=1m") == 0)
        defer {
            umount2(deep, CInt(MNT_DETACH))
            umount2(own.path, CInt(MNT_DETACH))
        }
        try Directory(deep).create("file", [1])
        let copy = try root.makeDirectory("gone").makeDirectory("work")
        #expect(mount(own.path, copy.path, nil, UInt(MS_BIND | MS_REC), nil) == 0)
        #expect(try Directory(copy.path).folder("deep").read("file") == [1])
        root.removeTree("gone")
        #expect(!root.has("gone"))
        #expect(try Directory(deep).read("file") == [1])
    }

    /// A script that removes what tells of it: nobody can say how it ended, and nothing waits for it for ever.
    @Test func aFolderThatTheScriptRemovedIsLostState() async throws {
        let run = try await server.run(
            "cd /; own=${PROVISION_WORK_DIR%/work}; mv \"$own\" \"$own.gone\"; rm -rf \"$own.gone\"; exit 0")
        #expect(run.result?.ending == .interrupted(.stateLost))
        #expect(await host.survey().isEmpty)
    }

    /// The same, half-way: the script lives, and its runner cannot be known by its lock any more.
    @Test func aLockThatTheScriptRemovedIsLostState() async throws {
        let (attempt, script) = try await waiting("rm \"${PROVISION_WORK_DIR%/work}/runner.lock\"")
        #expect(try await end(of: attempt, on: server.host()).ending == .interrupted(.stateLost))
        #expect(!isAlive(script))
    }

    @Test func aFolderThatIsMissingIsLostState() async throws {
        try server.publish(script: "#!/bin/bash\n")
        let run = try await server.follow(server.order().attempt, host)
        #expect(run.result?.ending == .interrupted(.stateLost))
        #expect(await host.survey().isEmpty)
    }

    // MARK: - Damage and forgery

    @Test func aResultThatCannotBeReadIsNoResult() async throws {
        let attempt = try await server.start("exit 0", on: host)
        _ = try await server.follow(attempt, host)
        let folder = try server.folder(of: attempt)
        try folder.replace(AttemptFile.result, Array(#"{"ending":"exited"}"#.utf8))
        let result = try await end(of: attempt, on: server.host())
        #expect(result.ending == .interrupted(.runnerDied))
    }

    @Test func aLogThatWasCutOffIsReportedAsItIs() async throws {
        let attempt = try await server.start("echo whole", on: host)
        _ = try await server.follow(attempt, host)
        #expect(truncate("\(server.places.state)/attempts/\(attempt)/log", 10) == 0)
        let result = try await end(of: attempt, on: server.host())
        #expect(result.ending == .exited(code: 0))
        #expect(result.log?.records == 0 && result.log?.cutBytes == 6)
    }

    /// F34: neither of a dead runner's nor of a living one's files is believed.
    @Test(arguments: [true, false]) func f34AForgedProcessNumberHurtsNobody(_ runnerLives: Bool) async throws
    {
        let (attempt, script) = try await waiting()
        let bystander = try GatedProcess(
            GatedProcess.Order(
                arguments: ["/bin/sleep", "1000"], environment: [], directory: "/", mask: 0o022,
                input: Directory("/dev").open("null", O_RDWR), output: Directory("/dev").open("null", O_RDWR),
                error: Directory("/dev").open("null", O_RDWR)))
        defer {
            bystander.signal(SIGKILL)
            bystander.reap()
        }
        if !runnerLives { try killRunner(of: attempt) }
        let folder = try server.folder(of: attempt)
        let began = try #require(AttemptBeginning(in: folder))
        let forged = AttemptBeginning(at: began.at, script: bystander.pid, bootID: began.bootID)
        folder.remove(AttemptFile.began)
        try folder.create(AttemptFile.began, forged.bytes)
        await host.cancel(attempt)
        let run = try await server.follow(attempt, host)
        #expect(run.result?.ending == (runnerLives ? .cancelled : .interrupted(.runnerDied)))
        #expect(!isAlive(script))
        #expect(isAlive(bystander.pid))
    }

    @Test func anAttemptIsNotStartedTwice() async throws {
        try server.publish(script: "#!/bin/bash\necho once >> ${PROVISION_STATE_DIR}/count")
        let order = try server.order()
        try await host.start(VerifiedJob(order: order))
        await #expect(throws: Refusal.self) { try await host.start(VerifiedJob(order: order)) }
        _ = try await server.follow(order.attempt, host)
        await #expect(throws: Refusal.self) { try await host.start(VerifiedJob(order: order)) }
        #expect(try Directory("\(server.places.state)/apps/app").text("count") == "once")
    }

    @Test func aForeignNameAmongTheAttemptsIsPassedOver() async throws {
        _ = try Directory.ensured("\(server.places.state)/attempts/lost+found")
        #expect(await host.survey().isEmpty)
        #expect(try Directory("\(server.places.state)/attempts").names() == ["lost+found"])
    }
}

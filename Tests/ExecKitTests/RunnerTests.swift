import Dispatch
import Glibc
import JobKit
import Synchronization
import TestSupport
import Testing
import ValidationKit

@testable import ExecKit

@Suite("The runner's parts (root, cgroup v2)", .timeLimit(.minutes(1))) struct RunnerTests {
    private static let clock = RunnerClock(
        wall: { TestServer.now.milliseconds },
        boot: {
            var time = timespec()
            clock_gettime(CLOCK_BOOTTIME, &time)
            return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        })

    private let scratch = ScratchFolder()
    private let queue = DispatchQueue(label: "RunnerTests", attributes: .concurrent)

    /// A folder as a host makes it for an attempt.
    private func place() throws -> Directory {
        let folder = try scratch.fresh()
        try folder.create(AttemptFile.lock, [])
        return folder
    }

    private func order(_ arguments: [String], in folder: String = "/nowhere", controlGroup: String? = nil)
        throws -> RunnerOrder
    {
        let job = JobID(at: TestServer.now, random: (0..<10).map { _ in UInt8.random(in: 0...255) })
        let attempt = AttemptID(job: job, number: 1)
        return RunnerOrder(
            attempt: attempt, folder: folder,
            plan: ExecutionPlan(arguments: arguments, environment: [], directory: "/", limits: .short()),
            controlGroup: try controlGroup ?? "\(ControlGroupPlace.own().path)/provision-\(attempt)",
            bootID: TestServer.bootID, plainLog: "/dev/null")
    }

    @Test func aProgramThatIsMissingIsReportedWithTheKernelsReason() throws {
        let folder = try place()
        let order = try order(["/no/such/program"])
        let attempt = try StartedAttempt(order: order, folder: folder, clock: Self.clock)
        var supervisor = AttemptSupervisor(
            attempt, termination: try Descriptor.pipe().reading, clock: Self.clock)
        let result = supervisor.run()
        attempt.group.remove()
        #expect(result.ending == .exited(code: 127))
        var reader = try LogReader(folder)
        let note = reader.next()
        let text = String(decoding: note?.bytes ?? [], as: UTF8.self)
        #expect(text == "\n[provisioning: cannot start '/no/such/program': No such file or directory]\n")
    }

    @Test func withoutAControlGroupNothingIsStarted() throws {
        let folder = try place()
        let order = try order(["/bin/true"], controlGroup: "/proc/provision-nowhere")
        #expect(throws: ExecKitError.self) {
            try StartedAttempt(order: order, folder: folder, clock: Self.clock)
        }
        #expect(!folder.has(AttemptFile.began))
    }

    @Test func whereBeganCannotBeWrittenNothingRuns() throws {
        let folder = try place()
        try folder.create(AttemptFile.began, [])
        let witness = folder.path(of: "witness")
        let order = try order(["/bin/touch", witness])
        #expect(throws: ExecKitError.self) {
            try StartedAttempt(order: order, folder: folder, clock: Self.clock)
        }
        #expect(!folder.has("witness"))
        #expect(throws: ExecKitError.self) { try ControlGroup(order.controlGroup) }
    }

    @Test func anOrderComesThroughTheSocketAsItWas() throws {
        var order = try order(["/bin/bash", "-p", "x y"])
        order.plan.environment = [.init("A", "ä\n\"'"), .init("B", secret: .init("hunter22"))]
        #expect(try RunnerOrder(parsing: order.bytes) == order)
        #expect(!String(decoding: order.spec, as: UTF8.self).contains("hunter22"))
        #expect(RunnerOrder.controlGroup(inSpec: order.spec) == order.controlGroup)
    }

    @Test(arguments: ["", "{", "[]", "{}", #"{"attempt":"x"}"#]) func anOrderThatIsNoneIsRefused(
        _ text: String
    ) {
        #expect(throws: (any Error).self) { try RunnerOrder(parsing: Array(text.utf8)) }
    }

    @Test func theRehearsedOrderIsOne() throws {
        let order = try RunnerOrder(parsing: Array(RunnerMain.rehearsedOrder.utf8))
        #expect(order.plan.environment.count == 2 && order.plan.limits.timeout == 1)
    }

    // MARK: - The gate

    private func spawn(_ arguments: [String], gate: Descriptor?) throws -> GatedProcess {
        let null = try Directory("/dev").open("null", O_RDWR)
        return try GatedProcess(
            GatedProcess.Order(
                arguments: arguments, environment: [], directory: "/", mask: 0o022, input: null, output: null,
                error: null, gate: gate))
    }

    private func status(of process: GatedProcess) -> Int32? {
        var end = pollfd(fd: process.descriptor.number, events: Int16(POLLIN), revents: 0)
        return poll(&end, 1, 10_000) == 1 ? process.reapIfEnded() : nil
    }

    @Test func nothingRunsBeforeTheGateOpens() throws {
        let folder = try place()
        let gate = try Descriptor.pipe()
        let process = try spawn(["/bin/touch", folder.path(of: "witness")], gate: gate.reading)
        var end = pollfd(fd: process.descriptor.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&end, 1, 100) == 0)
        #expect(!folder.has("witness"))
        _ = gate.writing.write([1])
        #expect(status(of: process) == 0)
        #expect(folder.has("witness"))
    }

    @Test func aGateThatGoesAwayNeverOpens() throws {
        let folder = try place()
        var gate: (reading: Descriptor, writing: Descriptor)? = try Descriptor.pipe()
        let process = try spawn(["/bin/touch", folder.path(of: "witness")], gate: gate?.reading)
        gate = nil
        #expect(status(of: process) == 126 << 8)
        #expect(!folder.has("witness"))
    }

    // MARK: - The clocks

    /// A wall clock that somebody sets with every look at it, a day ahead or a year back; the boot clock goes on.
    private static func jumpingClock() -> RunnerClock {
        let looks = Atomic(0)
        return RunnerClock(
            wall: {
                let look = looks.add(1, ordering: .relaxed).newValue
                return TestServer.now.milliseconds + (look.isMultiple(of: 2) ? 86_400_000 : -31_536_000_000)
            }, boot: { clock.elapsed })
    }

    private func run(_ order: RunnerOrder, in folder: Directory) throws -> AttemptResult {
        let clock = Self.jumpingClock()
        let attempt = try StartedAttempt(order: order, folder: folder, clock: clock)
        var supervisor = AttemptSupervisor(attempt, termination: try Descriptor.pipe().reading, clock: clock)
        defer { attempt.group.remove() }
        return supervisor.run()
    }

    /// F49.
    @Test func f49AJumpingClockEndsNoScriptAndKeepsTheOrderOfItsOutput() throws {
        let folder = try place()
        var order = try order(
            ["/bin/sh", "-c", "for n in 1 2 3 4 5; do echo $n; sleep 0.3; done; exit 3"], in: folder.path)
        order.plan.limits.timeout = 30_000
        let result = try run(order, in: folder)
        #expect(result.ending == .exited(code: 3))
        #expect((1500..<20_000).contains(try #require(result.durationMilliseconds)))
        var reader = try LogReader(folder)
        var records: [LogRecord] = []
        while let record = reader.next() { records.append(record) }
        #expect(String(decoding: records.flatMap(\.bytes), as: UTF8.self) == "1\n2\n3\n4\n5\n")
        #expect(records.map(\.number) == Array(1...records.count))
        #expect(records.map(\.at) != records.map(\.at).sorted(), "the clock did not jump")
    }

    /// F49.
    @Test func f49AJumpingClockPutsNoTimeoutOff() throws {
        let folder = try place()
        var order = try order(["/bin/sleep", "60"], in: folder.path)
        order.plan.limits.timeout = 400
        let result = try run(order, in: folder)
        #expect(result.ending == .timedOut)
        #expect((400..<10_000).contains(try #require(result.durationMilliseconds)))
    }

    // MARK: - The lock

    private func template(_ program: String = TestServer.runner) -> RunnerTemplate {
        RunnerTemplate(program: program, attempts: "/nowhere", queue: queue)
    }

    /// The runner that has signed the lock of `folder`, once there is one.
    private func signer(of folder: Directory) async throws -> Descriptor {
        try await eventually("a runner that holds its lock") { RunnerLock.holder(of: folder) }
    }

    private func hasEnded(_ process: Descriptor) -> Bool {
        var end = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
        return poll(&end, 1, 10_000) == 1
    }

    @Test func aLockThatIsHandedDownStaysTaken() async throws {
        let folder = try place()
        let template = template()
        var runner: NewRunner? = try template.runner()
        var lock = RunnerLock(taking: folder)
        if let lock { runner?.give(lock) }
        lock = nil
        let process = try await signer(of: folder)
        #expect(RunnerLock(taking: folder) == nil)
        runner = nil
        #expect(hasEnded(process))
        #expect(RunnerLock(taking: folder) != nil)
    }

    @Test func anOrderThatCannotBeReadIsRefusedByTheRunner() throws {
        let folder = try place()
        let template = template()
        let runner = try template.runner()
        runner.give(try #require(RunnerLock(taking: folder)))
        var order = try order(["/bin/true"], in: folder.path)
        order.plan.environment = [.init("A", String(repeating: "x", count: RunnerOrder.maximumSize))]
        #expect(runner.tell(order) == "refused:the runner's order is longer than 1048576 bytes")
        #expect(!folder.has(AttemptFile.began))
    }

    // MARK: - The template

    @Test func eachRunnerIsAProcessOfItsOwnInASessionOfItsOwn() async throws {
        let template = template()
        var sessions: Set<pid_t> = []
        var runners: [NewRunner] = []
        for _ in 0..<3 {
            let folder = try place()
            let runner = try template.runner()
            runner.give(try #require(RunnerLock(taking: folder)))
            _ = try await signer(of: folder)
            let number = try #require(RunnerLock.signer(of: folder.open(AttemptFile.lock, O_RDWR)))
            sessions.insert(getsid(number))
            #expect(getsid(number) == number)
            runners.append(runner)
        }
        #expect(sessions.count == 3)
        #expect(!sessions.contains(try #require(template.process).pid))
        withExtendedLifetime(runners) {}
    }

    @Test func aTemplateThatDiedIsReplaced() throws {
        let template = template()
        _ = try template.runner()
        let first = try #require(template.process)
        first.signal(SIGKILL)
        #expect(first.hasEnded(within: 10_000))
        _ = try template.runner()
        #expect(template.process?.pid != first.pid)
    }

    /// Its newest runner has not yet closed the connection that it has a copy of.
    @Test func aTemplateThatDiedIsReplacedWhileItsConnectionIsHeld() async throws {
        let folder = try place()
        let script = "#!/bin/bash\ncat <&0 >/dev/null &\necho >\"$0.holds\"\nwait\n"
        try folder.create("program", Array(script.utf8), mode: 0o700)
        let template = template("\(folder.path)/program")
        _ = try template.runner()
        try await eventually("a copy of the connection") { folder.has("program.holds") }
        let first = try #require(template.process)
        first.signal(SIGKILL)
        #expect(first.hasEnded(within: 10_000))
        _ = try template.runner()
        #expect(template.process?.pid != first.pid)
    }

    /// It holds still, the agent is gone meanwhile, and it goes on with an order that nobody stands for any more.
    @Test func anOrderWhoseAgentIsGoneIsNotCarriedOut() async throws {
        let folder = try place()
        let template = template()
        template.prepare()
        queue.sync(flags: .barrier) {}
        let process = try #require(template.process)
        process.signal(SIGSTOP)
        try {
            let runner = try template.runner()
            runner.give(try #require(RunnerLock(taking: folder)))
            let order = try order(["/bin/sh", "-c", "echo ran >witness"], in: folder.path)
            #expect(runner.tell(order, within: 100) { shutdown(runner.socket.number, Int32(SHUT_RD)) } == "")
        }()
        process.signal(SIGCONT)
        try await eventually("a lock that is free") { RunnerLock(taking: folder) != nil }
        #expect(!folder.has(AttemptFile.began))
    }

    @Test func aTemplateEndsWithItsAgentAndItsRunnersDoNot() async throws {
        let folder = try place()
        var template: RunnerTemplate? = template()
        template?.prepare()
        queue.sync(flags: .barrier) {}
        let process = try #require(template?.process)
        var runner = try template?.runner()
        runner?.give(try #require(RunnerLock(taking: folder)))
        let made = try await signer(of: folder)
        template = nil
        #expect(process.hasEnded(within: 10_000))
        #expect(RunnerLock.holder(of: folder) != nil)
        runner = nil
        #expect(hasEnded(made))
    }

    @Test func aProgramThatCannotBeLoadedIsReportedWithTheKernelsReason() throws {
        let folder = try place()
        let template = template("/no/such/runner")
        let order = try order(["/bin/true"], in: folder.path)
        let reason: String?
        do throws(ExecKitError) {
            let answer = try template.runner().tell(order)
            #expect(answer.isEmpty)
            reason = template.failureToStart?.message
        } catch {
            // The process was gone before it could be asked.
            reason = error.message
        }
        #expect(reason == "cannot start '/no/such/runner': No such file or directory")
    }
}

@Suite("Finding cgroup v2") struct ControlGroupPlaceTests {
    private static let v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
    private static let v1 = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
    private static let hybrid = v1 + "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
    private static let container = "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n"

    @Test(arguments: [
        (v2, "0::/system.slice/agent.service\n", "/sys/fs/cgroup/system.slice/agent.service"),
        (v2, "0::/\n", "/sys/fs/cgroup"),
        (hybrid, "9:cpu:/elsewhere\n0::/agent\n", "/sys/fs/cgroup/unified/agent"),
        (container, "0::/docker/abc/agent\n", "/sys/fs/cgroup/agent"),
        (container, "0::/docker/abc\n", "/sys/fs/cgroup"),
        (#"30 23 0:26 / /a\040b\134c rw - cgroup2 cgroup2 rw"#, "0::/x", #"/a b\c/x"#),
    ])
    func isFound(_ row: (mountInfo: String, membership: String, path: String)) throws {
        #expect(try ControlGroupPlace(mountInfo: row.mountInfo, membership: row.membership).path == row.path)
    }

    @Test(arguments: [
        (v1, "9:cpu:/a\n0::/b\n", "cpu", "/sys/fs/cgroup/cpu/a"),
        (hybrid, "3:cpu,cpuacct:/\n", "cpu", "/sys/fs/cgroup/cpu"),
        (hybrid, "3:cpuacct,cpu:/a:b\n", "cpu", "/sys/fs/cgroup/cpu/a:b"),
    ])
    func ofVersion1IsFound(_ row: (mountInfo: String, membership: String, controller: String, path: String))
        throws
    {
        let place = try ControlGroupPlace(
            mountInfo: row.mountInfo, membership: row.membership, controller: row.controller)
        #expect(place.path == row.path)
    }

    @Test(arguments: [(v1, "9:cpu:/\n", "memory"), (v2, "0::/\n", "memory"), (v1, "9:cpuacct:/\n", "cpu")])
    func ofVersion1IsMissed(_ row: (mountInfo: String, membership: String, controller: String)) {
        #expect(throws: ExecKitError.self) {
            try ControlGroupPlace(
                mountInfo: row.mountInfo, membership: row.membership, controller: row.controller)
        }
    }

    @Test(arguments: [
        (v1, "9:cpu:/\n"), (v1, "0::/\n"), ("", "0::/"), (v2, ""), (v2, "0::/../../other"),
        (container, "0::/docker/abcdef"), ("garbage - cgroup2", "0::/"), ("30 23 0:26 / - cgroup2 x", "0::/"),
    ])
    func isMissed(_ row: (mountInfo: String, membership: String)) {
        #expect(throws: ExecKitError.self) {
            try ControlGroupPlace(mountInfo: row.mountInfo, membership: row.membership)
        }
    }
}

import CGatedSpawn
import Glibc
import JobKit
import ManifestKit

/// Watches over one running script until nothing of it lives, and then over the looks at its application's health.
///
/// ```
///            exits by itself             empty
/// running ───────────────────▶ settling ───────▶ over
///    │ timer, cancel               │ leftovers    ▲
///    ▼           TERM              ▼              │ empty, or the bound is reached
/// stopping ◀───────────────────────┘              │
///    │ grace over                    KILL         │
///    └──────────────▶ killing ────────────────────┘
///
/// resting ──────── the time is over, cancel ─────▶ over
/// ```
struct AttemptSupervisor: ~Copyable {
    private enum Phase {
        case running(until: Int64)
        case settling(until: Int64)
        case stopping(until: Int64)
        case killing(until: Int64)
        case resting(until: Int64)
        case over
    }

    /// Where the script ran, and each look runs; made anew where it was removed between two looks.
    private(set) var group: ControlGroup
    private let attempt: StartedAttempt
    private let termination: Descriptor
    private let clock: RunnerClock
    private var pump: OutputPump

    /// The script; later, one look after another.
    private var process: GatedProcess
    private var phase: Phase
    private var status: Int32?
    private var cause: EndingCause?
    private var isScriptOver = false
    private var isOutOfMemory = false
    /// What was asked for from outside, the first wish of it.
    private var wish: EndingCause?
    /// The wish that was there when the process was seen to have ended.
    private var wishAtEnd: EndingCause?
    private var leftovers = 0
    private var survivors = 0

    private var limits: AttemptLimits { attempt.order.plan.limits }

    init(_ attempt: StartedAttempt, termination: Descriptor, clock: RunnerClock) {
        self.attempt = attempt
        self.termination = termination
        self.clock = clock
        process = attempt.process
        group = attempt.group
        let limits = attempt.order.plan.limits
        phase = .running(until: attempt.beganElapsed + Int64(limits.timeout))
        pump = OutputPump(
            pipe: attempt.output, redactor: Redactor(secrets: attempt.order.plan.secrets),
            log: LogWriter(
                attempt.log, plain: attempt.plainLog,
                quota: LogWriter.Quota(head: limits.headBytes, tail: limits.tailBytes)), clock: clock)
    }

    /// Returns when the whole tree is gone, or cannot be killed.
    mutating func run() -> AttemptResult {
        goOn()
        hear()
        if let failure = process.failure(toStart: attempt.order.plan.arguments[0]) {
            pump.take(note: failure)
        }
        var ending = ending
        isScriptOver = true
        isOutOfMemory = attempt.memory.hasGrown
        if ending == .exited(code: 0) { ending = healthGate() }
        let ended = (at: clock.now, elapsed: clock.elapsed)
        let log = pump.finish {
            attempt.folder.shrink(
                AttemptFile.reserve, from: AttemptFile.reserveSize, to: AttemptFile.resultReserveSize)
        }
        return AttemptResult(
            ending: ending, beganAt: attempt.beganAt, endedAt: ended.at,
            durationMilliseconds: ended.elapsed - attempt.beganElapsed, leftovers: leftovers,
            survivors: group.isPopulated ? max(1, group.processes().count) : 0,
            outOfMemory: isOutOfMemory, log: log)
    }

    // MARK: - Phases

    private mutating func goOn() {
        while true {
            advance()
            if case .over = phase { return }
            wait()
        }
    }

    private mutating func advance() {
        reap()
        let now = clock.elapsed
        switch phase {
        case .running(let end):
            if status != nil {
                phase = isGone ? .over : .settling(until: now + Int64(limits.patience))
            } else if let wish {
                stop(wish)
            } else if now >= end {
                stop(.timeout)
            }
        case .settling(let end):
            if isGone { phase = .over } else if now >= end { endLeftovers() }
        case .stopping(let end):
            if isGone { phase = .over } else if now >= end { kill() }
        case .killing(let end):
            if isGone {
                phase = .over
            } else if now >= end {
                survivors = max(1, group.processes().count)
                phase = .over
            } else {
                group.kill()
            }
        case .resting(let end):
            if wish != nil || now >= end { phase = .over }
        case .over: break
        }
    }

    /// Nothing of the script lives; a script that moved itself out of its cgroup counts too.
    private var isGone: Bool { status != nil && !group.isPopulated }

    private mutating func stop(_ cause: EndingCause) {
        // Frozen, the script cannot end between the question and the answer.
        group.freeze()
        defer { group.thaw() }
        reap()
        guard status == nil else { return }
        self.cause = cause
        // A look that takes too long ends the look alone.
        if cause != .timeout || !isScriptOver { record(cause) }
        terminateAll()
        let grace = cause == .timeout && isScriptOver ? limits.leftoverGrace : limits.grace
        phase = .stopping(until: clock.elapsed + Int64(grace))
    }

    private func record(_ cause: EndingCause) {
        try? attempt.folder.create(AttemptFile.cause, Array(cause.rawValue.utf8), synced: true)
        try? attempt.folder.sync()
    }

    private mutating func endLeftovers() {
        group.freeze()
        defer { group.thaw() }
        leftovers += max(0, group.processes().count - survivors)
        terminateAll()
        phase = .stopping(until: clock.elapsed + Int64(limits.leftoverGrace))
    }

    private func terminateAll() {
        group.signal(SIGTERM)
        if status == nil && !group.processes().contains(process.pid) {
            process.signal(SIGTERM)
        }
    }

    private mutating func kill() {
        let thousands = group.processes().count / 1000 + 1
        group.kill()
        if status == nil { process.signal(SIGKILL) }
        phase = .killing(until: clock.elapsed + Int64(limits.killBound * thousands))
    }

    private mutating func reap() {
        guard status == nil else { return }
        status = process.reapIfEnded()
        if status != nil {
            hear()
            wishAtEnd = wish
        }
    }

    // MARK: - The health gate

    /// How an attempt ends whose script ended with 0: its application is looked at, check by check.
    private mutating func healthGate() -> AttemptResult.Ending {
        let checks = attempt.order.plan.checks
        guard !checks.isEmpty else { return .exited(code: 0) }
        // Without a pipe what they say is lost, and not what they are asked.
        let output = try? pump.turn()
        let opening = clock.elapsed
        for check in checks {
            guard let isPassed = passes(check, since: opening, output: output) else {
                // An attempt that was taken for lost has its end from there.
                guard let wish else {
                    pump.take(note: "no health check can be made: the attempt's cgroup is gone")
                    return .unhealthy
                }
                if cause != wish { record(wish) }
                return wish.ending
            }
            if !isPassed && check.isCritical { return .unhealthy }
        }
        return .exited(code: 0)
    }

    /// Looks until the check passes, or has failed too often; nil where a wish from outside, or the attempt's loss, came before that.
    ///
    /// Only a look with which it fails for good is heard.
    private mutating func passes(
        _ check: ExecutionPlan.Check, since opening: Int64, output: Descriptor?
    ) -> Bool? {
        var failures = 0
        var looks = 0
        while wish == nil, isGroupThere() {
            let counts = clock.elapsed >= opening + Int64(check.startPeriod)
            let isLast = counts && failures == check.retries
            let fault = look(check, output: isLast ? output : nil)
            // A look that somebody else ended has decided nothing.
            hear()
            if cause == .cancel || wish == .ended && fault != nil { break }
            guard let fault else {
                pump.take(note: "health check '\(check.id)' passed")
                return true
            }
            guard !isLast else {
                pump.take(note: "health check '\(check.id)' did not pass: \(fault)")
                return false
            }
            if looks == 0 { pump.take(note: "health check '\(check.id)' does not pass yet: \(fault)") }
            looks += 1
            if counts { failures += 1 }
            phase = .resting(until: clock.elapsed + Int64(check.interval))
            goOn()
        }
        return nil
    }

    /// Runs a check's program once in the script's cgroup; nil where it ended with 0.
    private mutating func look(_ check: ExecutionPlan.Check, output: Descriptor?) -> String? {
        let plan = attempt.order.plan
        (status, cause) = (0, nil)
        do {
            // A script may have tidied up behind itself.
            if check.seesInputs { mkdir(plan.directory, 0o700) }
            let (null, gate) = (try Directory("/dev").open("null", O_RDWR), try Descriptor.pipe())
            process = try GatedProcess(
                GatedProcess.Order(
                    arguments: check.arguments,
                    environment: check.seesInputs ? plan.environment.map { ($0.name, $0.text) } : [],
                    directory: check.seesInputs ? plan.directory : "/", mask: 0o022, input: null,
                    output: output ?? null, error: output ?? null, gate: gate.reading,
                    cgroup: group.folder.descriptor))
            _ = gate.writing.write([1])
        } catch {
            return "\(error)"
        }
        status = nil
        phase = .running(until: clock.elapsed + Int64(check.timeout))
        goOn()
        pump.drain()
        if let failure = process.failure(toStart: check.arguments[0]) { return failure }
        switch ending {
        case .exited(0): return nil
        case .exited(let code): return "it ended with \(code)"
        case .timedOut: return "it took longer than \(check.timeout / 1000) s"
        case let other: return "it was ended by \(other.name)"
        }
    }

    /// Whether there is a cgroup to look from, which is made anew where it was removed.
    ///
    /// An empty one may be: systemd does so with a service that it restarts. But whoever took the attempt for lost has
    /// seen that nothing of it lives, and nothing may again.
    private mutating func isGroupThere() -> Bool {
        if group.isThere { return true }
        // Opened here, the lock would be given up: the kernel drops a process's record locks with any descriptor.
        guard attempt.folder.has(AttemptFile.lock), !attempt.folder.isRemoved,
            let another = try? ControlGroup.make(attempt.order.controlGroup)
        else { return false }
        group = another
        return true
    }

    // MARK: - Waiting

    private mutating func wait() {
        func entry(_ descriptor: Descriptor?, _ events: Int32 = Int32(POLLIN)) -> pollfd {
            pollfd(fd: descriptor?.number ?? -1, events: Int16(events), revents: 0)
        }
        var entries = [
            entry(pump.pipe), entry(termination), entry(status == nil ? process.descriptor : nil),
            entry(awaitsEmptiness ? group.changes : nil, Int32(POLLPRI)),
        ]
        _ = poll(&entries, nfds_t(entries.count), Int32(clamping: pause))
        if entries[0].revents != 0 { pump.read() }
        if entries[1].revents != 0 { hear() }
        pump.tick()
    }

    /// Whether the cgroup's news count; a removed one would have some for ever.
    private var awaitsEmptiness: Bool { if case .resting = phase { false } else { status != nil } }

    /// Milliseconds until something is due; never long, as poll's own clock stands still while the server sleeps.
    private var pause: Int64 {
        let due: Int64
        switch phase {
        case .running(let end), .settling(let end), .stopping(let end), .resting(let end): due = end
        case .killing(let end): due = min(end, clock.elapsed + 20)
        case .over: due = 0
        }
        return max(0, min(due, pump.deadline ?? due, clock.elapsed + 1000) - clock.elapsed)
    }

    /// Takes in what the runner was told by signals.
    private mutating func hear() {
        var entry = pollfd(fd: termination.number, events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, 0) > 0, case let signal = gated_heard(termination.number), signal > 0 {
            if wish == nil { wish = signal == SIGUSR1 ? .cancel : .ended }
        }
    }

    // MARK: - The end

    private var ending: AttemptResult.Ending {
        if let cause { return cause.ending }
        guard let status else { return .signalled(number: Int(SIGKILL)) }
        let signal = status & 0x7F
        // Whoever ends the runner tells the script so, too: a server that goes down.
        if status != 0, wishAtEnd == .ended || wish == .ended && signal == SIGTERM {
            return EndingCause.ended.ending
        }
        return signal == 0 ? .exited(code: Int(status >> 8 & 0xFF)) : .signalled(number: Int(signal))
    }
}

import Glibc
import JobKit
import ManifestKit

/// Watches over one running script until nothing of it lives.
///
/// ```
///            exits by itself             empty
/// running ───────────────────▶ settling ───────▶ over
///    │ timer, cancel               │ leftovers    ▲
///    ▼           TERM              ▼              │ empty, or the bound is reached
/// stopping ◀───────────────────────┘              │
///    │ grace over                    KILL         │
///    └──────────────▶ killing ────────────────────┘
/// ```
struct AttemptSupervisor: ~Copyable {
    private enum Phase {
        case running(until: Int64)
        case settling(until: Int64)
        case stopping(until: Int64)
        case killing(until: Int64)
        case over
    }

    private let attempt: StartedAttempt
    private let termination: Descriptor
    private let clock: RunnerClock
    private var pump: OutputPump

    private var phase: Phase
    private var status: Int32?
    private var cause: EndingCause?
    private var isCancelRequested = false
    private var leftovers = 0
    private var survivors = 0

    private var limits: AttemptLimits { attempt.order.plan.limits }

    init(_ attempt: StartedAttempt, termination: Descriptor, clock: RunnerClock) {
        self.attempt = attempt
        self.termination = termination
        self.clock = clock
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
        while true {
            advance()
            if case .over = phase { break }
            wait()
        }
        let ended = (at: clock.now, elapsed: clock.elapsed)
        if let failure = attempt.process.failure(toStart: attempt.order.plan.arguments[0]) {
            pump.take(note: failure)
        }
        let log = pump.finish {
            attempt.folder.shrink(
                AttemptFile.reserve, from: AttemptFile.reserveSize, to: AttemptFile.resultReserveSize)
        }
        return AttemptResult(
            ending: ending, beganAt: attempt.beganAt, endedAt: ended.at,
            durationMilliseconds: ended.elapsed - attempt.beganElapsed, leftovers: leftovers,
            survivors: survivors,
            outOfMemory: attempt.memory.hasGrown, log: log)
    }

    // MARK: - Phases

    private mutating func advance() {
        reap()
        let now = clock.elapsed
        switch phase {
        case .running(let end):
            if status != nil {
                phase = isGone ? .over : .settling(until: now + Int64(limits.patience))
            } else if isCancelRequested {
                stop(.cancel)
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
                survivors = max(1, attempt.group.processes().count)
                phase = .over
            } else {
                attempt.group.kill()
            }
        case .over: break
        }
    }

    /// Nothing of the script lives; a script that moved itself out of its cgroup counts too.
    private var isGone: Bool { status != nil && !attempt.group.isPopulated }

    private mutating func stop(_ cause: EndingCause) {
        // Frozen, the script cannot end between the question and the answer.
        attempt.group.freeze()
        defer { attempt.group.thaw() }
        reap()
        guard status == nil else { return }
        self.cause = cause
        try? attempt.folder.create(AttemptFile.cause, Array(cause.rawValue.utf8), synced: true)
        try? attempt.folder.sync()
        terminateAll()
        phase = .stopping(until: clock.elapsed + Int64(limits.grace))
    }

    private mutating func endLeftovers() {
        attempt.group.freeze()
        defer { attempt.group.thaw() }
        leftovers = attempt.group.processes().count
        terminateAll()
        phase = .stopping(until: clock.elapsed + Int64(limits.leftoverGrace))
    }

    private func terminateAll() {
        attempt.group.signal(SIGTERM)
        if status == nil && !attempt.group.processes().contains(attempt.process.pid) {
            attempt.process.signal(SIGTERM)
        }
    }

    private mutating func kill() {
        let thousands = attempt.group.processes().count / 1000 + 1
        attempt.group.kill()
        if status == nil { attempt.process.signal(SIGKILL) }
        phase = .killing(until: clock.elapsed + Int64(limits.killBound * thousands))
    }

    private mutating func reap() {
        if status == nil { status = attempt.process.reapIfEnded() }
    }

    // MARK: - Waiting

    private mutating func wait() {
        func entry(_ descriptor: Descriptor?, _ events: Int32 = Int32(POLLIN)) -> pollfd {
            pollfd(fd: descriptor?.number ?? -1, events: Int16(events), revents: 0)
        }
        var entries = [
            entry(pump.pipe), entry(termination), entry(status == nil ? attempt.process.descriptor : nil),
            entry(status == nil ? nil : attempt.group.changes, Int32(POLLPRI)),
        ]
        _ = poll(&entries, nfds_t(entries.count), Int32(clamping: pause))
        if entries[0].revents != 0 { pump.read() }
        if entries[1].revents != 0 {
            var signal = [UInt8](repeating: 0, count: 128)
            if case .bytes = termination.read(into: &signal) { isCancelRequested = true }
        }
        pump.tick()
    }

    /// Milliseconds until something is due; never long, as poll's own clock stands still while the server sleeps.
    private var pause: Int64 {
        let due: Int64
        switch phase {
        case .running(let end), .settling(let end), .stopping(let end): due = end
        case .killing(let end): due = min(end, clock.elapsed + 20)
        case .over: due = 0
        }
        return max(0, min(due, pump.deadline ?? due, clock.elapsed + 1000) - clock.elapsed)
    }

    // MARK: - The end

    private var ending: AttemptResult.Ending {
        if let cause { return cause.ending }
        guard let status else { return .signalled(number: Int(SIGKILL)) }
        let signal = status & 0x7F
        return signal == 0 ? .exited(code: Int(status >> 8 & 0xFF)) : .signalled(number: Int(signal))
    }
}

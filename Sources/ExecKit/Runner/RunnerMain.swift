import CGatedSpawn
import Glibc
import JobKit
import ManifestKit

/// The process that runners are forked from, and each runner: it watches over one attempt and outlives the agent.
///
/// Descriptor 0 is the agent's socket. For each runner the end of another
/// connection comes through it, which becomes the runner's descriptor 0. What
/// is loaded once is not loaded again: a copy of this process is a runner.
/// It holds nothing of any attempt, and ends with the agent.
///
/// Through a runner's connection come the attempt's lock, taken already, and
/// the order; one line goes back, `began` or `refused:` with a sentence. Where
/// the connection ends before that, no order comes any more. USR1 means cancel;
/// TERM, which every process gets of a server that goes down, ends the script and is no cancel.
public enum RunnerMain {
    private static let connection: Int32 = 0

    /// Makes runners until the agent is gone; as one of them, runs its attempt to the end.
    ///
    /// - Parameters:
    ///   - title: the process's first argument, where it shows the folder of its attempt to people.
    ///   - clock: reads both clocks.
    /// - Returns: the process's exit code, of a runner 0 where a result was written.
    public static func run(title: UnsafeMutablePointer<CChar>?, clock: RunnerClock) -> Int32 {
        gated_conceal()
        umask(0o077)
        for number in [SIGPIPE, SIGHUP, SIGINT, SIGQUIT] { signal(number, SIG_IGN) }
        // Nobody asks here how a runner ended: the kernel forgets it at once.
        signal(SIGCHLD, SIG_IGN)
        rehearse(clock)
        while case let handed = gated_accept(connection), handed >= 0 {
            let runner = Descriptor(owning: handed)
            let number = gated_fork()
            if number == 0 {
                dup2(handed, connection)
                return withExtendedLifetime(runner) { runAttempt(title: title, clock: clock) }
            }
            if number < 0 {
                let error = ExecKitError.system("fork", "a runner", number: -number)
                _ = runner.send(Array("refused:\(error)".utf8))
            }
        }
        return 0
    }

    static let rehearsedOrder = """
        {"arguments":["/bin/true"],"attempt":"00000000000000000000000000-1","boot_id":"","cgroup":"/nowhere",\
        "checks":[],"directory":"/","environment":[{"name":"A","value":"a"},{"name":"B","secret":"b"}],"folder":"/nowhere",\
        "limits":{"grace_ms":1,"head_bytes":1,"kill_bound_ms":1,"leftover_grace_ms":1,"patience_ms":1,\
        "tail_bytes":1,"timeout_ms":1},"plain_log":"/nowhere"}
        """

    /// Goes through the motions once: what Swift makes up at a type's first use is there for every copy then.
    private static func rehearse(_ clock: RunnerClock) {
        guard let order = try? RunnerOrder(parsing: Array(rehearsedOrder.utf8)),
            let (reading, writing) = try? Descriptor.pipe()
        else { return }
        reading.makeNonblocking()
        _ = order.plan.environment.map { ($0.name, $0.text) }
        var pump = OutputPump(
            pipe: reading, redactor: Redactor(secrets: order.plan.secrets),
            log: LogWriter(writing, plain: nil, quota: LogWriter.Quota()), clock: clock)
        pump.take(note: "nothing is written")
        _ = AttemptResult(
            ending: .exited(code: 0), beganAt: clock.now, endedAt: clock.now, log: pump.finish {}
        ).json
            .canonicalBytes()
        _ = try? ControlGroup("/nowhere")
        // The table of mounts is read once for all runners: it is long, and they are where this process is.
        _ = try? ControlGroupPlace.own(controller: "memory")
    }

    private static func runAttempt(title: UnsafeMutablePointer<CChar>?, clock: RunnerClock) -> Int32 {
        signal(SIGCHLD, SIG_DFL)
        setsid()
        let socket = Descriptor(owning: connection)
        let termination = Descriptor(owning: gated_termination())
        let handed = gated_accept(socket.number)
        guard handed >= 0 else { return 0 }
        let lock = RunnerLock(inherited: Descriptor(owning: handed))
        defer { withExtendedLifetime(lock) {} }

        let started: StartedAttempt
        do {
            guard lock.sign() else { throw ExecKitError.system("sign", AttemptFile.lock) }
            guard let bytes = socket.readAll(limit: RunnerOrder.maximumSize) else {
                throw ExecKitError(
                    .damaged, "the runner's order is longer than \(RunnerOrder.maximumSize) bytes")
            }
            // The agent may be gone since it wrote that, and another one may want the order started at another time.
            var agent = pollfd(fd: socket.number, events: 0, revents: 0)
            if poll(&agent, 1, 0) == 1, agent.revents & Int16(POLLHUP) != 0 { return 0 }
            let order = try RunnerOrder(parsing: bytes)
            #if DEBUG
                order.crash?.arm()
                ClockShift.arm(order.clock)
            #endif
            show(order.folder, in: title)
            started = try StartedAttempt(order: order, folder: Directory(order.folder), clock: clock)
        } catch {
            _ = socket.send(Array("refused:\(error)".utf8))
            return 1
        }
        _ = socket.send(Array("began".utf8))
        shutdown(socket.number, Int32(SHUT_RDWR))

        var supervisor = AttemptSupervisor(started, termination: termination, clock: clock)
        let result = supervisor.run()
        defer { supervisor.group.remove() }
        do {
            try started.write(result)
            return 0
        } catch {
            return 1
        }
    }

    /// Writes over an argument, as far as it has room.
    private static func show(_ folder: String, in title: UnsafeMutablePointer<CChar>?) {
        guard let title else { return }
        let room = strlen(title)
        memset(title, 0, room)
        strncpy(title, folder, room)
    }
}

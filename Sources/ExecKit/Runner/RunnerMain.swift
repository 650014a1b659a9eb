import CGatedSpawn
import Glibc
import JobKit
import ManifestKit

/// The process that watches over one attempt and outlives the agent.
///
/// Descriptor 0 is a socket. Through it come the attempt's lock, taken already,
/// and the order; one line goes back, `began` or `refused:` with a sentence.
/// Where the connection ends before that, no order comes any more. TERM means
/// cancel.
public enum RunnerMain {
    /// Runs the attempt to its end; the process's exit code, 0 where a result was written.
    ///
    /// - Parameters:
    ///   - title: the process's first argument, where it shows the folder of its attempt to people.
    ///   - clock: reads both clocks.
    public static func run(title: UnsafeMutablePointer<CChar>?, clock: RunnerClock) -> Int32 {
        gated_conceal()
        umask(0o077)
        for number in [SIGPIPE, SIGHUP, SIGINT, SIGQUIT] { signal(number, SIG_IGN) }
        let socket = Descriptor(owning: 0)
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
        defer { started.group.remove() }
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

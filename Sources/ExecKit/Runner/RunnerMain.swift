import CGatedSpawn
import Glibc
import JobKit
import ManifestKit

/// The process that watches over one attempt and outlives the agent.
///
/// Its only argument is the attempt's folder. Descriptor 0 is a socket: the
/// order comes through it, and one line goes back, `began` or `refused:` with a
/// sentence. Descriptor 3 is the attempt's lock, taken already. TERM means
/// cancel.
public enum RunnerMain {
    /// Runs the attempt to its end; the process's exit code, 0 where a result was written.
    public static func run(arguments: [String], clock: RunnerClock) -> Int32 {
        gated_conceal()
        umask(0o077)
        for number in [SIGPIPE, SIGHUP, SIGINT, SIGQUIT] { signal(number, SIG_IGN) }
        guard arguments.count == 2, fcntl(3, F_SETFD, FD_CLOEXEC) == 0 else { return 64 }
        let socket = Descriptor(owning: 0)
        let lock = RunnerLock(inherited: Descriptor(owning: 3))
        let termination = Descriptor(owning: gated_termination())
        defer { withExtendedLifetime(lock) {} }

        let started: StartedAttempt
        do {
            guard lock.sign() else { throw ExecKitError.system("sign", AttemptFile.lock) }
            guard let bytes = socket.readAll(limit: RunnerOrder.maximumSize) else {
                throw ExecKitError(
                    .damaged, "the runner's order is longer than \(RunnerOrder.maximumSize) bytes")
            }
            started = try StartedAttempt(
                order: RunnerOrder(parsing: bytes), folder: Directory(arguments[1]), clock: clock)
        } catch {
            _ = socket.send(Array("refused:\(error)".utf8))
            return 1
        }
        _ = socket.send(Array("began".utf8))
        shutdown(socket.number, Int32(SHUT_RDWR))

        var supervisor = AttemptSupervisor(started, termination: termination, clock: clock)
        let result = supervisor.run()
        do {
            try started.folder.replace(AttemptFile.result, result.json.canonicalBytes())
            started.group.remove()
            return 0
        } catch {
            return 1
        }
    }
}

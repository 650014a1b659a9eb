import Glibc
import ServiceSettings

/// One agent for each state folder: the lock is held for life and falls with the process.
final class StateLock: Sendable {
    private let descriptor: CInt

    /// - Throws: ``StartupProblem`` where another agent holds it.
    init(folder: String) throws {
        try PrivateFolder.make(folder, setting: "AGENT_STATE", isGuarded: true)
        let path = "\(folder)/agent.lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StartupProblem(
                "AGENT_STATE: '\(path)' cannot be opened: \(String(cString: strerror(errno)))")
        }
        // A record lock: unlike `flock`'s, a child that was just forked for a runner has no part in it,
        // and so cannot keep it when this agent is killed and started again at once.
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard fcntl(descriptor, F_SETLK, &lock) == 0 else {
            // `deinit` closes the descriptor: all of this value is set.
            throw StartupProblem("another agent already runs on '\(folder)'")
        }
    }

    deinit { close(descriptor) }
}

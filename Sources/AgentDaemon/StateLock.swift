import Glibc
import ServiceSettings

/// One agent for each state folder: the lock is held for life and falls with the process.
final class StateLock: Sendable {
    private let descriptor: CInt

    /// - Throws: ``StartupProblem`` where another agent holds it.
    init(folder: String) throws {
        try PrivateFolder.make(folder, setting: "AGENT_STATE")
        let path = Self.path(folder)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.unusable(path) }
        // A record lock: unlike `flock`'s, a child that was just forked for a runner has no part in it,
        // and so cannot keep it when this agent is killed and started again at once.
        var lock = Self.whole
        guard fcntl(descriptor, F_SETLK, &lock) == 0 else {
            // `deinit` closes the descriptor: all of this value is set.
            throw StartupProblem("another agent already runs on '\(folder)'")
        }
    }

    /// The process of the agent that runs on a folder; nil where none does.
    ///
    /// - Important: Not for the process that holds the lock: closing the file here
    ///   would give it up.
    /// - Throws: ``StartupProblem`` where the lock cannot be looked at.
    static func holder(of folder: String) throws -> pid_t? {
        let path = Self.path(folder)
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw unusable(path)
        }
        defer { close(descriptor) }
        var lock = whole
        guard fcntl(descriptor, F_GETLK, &lock) == 0 else { throw unusable(path) }
        return lock.l_type == Int16(F_UNLCK) ? nil : lock.l_pid
    }

    private static func unusable(_ path: String) -> StartupProblem {
        StartupProblem("AGENT_STATE: '\(path)' cannot be opened: \(String(cString: strerror(errno)))")
    }

    private static func path(_ folder: String) -> String { "\(folder)/agent.lock" }

    private static var whole: flock {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return lock
    }

    deinit { close(descriptor) }
}

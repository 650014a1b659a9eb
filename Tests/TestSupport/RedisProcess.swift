import Glibc

/// A child process that does not outlive this one, however this one ends.
struct RedisProcess: Sendable {
    private let process: pid_t
    private let guardian: pid_t
    private let lifeline: CInt

    /// Starts it.
    ///
    /// - Parameter folder: what is removed when this process ends without having ended the child.
    init(_ arguments: [String], folder: String) throws {
        var ends: [CInt] = [-1, -1]
        // Closed on exec, so that no other child holds the lifeline open.
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SystemFailure("no pair of sockets")
        }
        lifeline = ends[0]
        defer { close(ends[1]) }
        process = try Self.spawn(arguments, input: nil)
        // When this process is gone, its end of the lifeline is closed and `cat` comes to its end.
        guardian = try Self.spawn(["sh", "-c", "cat; kill -9 $0; rm -rf \"$1\"", "\(process)", folder], input: ends[1])
    }

    /// Whether it has ended by itself; true once only.
    var hasEnded: Bool {
        guard waitpid(process, nil, WNOHANG) == process else { return false }
        dismissGuardian()
        return true
    }

    func signal(_ number: CInt) {
        Glibc.kill(process, number)
    }

    /// Sends the signal and waits for the end.
    func end(_ number: CInt) {
        // A stopped process takes SIGTERM only when it goes on.
        signal(number)
        signal(SIGCONT)
        while waitpid(process, nil, 0) < 0, errno == EINTR {}
        dismissGuardian()
    }

    private func dismissGuardian() {
        Glibc.kill(guardian, SIGKILL)
        while waitpid(guardian, nil, 0) < 0, errno == EINTR {}
        close(lifeline)
    }

    private static func spawn(_ arguments: [String], input: CInt?) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // The threads of a pool block most signals, and a child inherits that: it could not be ended in order.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, CShort(POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var child: pid_t = 0
        errno = posix_spawnp(&child, arguments[0], &actions, &attributes, &words, environ)
        guard errno == 0 else { throw SystemFailure("'\(arguments[0])' did not start") }
        return child
    }
}

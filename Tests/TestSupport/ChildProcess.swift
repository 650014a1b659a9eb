package import Glibc

/// A child process that does not outlive this one, however this one ends.
package struct ChildProcess: Sendable {
    /// Its number.
    package let pid: pid_t
    private let guardian: pid_t
    private let lifeline: CInt

    /// Starts it.
    ///
    /// - Parameters:
    ///   - environment: all of its environment, or nil for this process's own.
    ///   - output: the file that its output and errors are added to.
    ///   - folder: what is removed when this process ends without having ended the child.
    package init(
        _ arguments: [String], environment: [String: String]? = nil, output: String = "/dev/null",
        folder: String
    ) throws {
        var ends: [CInt] = [-1, -1]
        // Closed on exec, so that no other child holds the lifeline open.
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw SystemFailure("no pair of sockets")
        }
        lifeline = ends[0]
        defer { close(ends[1]) }
        pid = try Self.spawn(arguments, environment: environment, input: nil, output: output)
        // When this process is gone, its end of the lifeline is closed and `cat` comes to its end.
        guardian = try Self.spawn(
            ["sh", "-c", "cat; kill -9 $0; rm -rf \"$1\"", "\(pid)", folder], input: ends[1],
            output: "/dev/null")
    }

    /// Runs a program that ends by itself in a moment, and tells how as ``ending()`` does.
    package static func run(_ arguments: [String], output: String) throws -> Int {
        let pid = try spawn(arguments, input: nil, output: output)
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return code(status)
    }

    /// How it has ended by itself, or nil while it lives; call it no more once it has told.
    ///
    /// The exit code, or 128 and the number of the signal that killed it.
    package func ending() -> Int? {
        var status: CInt = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        dismissGuardian()
        return Self.code(status)
    }

    /// Sends a signal.
    package func signal(_ number: CInt) { Glibc.kill(pid, number) }

    /// Sends the signal, waits for the end and tells it as ``ending()`` does.
    @discardableResult
    package func end(_ number: CInt) -> Int {
        // A stopped process takes SIGTERM only when it goes on.
        signal(number)
        signal(SIGCONT)
        return wait()
    }

    /// Waits for its end and tells it as ``ending()`` does.
    package func wait() -> Int {
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        dismissGuardian()
        return Self.code(status)
    }

    private static func code(_ status: CInt) -> Int {
        let signal = status & 0x7F
        return Int(signal == 0 ? status >> 8 & 0xFF : 128 + signal)
    }

    private func dismissGuardian() {
        Glibc.kill(guardian, SIGKILL)
        while waitpid(guardian, nil, 0) < 0, errno == EINTR {}
        close(lifeline)
    }

    private static func spawn(
        _ arguments: [String], environment: [String: String]? = nil, input: CInt?, output: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // Whoever started the tests may have left files open; a child has room for what it opens itself.
        for number in STDERR_FILENO + 1..<1024 { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        // The threads of a pool block most signals, and a child inherits that: it could not be ended in order.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, CShort(POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            (environment ?? [:]).map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var child: pid_t = 0
        errno =
            environment == nil
            ? posix_spawnp(&child, arguments[0], &actions, &attributes, &words, environ)
            : posix_spawnp(&child, arguments[0], &actions, &attributes, &words, &variables)
        guard errno == 0 else { throw SystemFailure("'\(arguments[0])' did not start") }
        return child
    }
}

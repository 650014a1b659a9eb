import Glibc

/// How much a service may have open at a time: files, sockets and the like.
package enum OpenFiles {
    /// How much the system allows.
    package static var limit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Opens as much as the service is sure to need, and closes it again.
    ///
    /// Later, what cannot be opened waits or is answered with 503; while a service is put together, parts of it that
    /// are not our own trap.
    ///
    /// - Throws: ``StartupProblem`` where that much cannot be opened.
    package static func require(_ count: Int) throws(StartupProblem) {
        let numbers = (0..<count).map { _ in open("/", O_RDONLY | O_CLOEXEC) }
        let reason = numbers.contains { $0 < 0 } ? String(cString: strerror(errno)) : nil
        for number in numbers where number >= 0 { close(number) }
        guard let reason else { return }
        throw StartupProblem(
            "not even \(count) files can be opened beside each other (\(reason)); raise LimitNOFILE, or 'ulimit -n'"
        )
    }
}

import Glibc

/// The cgroup (version 2) that holds every process of one attempt.
///
/// No process can leave it by `setsid`, a double fork or a change of parent, so
/// that what it lists is the whole tree.
struct ControlGroup: Sendable {
    let folder: Directory
    /// Ready with `POLLPRI` when the group becomes empty, populated, frozen or thawed.
    ///
    /// It stays ready until ``isPopulated`` is asked, which reads it.
    let changes: Descriptor

    /// Makes the group at `path`; an empty one of that name is made anew.
    static func make(_ path: String) throws(ExecKitError) -> ControlGroup {
        rmdir(path)
        guard mkdir(path, 0o700) == 0 else { throw .system("make cgroup", path) }
        let group = try ControlGroup(path)
        // Deeper ones could be killed with it, but neither counted nor taken away.
        group.write("\(maximumDepth)", to: "cgroup.max.depth")
        return group
    }

    /// The group that is at `path`.
    init(_ path: String) throws(ExecKitError) {
        folder = try Directory(path)
        changes = try folder.open("cgroup.events", O_RDONLY)
    }

    /// Whether nobody has removed it since it was opened.
    var isThere: Bool { folder.has("cgroup.procs") }

    /// Whether a living process is in the group or below it.
    var isPopulated: Bool { event("populated") != 0 }

    /// The living processes in the group and below it.
    func processes() -> [pid_t] { Self.processes(of: folder, depth: 0) }

    /// Stops every process where it is; waits for that, but not for one that hangs in the kernel.
    ///
    /// While it holds nothing forks, ends or gives its number to another process.
    func freeze() {
        guard write("1", to: "cgroup.freeze") else { return }
        var tries = 0
        while event("frozen") == 0 && tries < 20 {
            var wait = pollfd(fd: changes.number, events: Int16(POLLPRI), revents: 0)
            _ = poll(&wait, 1, 10)
            tries += 1
        }
    }

    /// Lets the processes go on, to the signals that wait for them.
    func thaw() { write("0", to: "cgroup.freeze") }

    /// Sends a signal to every process; call it between ``freeze()`` and ``thaw()``.
    func signal(_ number: Int32) {
        for process in processes() { Glibc.kill(process, number) }
    }

    /// Kills every process at once; on kernels before 5.14 one by one while they are frozen.
    func kill() {
        if write("1", to: "cgroup.kill") { return }
        freeze()
        signal(SIGKILL)
        thaw()
    }

    /// Kills until the group is empty, for five seconds; what is still there.
    ///
    /// A system that starts the agent waits for that, attempt by attempt.
    func empty() -> Int {
        let end = ContinuousClock.now + .seconds(5)
        while isPopulated, ContinuousClock.now < end {
            kill()
            var wait = pollfd(fd: changes.number, events: Int16(POLLPRI), revents: 0)
            _ = poll(&wait, 1, 10)
        }
        return isPopulated ? max(1, processes().count) : 0
    }

    /// Removes the empty group and what the script made below it; whether it is gone.
    @discardableResult
    func remove() -> Bool {
        // The last process may have ended and not be quite gone.
        for _ in 0..<100 {
            Self.removeGroups(below: folder, depth: 0)
            if rmdir(folder.path) == 0 { return true }
            guard errno == EBUSY else { return false }
            _ = poll(nil, 0, 10)
        }
        return false
    }

    // MARK: - The kernel's files

    private static let maximumDepth = 16

    private static func processes(of group: Directory, depth: Int) -> [pid_t] {
        var found = (group.read("cgroup.procs") ?? []).split(separator: 0x0A)
            .compactMap { pid_t(String(decoding: $0, as: UTF8.self)) }.filter { $0 > 0 }
        if depth < maximumDepth {
            for below in groups(below: group) { found += processes(of: below, depth: depth + 1) }
        }
        return found
    }

    private static func groups(below group: Directory) -> [Directory] {
        group.folderNames().compactMap { try? group.folder($0) }
    }

    private static func removeGroups(below group: Directory, depth: Int) {
        guard depth < maximumDepth else { return }
        for below in groups(below: group) {
            removeGroups(below: below, depth: depth + 1)
            rmdir(below.path)
        }
    }

    @discardableResult
    private func write(_ text: String, to name: String) -> Bool {
        guard let file = try? folder.open(name, O_WRONLY) else { return false }
        return file.write(Array(text.utf8)) == 0
    }

    /// A value of `cgroup.events`, by the descriptor that is waited on: only so it becomes quiet.
    private func event(_ key: String) -> Int? {
        var text = [UInt8](repeating: 0, count: 256)
        let count = pread(changes.number, &text, text.count, 0)
        // A group that somebody else has taken away holds nothing any more.
        if count < 0, errno == ENODEV { return 0 }
        return count > 0 ? Self.value(of: key, in: text[..<count]) : nil
    }

    /// The number behind a key, in a text with one key on each line.
    static func value(of key: String, in text: ArraySlice<UInt8>) -> Int? {
        for line in text.split(separator: 0x0A) {
            let words = line.split(separator: 0x20)
            if words.count == 2, words[0].elementsEqual(key.utf8) {
                return Int(String(decoding: words[1], as: UTF8.self))
            }
        }
        return nil
    }
}

/// How often the kernel has killed for want of memory since an attempt was made.
///
/// It counts where memory is accounted: with version 2 in `memory.events` of the
/// attempt's own group or the nearest one above, with version 1 in
/// `memory.oom_control` of the group that the runner is in, and its script with
/// it. Such a group may be older than the attempt, so that only what was added
/// since counts.
struct OutOfMemoryCount: Sendable {
    private static let maximumHeight = 32

    private let file: (folder: Directory, name: String)?
    private let before: Int

    /// Counts from now on.
    ///
    /// - Parameters:
    ///   - group: The attempt's group of version 2.
    ///   - memory: The runner's group of version 1 with the controller `memory`, or nil.
    init(group: Directory, memory: Directory?) {
        file =
            Self.accounted(group).map { ($0, "memory.events") } ?? memory.map { ($0, "memory.oom_control") }
        before = Self.read(file) ?? 0
    }

    /// Counts what befalls an attempt of this process from now on.
    init(group: Directory) {
        let place = try? ControlGroupPlace.own(controller: "memory")
        self.init(group: group, memory: place.flatMap { try? Directory($0.path) })
    }

    /// Whether there was any.
    var hasGrown: Bool { (Self.read(file) ?? 0) > before }

    /// The nearest group from this one upwards that has an account of its own.
    private static func accounted(_ group: Directory) -> Directory? {
        var folder = group
        for _ in 0..<maximumHeight {
            if folder.has("memory.events") { return folder }
            guard let slash = folder.path.lastIndex(of: "/"), slash != folder.path.startIndex,
                let above = try? Directory(String(folder.path[..<slash])), above.has("cgroup.procs")
            else { return nil }
            folder = above
        }
        return nil
    }

    /// The value of the line `oom_kill`.
    private static func read(_ file: (folder: Directory, name: String)?) -> Int? {
        guard let file, let bytes = file.folder.read(file.name) else { return nil }
        return ControlGroup.value(of: "oom_kill", in: bytes[...])
    }
}

import CGatedSpawn
import Glibc

extension Directory {
    /// The names in it that are text, sorted; none where it cannot be read.
    func names() -> [String] {
        rawNames().compactMap { String(validating: $0.dropLast(), as: UTF8.self) }.sorted()
    }

    /// The names of the folders in it; none where it cannot be read.
    func folderNames() -> [String] {
        rawNames(foldersOnly: true).compactMap { String(validating: $0.dropLast(), as: UTF8.self) }
    }

    /// Removes what has that name and all below it, without following any link.
    ///
    /// What is mounted below it is detached, and stays as it is: a script that is killed leaves its mounts. However
    /// deep the tree is, few descriptors are open at once.
    func removeTree(_ name: String) {
        remove(raw: name.utf8CString.map { CChar($0) }) { tree in
            // Somebody may be making it deeper all the time.
            var isAnyRaised = true
            for _ in 0..<Self.mostPasses where isAnyRaised {
                isAnyRaised = false
                tree.clear(levels: Self.mostLevels, raisingTo: tree, &isAnyRaised)
            }
        }
    }

    private static let mostLevels = 64
    private static let mostPasses = 2000

    /// Removes what is in it; what lies deeper than so many levels is raised to `top`, to be removed from there.
    private func clear(levels: Int, raisingTo top: Directory, _ isAnyRaised: inout Bool) {
        for name in rawNames() {
            remove(raw: name) { below in
                if levels > 0 {
                    below.clear(levels: levels - 1, raisingTo: top, &isAnyRaised)
                } else {
                    for name in below.rawNames() { below.raise(raw: name, to: top, &isAnyRaised) }
                }
            }
        }
    }

    /// Removes what has that name: a folder once it was cleared.
    private func remove(raw name: [CChar], clear: (Directory) -> Void) {
        if unlinkat(descriptor.number, name, 0) == 0 { return }
        // A file may be mounted over it.
        if errno == EBUSY, detach(raw: name) { return remove(raw: name, clear: clear) }
        if let below = entered(raw: name) { clear(below) }
        unlinkat(descriptor.number, name, AT_REMOVEDIR)
    }

    /// Moves a folder that has something in it to `top`, under a name that nothing has there.
    private func raise(raw name: [CChar], to top: Directory, _ isAnyRaised: inout Bool) {
        remove(raw: name) { below in
            let other = "raised-\(UInt64.random(in: .min ... .max))"
            if !below.rawNames().isEmpty, renameat(descriptor.number, name, top.descriptor.number, other) == 0
            {
                isAnyRaised = true
            }
        }
    }

    /// A folder in it without its mounts, of which there may be several, one over the other.
    private func entered(raw name: [CChar]) -> Directory? {
        for _ in 0..<Self.mostMounts {
            let number = Descriptor.opened { gated_enter(descriptor.number, name) }
            if number >= 0 { return Directory(path: path, owning: number) }
            guard errno == EXDEV, detach(raw: name) else { return nil }
        }
        return nil
    }

    private static let mostMounts = 100

    private func detach(raw name: [CChar]) -> Bool { gated_detach(descriptor.number, name) != 0 }

    /// The names as the kernel has them, each with its final zero: scripts may make any.
    private func rawNames(foldersOnly: Bool = false) -> [[CChar]] {
        // A descriptor of its own: reading moves the position that duplicates share.
        let number = Descriptor.opened {
            openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard number >= 0 else { return [] }
        guard let stream = fdopendir(number) else {
            close(number)
            return []
        }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            if foldersOnly && entry.pointee.d_type != UInt8(DT_DIR) { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                raw.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            if name != [0x2E, 0] && name != [0x2E, 0x2E, 0] { names.append(name) }
        }
        return names
    }
}

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
    /// What is mounted below it is detached, and stays as it is: a script that is killed leaves its mounts.
    func removeTree(_ name: String) { removeTree(raw: name.utf8CString.map { CChar($0) }) }

    private func removeTree(raw name: [CChar]) {
        if unlinkat(descriptor.number, name, 0) == 0 { return }
        // A file may be mounted over it.
        if errno == EBUSY, detach(raw: name) { return removeTree(raw: name) }
        if let below = entered(raw: name) {
            for each in below.rawNames() { below.removeTree(raw: each) }
        }
        unlinkat(descriptor.number, name, AT_REMOVEDIR)
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

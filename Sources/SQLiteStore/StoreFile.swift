import Glibc

/// The files of a record, as a restoration moves them about.
enum StoreFile {
    /// What the names of a record's files end in, its own first: nothing, and for its logs of two kinds.
    static let contents = ["", "-wal", "-journal"]
    /// All of them, and the index of a log, which means nothing without the process that made it.
    static let all = contents + ["-shm"]
    private static let portion = 1 << 20

    /// Bytes of a file; 0 where there is none.
    static func size(of path: String) throws(StoreError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .system("cannot look at '\(path)'") }
            return 0
        }
        return Int(status.st_size)
    }

    /// Refuses what is there and is no file.
    static func requireRegular(_ path: String) throws(StoreError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
        throw StoreError(.cannotOpen, "'\(path)' is no regular file")
    }

    /// Whether both names are one file's.
    static func isSame(_ path: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(path, &first) == 0 && stat(other, &second) == 0 && first.st_ino == second.st_ino
            && first.st_dev == second.st_dev
    }

    /// Whether both are one user's.
    static func haveOneOwner(_ path: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        return stat(path, &first) == 0 && stat(other, &second) == 0 && first.st_uid == second.st_uid
    }

    /// Copies a file to one for its owner alone, on the disk when this returns; one that is not there is none.
    static func copy(_ path: String, to other: String) throws(StoreError) {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else {
            if errno == ENOENT { return }
            throw .system("cannot read '\(path)'")
        }
        defer { close(source) }
        let target = try openPrivateFile(other)
        defer { close(target) }
        var bytes = [UInt8](repeating: 0, count: portion)
        while true {
            let count = read(source, &bytes, portion)
            guard count >= 0 else { throw .system("cannot read '\(path)'") }
            if count == 0 { break }
            guard write(target, bytes, count) == count else { throw .system("cannot write '\(other)'") }
        }
        guard fsync(target) == 0 else { throw .system("cannot write '\(other)'") }
    }

    /// Gives a file, never a link's target, to the one whose folder it is in, where that may be done.
    static func giveToOwner(ofFolderOf path: String, _ file: String) throws(StoreError) {
        var status = stat()
        guard geteuid() == 0, stat(folder(of: path), &status) == 0 else { return }
        guard lchown(file, status.st_uid, status.st_gid) == 0 else {
            throw .system("cannot give '\(file)' to the owner of its folder")
        }
    }

    /// Renames a file, on the disk when this returns.
    static func rename(_ path: String, to other: String) throws(StoreError) {
        guard Glibc.rename(path, other) == 0 else { throw .system("'\(path)' cannot be renamed") }
        try syncFolder(of: other)
    }

    /// Gives a file a second name, on the disk when this returns.
    static func link(_ path: String, as other: String) throws(StoreError) {
        guard Glibc.link(path, other) == 0 else { throw .system("'\(path)' cannot get another name") }
        try syncFolder(of: other)
    }

    /// Takes a name away, on the disk when this returns.
    static func remove(_ path: String) throws(StoreError) {
        guard unlink(path) == 0 else { throw .system("'\(path)' cannot be removed") }
        try syncFolder(of: path)
    }

    private static func syncFolder(of path: String) throws(StoreError) {
        let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw StoreError(
                .diskFailed, "the folder of '\(path)' cannot be synced: \(String(cString: strerror(errno)))")
        }
    }

    /// The path of the folder that a file is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

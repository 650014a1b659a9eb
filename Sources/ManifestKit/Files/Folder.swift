import Glibc

/// What an entry of a folder is.
package struct FileStatus: Hashable, Sendable {
    package enum Kind: Sendable {
        case regular, folder, link, other
    }

    package let kind: Kind
    /// The permission bits, with set-user-ID, set-group-ID and sticky.
    package let mode: UInt32
    package let size: Int

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .folder
        case S_IFLNK: kind = .link
        default: kind = .other
        }
        mode = status.st_mode & 0o7777
        size = Int(status.st_size)
    }
}

/// An open folder: whatever is read through it is inside it, however the tree is changed meanwhile.
///
/// No link is followed below the path that opened it, and no name leads out.
package final class Folder {
    /// The path that findings and errors name.
    package let path: String
    private let descriptor: CInt

    /// The folder at `path`, which may be reached through links.
    package init(path: String) throws(FileError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { throw Self.failure(errno, path: path) }
    }

    private init(path: String, descriptor: CInt) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The folder called `name` in this one; a link is refused.
    package func folder(named name: String) throws(FileError) -> Folder {
        let descriptor = try openEntry(name, flags: O_DIRECTORY)
        return Folder(path: path + "/" + name, descriptor: descriptor)
    }

    /// The names of the entries, sorted by their bytes; those that are not UTF-8 come repaired.
    package func names() throws(FileError) -> [String] {
        // The copy has a position of its own only if it is opened anew.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw Self.failure(errno, path: path) }
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw Self.failure(errno, path: path)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// What the entry called `name` is, without following a link.
    package func status(of name: String) throws(FileError) -> FileStatus {
        var status = stat()
        try checkName(name)
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw Self.failure(errno, path: path + "/" + name)
        }
        return FileStatus(status)
    }

    /// The bytes and the status of the regular file at a relative path, of at most `maximum` bytes.
    package func read(_ relativePath: String, atMost maximum: Int) throws(FileError) -> (
        bytes: [UInt8], status: FileStatus
    ) {
        let names = relativePath.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var folder = self
        for name in names.dropLast() { folder = try folder.folder(named: name) }
        return try folder.readEntry(names.last ?? "", atMost: maximum)
    }

    private func readEntry(_ name: String, atMost maximum: Int) throws(FileError) -> (
        bytes: [UInt8], status: FileStatus
    ) {
        let entryPath = path + "/" + name
        // A pipe would block the open, were it not for O_NONBLOCK.
        let file = try openEntry(name, flags: O_NONBLOCK)
        defer { close(file) }
        var raw = stat()
        guard fstat(file, &raw) == 0 else { throw Self.failure(errno, path: entryPath) }
        let status = FileStatus(raw)
        guard status.kind == .regular else {
            throw FileError(.notRegular, path: entryPath, "is not a regular file")
        }
        guard status.size <= maximum else {
            throw FileError(
                .tooLarge, path: entryPath, "has \(status.size) bytes; at most \(maximum) are read")
        }
        let bytes = try Self.readAll(file, expecting: status.size, path: entryPath)
        guard bytes.count == status.size else {
            throw FileError(.changed, path: entryPath, "changed while it was read")
        }
        return (bytes, status)
    }

    private static func readAll(_ file: CInt, expecting size: Int, path: String) throws(FileError) -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0, count: size + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(file, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            }
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw failure(errno, path: path)
            }
            count += got
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    private func openEntry(_ name: String, flags: CInt) throws(FileError) -> CInt {
        try checkName(name)
        let opened = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags)
        guard opened >= 0 else {
            // With O_DIRECTORY a link is answered with ENOTDIR, not ELOOP.
            if errno == ENOTDIR, let status = try? status(of: name), status.kind == .link { errno = ELOOP }
            throw Self.failure(errno, path: path + "/" + name)
        }
        return opened
    }

    private func checkName(_ name: String) throws(FileError) {
        guard RelativePath.isName(name) else {
            throw FileError(.notFound, path: path + "/" + name, "has a name that no file may have here")
        }
    }

    private static func failure(_ number: CInt, path: String) -> FileError {
        switch number {
        case ENOENT: FileError(.notFound, path: path, "does not exist")
        case ELOOP: FileError(.link, path: path, "is a link")
        case ENOTDIR: FileError(.notFolder, path: path, "is not a folder")
        case EACCES, EPERM: FileError(.denied, path: path, "may not be read by this user")
        default: FileError(.system, path: path, "cannot be read: " + String(cString: strerror(number)))
        }
    }
}

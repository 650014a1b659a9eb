import Glibc
import JobKit

/// An open folder; its files are reached through it, never through links.
struct Directory: Sendable {
    let path: String
    let descriptor: Descriptor

    /// The folder at `path`.
    init(_ path: String) throws(ExecKitError) {
        let number = Descriptor.opened { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard number >= 0 else { throw .system("open folder", path) }
        self.path = path
        descriptor = Descriptor(owning: number)
    }

    init(path: String, owning number: Int32) {
        self.path = path
        descriptor = Descriptor(owning: number)
    }

    /// The folder at `path`, made for root alone where it is missing; so are the ones above it.
    static func ensured(_ path: String) throws(ExecKitError) -> Directory {
        if mkdir(path, 0o700) != 0 && errno == ENOENT {
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
                throw .system("make", path)
            }
            _ = try ensured(String(path[..<slash]))
            mkdir(path, 0o700)
        }
        return try Directory(path)
    }

    /// The full path of one of its files.
    func path(of name: String) -> String { "\(path)/\(name)" }

    /// Makes a folder in it that must not be there yet.
    func makeDirectory(_ name: String, mode: mode_t = 0o700) throws(ExecKitError) -> Directory {
        guard mkdirat(descriptor.number, name, mode) == 0 else { throw .system("make", path(of: name)) }
        return try folder(name)
    }

    /// A folder in it, never the target of a link.
    func folder(_ name: String) throws(ExecKitError) -> Directory {
        let number = Descriptor.opened {
            openat(descriptor.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard number >= 0 else { throw .system("open folder", path(of: name)) }
        return Directory(path: path(of: name), owning: number)
    }

    /// Opens one of its files, never the target of a link.
    func open(_ name: String, _ flags: Int32, mode: mode_t = 0o600) throws(ExecKitError) -> Descriptor {
        let number = Descriptor.opened {
            openat(descriptor.number, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
        }
        guard number >= 0 else { throw .system("open", path(of: name)) }
        return Descriptor(owning: number)
    }

    /// Whether it was removed since it was opened.
    var isRemoved: Bool {
        var status = stat()
        return fstat(descriptor.number, &status) == 0 && status.st_nlink == 0
    }

    /// Whether it holds something of that name; what cannot be looked at is not missing.
    func has(_ name: String) -> Bool {
        faccessat(descriptor.number, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT
    }

    /// A file's bytes; nil where it is missing.
    ///
    /// - Throws: ``ExecKitError`` where it is there and cannot be read, or is longer than `limit`.
    func bytes(of name: String, limit: Int = 1 << 20) throws(ExecKitError) -> [UInt8]? {
        guard has(name) else { return nil }
        guard let bytes = try open(name, O_RDONLY | O_NONBLOCK).readAll(limit: limit) else {
            throw .system("read", path(of: name))
        }
        return bytes
    }

    /// A file's bytes; nil where it is missing, cannot be read or is longer than `limit`.
    func read(_ name: String, limit: Int = 1 << 20) -> [UInt8]? { try? bytes(of: name, limit: limit) }

    /// A file's text without white space around it, or nil.
    func text(_ name: String) -> String? {
        guard let bytes = read(name, limit: 4096) else { return nil }
        let space: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x0A }
        let trimmed = bytes.drop(while: space).reversed().drop(while: space).reversed()
        return String(validating: trimmed, as: UTF8.self)
    }

    /// Writes a file that must not be there yet; on disk before it returns where `synced`.
    func create(
        _ name: String, _ bytes: [UInt8], mode: mode_t = 0o600, synced: Bool = false
    ) throws(ExecKitError) {
        let file = try open(name, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        let failure = file.write(bytes)
        guard failure == 0 else { throw .system("write", path(of: name), number: failure) }
        if synced && fsync(file.number) != 0 { throw .system("sync", path(of: name)) }
    }

    /// Puts a whole file in place: after a crash there is the old one, or this one.
    func replace(_ name: String, _ bytes: [UInt8]) throws(ExecKitError) {
        let draft = name + ".new"
        unlinkat(descriptor.number, draft, 0)
        try create(draft, bytes, synced: true)
        guard renameat(descriptor.number, draft, descriptor.number, name) == 0 else {
            throw .system("rename", path(of: draft))
        }
        try sync()
    }

    /// Keeps so many bytes of a reserve, and gives the rest back to the disk.
    func shrink(_ name: String, from full: Int, to size: Int) {
        guard let file = try? open(name, O_WRONLY) else { return }
        // What is kept behind the end is not given back but with what is before it.
        ftruncate(file.number, off_t(full))
        ftruncate(file.number, off_t(size))
    }

    /// Puts a whole file in place without asking the disk for room: it is written into the space of another one.
    func replace(_ name: String, _ bytes: [UInt8], intoSpaceOf reserve: String) throws(ExecKitError) {
        let file = try open(reserve, O_WRONLY)
        let failure = file.write(bytes)
        guard failure == 0 else { throw .system("write", path(of: reserve), number: failure) }
        CrashPoint.resultBeforeFsync.pass()
        guard file.cut(to: bytes.count), fsync(file.number) == 0,
            renameat(descriptor.number, reserve, descriptor.number, name) == 0
        else { throw .system("write", path(of: name)) }
        CrashPoint.resultAfterRename.pass()
        try sync()
    }

    /// Makes names that came or went durable.
    func sync() throws(ExecKitError) {
        guard fsync(descriptor.number) == 0 else { throw .system("sync", path) }
    }

    /// Gives a file another name, in place of whatever had it.
    func rename(_ name: String, to other: String) throws(ExecKitError) {
        try move(name, to: other)
        try sync()
    }

    /// The same, and not yet on the disk.
    func move(_ name: String, to other: String) throws(ExecKitError) {
        guard renameat(descriptor.number, name, descriptor.number, other) == 0 else {
            throw .system("rename", path(of: name))
        }
    }

    /// Removes a file; whether there was one.
    @discardableResult
    func remove(_ name: String) -> Bool { unlinkat(descriptor.number, name, 0) == 0 }
}

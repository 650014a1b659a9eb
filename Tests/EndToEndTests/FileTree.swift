import Glibc
import TestSupport

/// Files below a folder.
enum FileTree {
    /// The paths of all regular files below `folder`, without following links.
    static func files(below folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            switch Int(entry.pointee.d_type) {
            case DT_DIR: found += files(below: "\(folder)/\(name)")
            case DT_REG: found.append("\(folder)/\(name)")
            default: break
            }
        }
        return found
    }

    /// A file's bytes.
    static func read(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFailure("'\(path)' cannot be read") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// A file's text; empty where there is none.
    static func text(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

    /// A file's bytes; none where it cannot be read.
    static func bytes(_ path: String) -> [UInt8] { (try? read(path)) ?? [] }

    /// Writes a whole file.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw SystemFailure("'\(path)' cannot be written")
        }
    }

    static func remove(_ path: String) { unlink(path) }

    /// Copies a folder with all its files.
    static func copy(_ folder: String, to target: String) throws {
        mkdir(target, 0o700)
        for path in files(below: folder) {
            let relative = path.dropFirst(folder.count + 1)
            for end in relative.indices where relative[end] == "/" {
                mkdir("\(target)/\(relative[..<end])", 0o700)
            }
            try write(try read(path), to: "\(target)/\(relative)")
        }
    }

    /// The process that holds a record lock on a file, or nil.
    static func lockHolder(_ path: String) -> pid_t? {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard fcntl(descriptor, F_GETLK, &lock) == 0, lock.l_type == Int16(F_WRLCK) else { return nil }
        return lock.l_pid
    }

    /// Who may do what with a file or folder.
    static func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }
}

internal import Glibc

/// Reads a file that a connection's trust is made of.
enum TrustFile {
    // A hundred and fifty authorities take a quarter of it.
    private static let maximumSize = 1 << 20

    /// The bytes of a file that may be everybody's to read, or the owner's
    /// alone.
    ///
    /// - Parameter isSecret: whether it is refused where others may read it.
    static func read(
        _ path: String, for setting: RedisTrust.Setting, isSecret: Bool = false
    ) throws(RedisError) -> [UInt8] {
        // A pipe would hold up the start until somebody writes.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unusable(setting, path, "cannot be read: \(systemMessage())") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw unusable(setting, path, "is no file")
        }
        guard !isSecret || !isReadableByOthers(status) else {
            throw unusable(setting, path, "can be read by others; take that right away (`chmod 600`)")
        }
        guard status.st_size > 0, status.st_size <= maximumSize else {
            throw unusable(setting, path, "is empty, or has more than \(maximumSize) bytes")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes[count...].withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            guard got >= 0 else { throw unusable(setting, path, "cannot be read: \(systemMessage())") }
            guard got > 0 else { break }
            count += got
        }
        return Array(bytes[..<count])
    }

    /// The sentence that names the setting, the file and what is wrong with it.
    static func unusable(_ setting: RedisTrust.Setting, _ path: String, _ what: String) -> RedisError {
        RedisError(.trustUnusable, "\(setting.rawValue): '\(path)' \(what)")
    }

    private static func isReadableByOthers(_ status: stat) -> Bool {
        guard status.st_mode & 0o077 != 0 else { return false }
        // What systemd's LoadCredential= hands to a service that is not root is root's file with an access
        // list for that one user; the group's bits are then the list's mask, and the group is root's.
        let isHandedOver = status.st_uid == 0 && status.st_gid == 0 && status.st_mode & 0o777 == 0o440
        return !(isHandedOver && geteuid() != 0)
    }
}

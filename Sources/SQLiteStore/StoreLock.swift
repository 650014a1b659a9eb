import Glibc

/// The file beside the record that its one process holds locked.
///
/// It is never removed, and once the record has been opened it holds the
/// process's number: a record that was there and is gone is missed.
final class StoreLock: Sendable {
    /// The lock file's path.
    let path: String
    /// Whether a record was opened under this lock before.
    let wasUsed: Bool
    private let descriptor: CInt

    /// Takes the lock, without waiting.
    init(path: String) throws(StoreError) {
        self.path = path
        descriptor = try openPrivateFile(path)
        var digits = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &digits, digits.count, 0)
        wasUsed = count > 0
        // Where it throws from here on, the descriptor is closed by `deinit`: all of this value is set.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let line = digits.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
            let holder = wasUsed ? "process \(String(decoding: line, as: UTF8.self))" : "another process"
            throw StoreError(.inUse, "'\(path)' is locked by \(holder); stop that panel first")
        }
    }

    deinit {
        // A child that is just being started has a copy of the descriptor, which would keep the lock.
        release()
        close(descriptor)
    }

    /// Gives the lock up, before this value goes.
    func release() { flock(descriptor, LOCK_UN) }

    /// Notes that this process has opened the record.
    func sign() throws(StoreError) {
        let text = Array("\(getpid())\n".utf8)
        // Never empty on the way: that would look like a record that never was.
        guard pwrite(descriptor, text, text.count, 0) == text.count,
            ftruncate(descriptor, off_t(text.count)) == 0
        else {
            throw .system("cannot write '\(path)'")
        }
    }
}

/// Opens or makes a file for its owner alone; a symbolic link is not followed, and what is no file is left as it is.
func openPrivateFile(_ path: String) throws(StoreError) -> CInt {
    // A pipe would hold the open up, were it not for O_NONBLOCK.
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { throw .system("cannot open '\(path)'") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        close(descriptor)
        throw StoreError(.cannotOpen, "'\(path)' is no regular file")
    }
    guard fchmod(descriptor, 0o600) == 0 else {
        let error = StoreError.system("cannot keep '\(path)' from other users")
        close(descriptor)
        throw error
    }
    return descriptor
}

extension StoreError {
    /// The error of the system call that just failed.
    static func system(_ sentence: String) -> StoreError {
        let number = errno
        let said = String(cString: strerror(number))
        return StoreError(number == ENOSPC ? .diskFull : .cannotOpen, "\(sentence): \(said)")
    }
}

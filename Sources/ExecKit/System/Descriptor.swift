import CGatedSpawn
import Glibc

/// An open file descriptor; closes itself when the last one lets go of it.
final class Descriptor: Sendable {
    let number: Int32

    /// Takes over a descriptor that nobody else closes.
    init(owning number: Int32) { self.number = number }

    deinit { close(number) }

    /// What `call` opens, or -1; where no descriptor is left, it waits until there is one.
    ///
    /// A file that cannot be opened for want of descriptors is not missing: an attempt
    /// whose traces nobody can read would be taken for lost, or run a second time.
    static func opened(_ call: () -> Int32) -> Int32 {
        while true {
            let number = call()
            guard number < 0, isWant(errno) else { return number }
            _ = poll(nil, 0, 50)
        }
    }

    private static func isWant(_ number: Int32) -> Bool { number == EMFILE || number == ENFILE }

    /// Whether so many more could be opened at this moment.
    static func hasRoom(for count: Int) -> Bool {
        let numbers = (0..<count).map { _ in Glibc.open("/", O_RDONLY | O_CLOEXEC) }
        let hasRoom = numbers.last ?? 0 >= 0 || !isWant(errno)
        for number in numbers where number >= 0 { close(number) }
        return hasRoom
    }

    /// A pipe that no other program inherits.
    static func pipe() throws(ExecKitError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw .system("make", "pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }

    /// Two ends of a local connection that no other program inherits.
    static func connectedPair() throws(ExecKitError) -> (Descriptor, Descriptor) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .system("make", "socket pair") }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }

    /// Lets reads and writes return at once where they would wait.
    func makeNonblocking() {
        _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    }

    /// What one `read` gave.
    enum Reading {
        case bytes(Int)
        case end
        case wouldWait
    }

    /// One read into `buffer`; an error counts as the end.
    func read(into buffer: inout [UInt8]) -> Reading {
        while true {
            let count = Glibc.read(number, &buffer, buffer.count)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldWait : .end
        }
    }

    /// Everything up to the end; nil, with `errno`, where it cannot be read or is more than `limit`.
    func readAll(limit: Int) -> [UInt8]? {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(number, &buffer, buffer.count)
            if count == 0 { return all }
            if count < 0 && errno == EINTR { continue }
            if count < 0 { return nil }
            guard all.count + count <= limit else {
                errno = EFBIG
                return nil
            }
            all.append(contentsOf: buffer[..<count])
        }
    }

    /// Writes all of `bytes`; returns 0, or the errno that stopped it half-way.
    func write(_ bytes: [UInt8]) -> Int32 {
        bytes.withUnsafeBytes { whole in
            var rest = whole[...]
            while !rest.isEmpty {
                let count = Glibc.write(
                    number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0 && errno == EINTR { continue }
                if count < 0 { return errno }
                rest = rest.dropFirst(count)
            }
            return 0
        }
    }

    /// Has the disk keep so many bytes for the file, behind its end where the file system can do that.
    ///
    /// What is kept behind the end need not be cut off when the file stays shorter: freeing space waits for the disk.
    func reserve(_ size: Int, of path: String) throws(ExecKitError) {
        let failure = gated_reserve(number, size)
        guard failure == 0 else { throw .system("reserve space in", path, number: failure) }
    }

    /// Cuts the file down to so many bytes, if it has more; whether that worked.
    func cut(to size: Int) -> Bool {
        var status = stat()
        guard fstat(number, &status) == 0 else { return false }
        return status.st_size <= off_t(size) || ftruncate(number, off_t(size)) == 0
    }

    /// Sends all of `bytes` into a socket; no signal comes where nobody reads them.
    func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { whole in
            var rest = whole[...]
            while !rest.isEmpty {
                let address = UnsafeRawBufferPointer(rebasing: rest).baseAddress
                let count = Glibc.send(number, address, rest.count, Int32(MSG_NOSIGNAL))
                if count < 0 && errno == EINTR { continue }
                if count < 0 { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}

import Glibc
package import Testing

/// A disk of few bytes in memory, unmounted when it goes.
package final class SmallDisk {
    package let path: String

    package init(at path: String, megabytes: Int) throws {
        self.path = path
        mkdir(path, 0o700)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m,mode=700") == 0 else {
            throw SystemFailure("cannot mount a tmpfs")
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    /// Writes until not another byte fits, and gives so many kibibytes back.
    package func fill(leaving kibibytes: Int = 0) throws {
        let file = open("\(path)/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SystemFailure("cannot open the filler") }
        defer { close(file) }
        for size in [65_536, 4096, 1] {
            let bytes = [UInt8](repeating: 0, count: size)
            while write(file, bytes, size) == size {}
        }
        let end = lseek(file, 0, SEEK_CUR)
        guard ftruncate(file, max(0, end - off_t(kibibytes << 10))) == 0 else {
            throw SystemFailure("cannot cut the filler")
        }
    }

    /// Takes away what ``fill()`` wrote.
    package func makeRoom() { unlink("\(path)/filler") }

    package static let needs: Comment = "needs root and a system that lets it mount a tmpfs"

    package static let isPossible: Bool = {
        guard geteuid() == 0, let folder = try? TemporaryDirectory() else { return false }
        return (try? SmallDisk(at: folder.path("trial"), megabytes: 1)) != nil
    }()
}

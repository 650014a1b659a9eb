import Glibc
import TestSupport
import Testing

@testable import ExecKit
@testable import JobKit

/// A process that hangs in the kernel, and that no signal ends: it writes to a disk that is frozen.
@Suite(
    "What cannot be killed (root, cgroup v2, loop devices)",
    .enabled(if: access("/dev/loop-control", R_OK | W_OK) == 0, "needs loop devices"),
    .timeLimit(.minutes(5)))
struct SurvivorTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    /// Its end is told with how many live on, and nothing starts there until they are gone.
    @Test func isToldAndKeepsTheNextOneFromItsStart() async throws {
        let disk = try FrozenDisk(in: server.root)
        defer { disk.end() }
        let host = server.host(limits: .short(timeout: 300_000))
        let attempt = try await server.start(
            """
            bash -c 'echo x > "\(disk.path)/file"' &
            until grep -q '^State:.D' "/proc/$!/status"; do read -t 0.05 <> <(:); done
            exit 0
            """, on: host)
        let result = try #require(await server.follow(attempt, host).result)
        #expect(result.ending == .exited(code: 0) && result.survivors == 1)
        #expect(await server.host().survey() == [attempt: .ended(result)])
        let next = try server.order()
        #expect(try await !host.prepare(next.attempt))
        disk.thaw()
        try await eventually("a server on which nothing lives") { try await host.prepare(next.attempt) }
    }
}

/// A small file system of its own, to which nobody can write.
private struct FrozenDisk {
    private static let (freeze, thaw): (UInt, UInt) = (0xC004_5877, 0xC004_5878)

    let path: String
    private let folder: Directory

    init(in root: String) throws {
        path = "\(root)/disk"
        let image = "\(root)/disk.img"
        try Directory(root).create("disk.img", [])
        try #require(truncate(image, 8 << 20) == 0 && mkdir(path, 0o700) == 0)
        for command in [["mkfs.ext4", "-q", "-F", image], ["mount", "-o", "loop", image, path]] {
            try #require(try ChildProcess.run(command, output: "/dev/null") == 0, "\(command)")
        }
        folder = try Directory(path)
        try #require(ioctl(folder.descriptor.number, Self.freeze, 0) == 0)
    }

    func thaw() { _ = ioctl(folder.descriptor.number, Self.thaw, 0) }

    /// Takes it away, whoever still has something open there.
    func end() {
        thaw()
        umount2(path, CInt(MNT_DETACH))
    }
}

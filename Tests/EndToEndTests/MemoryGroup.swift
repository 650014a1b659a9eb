import Glibc
import TestSupport
import Testing

@testable import ExecKit

/// A cgroup of a test's own that bounds what its processes take of memory: of version 2 where that has the controller
/// here, else of version 1.
///
/// It is removed when it goes, and has to be empty by then.
final class MemoryGroup: Sendable {
    static let needs: Comment =
        "needs root and a memory controller: cgroup v1's, or v2's at the tests' own place"

    static let isPossible: Bool = {
        guard geteuid() == 0 else { return false }
        return (try? MemoryGroup(named: "trial-\(getpid())", mebibytes: 256)) != nil
    }()

    private let path: String

    /// What a program is started under to be in the group from its beginning.
    var wrapper: [String] { ["sh", "-c", #"echo $$ >"$0" && exec "$@""#, "\(path)/cgroup.procs"] }

    init(named name: String, mebibytes: Int) throws {
        let bytes = Array("\(mebibytes << 20)".utf8)
        let version2 = try ControlGroupPlace.own().path
        if FileTree.text("\(version2)/cgroup.subtree_control").split(whereSeparator: \.isWhitespace)
            .contains("memory")
        {
            path = "\(version2)/\(name)"
            mkdir(path, 0o700)
            try FileTree.write(bytes, to: "\(path)/memory.max")
            try? FileTree.write(Array("0".utf8), to: "\(path)/memory.swap.max")
        } else {
            path = "\(try ControlGroupPlace.own(controller: "memory").path)/\(name)"
            mkdir(path, 0o700)
            try FileTree.write(bytes, to: "\(path)/memory.limit_in_bytes")
            try? FileTree.write(bytes, to: "\(path)/memory.memsw.limit_in_bytes")
        }
    }

    /// Whether no process is in it any more.
    var isEmpty: Bool { FileTree.text("\(path)/cgroup.procs").isEmpty }

    deinit { rmdir(path) }
}

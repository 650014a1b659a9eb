import Glibc
import TestSupport
import Testing

/// Has a living program's writes reach no disk any more: what it wants to have synced fails with EIO.
///
/// strace does it from outside; the program is as it ships.
final class FailingDisk: Sendable {
    static let needs: Comment = "needs root and strace, and a system that lets it trace"

    static let isPossible: Bool = {
        guard geteuid() == 0, let folder = try? TemporaryDirectory(),
            let trial = try? ChildProcess(["strace", "-o", "/dev/null", "true"], folder: folder.path)
        else { return false }
        return trial.wait() == 0
    }()

    private let tracer: ChildProcess

    /// Returns when every thread of the program is traced, or the program has ended of it.
    init(of program: Program, folder: String) async throws {
        let pid = program.pid
        tracer = try ChildProcess(
            [
                "strace", "-f", "-qq", "-p", "\(pid)", "-e", "trace=fsync,fdatasync", "-e",
                "inject=fsync,fdatasync:error=EIO",
            ], output: "\(folder)/strace.out", folder: "\(folder)/strace.out")
        try await eventually("a trace of all threads of \(pid)") {
            if program.isOver { return true }
            let threads = ProcessTable.threads(of: pid)
            return !threads.isEmpty && threads.allSatisfy { ProcessTable.tracer(of: $0, in: pid) != 0 }
        }
    }

    /// Lets go of what is left of the program.
    func end() { tracer.end(SIGTERM) }
}

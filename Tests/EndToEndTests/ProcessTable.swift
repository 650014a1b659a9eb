import Glibc
import Testing

/// The processes of this machine, as the kernel shows them.
enum ProcessTable {
    /// One of them.
    struct Entry: Sendable {
        let pid: pid_t
        /// Its arguments, put together by spaces.
        let arguments: String
    }

    /// All that live and whose arguments or environment hold `text`, the oldest first, whatever their numbers; zombies
    /// have neither.
    static func processes(with text: String) -> [Entry] {
        let found = numbers().compactMap { pid -> (Entry, Int)? in
            let entry = Entry(pid: pid, arguments: words(pid, "cmdline"))
            guard entry.arguments.contains(text) || words(pid, "environ").contains(text) else { return nil }
            return (entry, start(of: pid))
        }
        return found.sorted { ($0.1, $0.0.pid) < ($1.1, $1.0.pid) }.map(\.0)
    }

    /// When a process began, in ticks of the machine's.
    private static func start(of pid: pid_t) -> Int {
        let fields = FileTree.text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ")
        return fields?.dropFirst(19).first.flatMap { Int($0) } ?? .max
    }

    /// The most memory that a process had at any time, in KiB.
    static func peakMemory(of pid: pid_t) throws -> Int {
        let line = FileTree.text("/proc/\(pid)/status").split(separator: "\n").first {
            $0.hasPrefix("VmHWM:")
        }
        let number = line?.split(separator: " ").dropLast().last.flatMap { Int($0) }
        return try #require(number, "no memory of process \(pid)")
    }

    /// The threads of a process.
    static func threads(of pid: pid_t) -> [pid_t] { numbers(in: "/proc/\(pid)/task") }

    /// Who traces a thread; 0 for nobody.
    static func tracer(of thread: pid_t, in pid: pid_t) -> pid_t {
        let line = FileTree.text("/proc/\(pid)/task/\(thread)/status").split(separator: "\n").first {
            $0.hasPrefix("TracerPid:")
        }
        return line?.split(separator: "\t").last.flatMap { pid_t($0) } ?? 0
    }

    /// The numbers of all processes, or of what else is numbered in a folder.
    static func numbers(in path: String = "/proc") -> [pid_t] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var found: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = pid_t(name) { found.append(number) }
        }
        return found
    }

    private static func words(_ pid: pid_t, _ name: String) -> String {
        guard let bytes = try? FileTree.read("/proc/\(pid)/\(name)") else { return "" }
        return String(decoding: bytes.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
    }
}

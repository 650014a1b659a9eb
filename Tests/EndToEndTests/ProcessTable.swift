import Glibc
import TestSupport

/// The processes of this machine, as the kernel shows them.
enum ProcessTable {
    /// One of them.
    struct Entry: Sendable {
        let pid: pid_t
        /// Its arguments, put together by spaces.
        let arguments: String
    }

    /// All that live and whose arguments or environment hold `text`; zombies have neither.
    static func processes(with text: String) -> [Entry] {
        numbers().compactMap { pid in
            let entry = Entry(pid: pid, arguments: words(pid, "cmdline"))
            return entry.arguments.contains(text) || words(pid, "environ").contains(text) ? entry : nil
        }
    }

    /// The arguments of all processes.
    static func commandLines() -> [String] { numbers().map { words($0, "cmdline") } }

    private static func numbers() -> [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var found: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if let number = pid_t(name) { found.append(number) }
        }
        return found
    }

    private static func words(_ pid: pid_t, _ name: String) -> String {
        guard let bytes = try? FileTree.read("/proc/\(pid)/\(name)") else { return "" }
        return String(decoding: bytes.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
    }
}

/// Files below a folder.
enum FileTree {
    /// The paths of all regular files below `folder`, without following links.
    static func files(below folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name != ".", name != ".." else { continue }
            switch Int(entry.pointee.d_type) {
            case DT_DIR: found += files(below: "\(folder)/\(name)")
            case DT_REG: found.append("\(folder)/\(name)")
            default: break
            }
        }
        return found
    }

    static func read(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFailure("'\(path)' cannot be read") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return bytes
    }
}

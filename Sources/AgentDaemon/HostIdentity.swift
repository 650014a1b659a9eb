import ExecKit
import Glibc
import ManifestKit
import ServiceSettings

/// Which machine this is, which boot, and what it runs.
struct HostIdentity {
    let machineID: String
    let bootID: String
    let facts: HostFacts

    /// Reads the system's own files.
    ///
    /// - Throws: ``StartupProblem`` where one of them is missing.
    static func read() throws -> HostIdentity {
        var names = utsname()
        uname(&names)
        let architecture = withUnsafeBytes(of: &names.machine) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / (1 << 20)
        let processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return HostIdentity(
            machineID: try text("/etc/machine-id"), bootID: try text("/proc/sys/kernel/random/boot_id"),
            facts: HostFacts(
                osRelease: try text("/etc/os-release"), architecture: architecture, memoryMiB: memory,
                processors: processors > 0 ? processors : nil))
    }

    private static func text(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StartupProblem("'\(path)' cannot be read; the agent needs it")
        }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        var text = buffer.prefix(max(0, count))
        while text.last == UInt8(ascii: "\n") { text.removeLast() }
        guard !text.isEmpty else { throw StartupProblem("'\(path)' is empty; the agent needs it") }
        return String(decoding: text, as: UTF8.self)
    }
}

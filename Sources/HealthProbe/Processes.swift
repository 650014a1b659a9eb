import Glibc

/// The processes of this server, by name.
enum Processes {
    /// Whether a living process other than this one has the name: its own, or its program's.
    static func has(_ name: String) -> Bool {
        guard let folder = opendir("/proc") else { return false }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let number = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { pid_t(String(cString: $0)) }
            }
            if let number, number != getpid(), isCalled(name, number) { return true }
        }
        return false
    }

    private static func isCalled(_ name: String, _ number: pid_t) -> Bool {
        // A process that has ended and is not taken off the books has no program any more.
        let program = read("/proc/\(number)/cmdline").prefix { $0 != 0 }
        guard !program.isEmpty else { return false }
        let own = read("/proc/\(number)/comm").dropLast()
        let last = program.split(separator: UInt8(ascii: "/")).last ?? []
        // Its own name is cut off behind 15 bytes: of a longer one only the program can tell.
        return own.elementsEqual(name.utf8) || last.elementsEqual(name.utf8)
    }

    private static func read(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &buffer, buffer.count)
        return Array(buffer.prefix(max(0, count)))
    }
}

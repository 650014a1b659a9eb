import Glibc
public import JobKit

/// Notes for the panel's next start, in a file beside the record: in the system's memory as soon as they are saved.
public final class FileCrashNotes: CrashNotes {
    private static let end = UInt8(ascii: "\n")
    private static let maximum = 4 << 20

    private let path: String
    private let descriptor: CInt

    /// Opens the file or makes it.
    public init(path: String) throws(StoreError) {
        self.path = path
        descriptor = try openPrivateFile(path)
    }

    deinit { close(descriptor) }

    /// What was saved last; empty where nothing was.
    public func load() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.maximum)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else { throw StoreError.system("cannot read '\(path)'") }
        return Array(bytes[..<count].prefix { $0 != Self.end })
    }

    /// Puts these bytes, a line, in place of all others.
    public func save(_ bytes: [UInt8]) throws {
        // What a longer line leaves behind this one is not read.
        let line = bytes + [Self.end]
        let count = pwrite(descriptor, line, line.count, 0)
        guard count == line.count else {
            // A part of it is written where no room is left for the rest.
            if count >= 0 { errno = ENOSPC }
            throw StoreError.system("cannot write '\(path)'")
        }
    }
}

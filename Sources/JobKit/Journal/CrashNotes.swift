import Synchronization

/// A few bytes that a program leaves for its next start, should it die.
///
/// They outlive the process, but perhaps not the power: saving them costs no wait for a disk.
public protocol CrashNotes: Sendable {
    /// What was saved last; empty where nothing was.
    func load() throws -> [UInt8]
    /// Puts these bytes in place of all others; a death half-way may leave neither.
    func save(_ bytes: [UInt8]) throws
}

/// Notes that die with the process, for a panel whose ends nobody asks about.
public final class MemoryCrashNotes: CrashNotes {
    private let bytes = Mutex<[UInt8]>([])

    /// No notes.
    public init() {}

    /// What was saved last; empty where nothing was.
    public func load() -> [UInt8] { bytes.withLock { $0 } }

    /// Puts these bytes in place of all others.
    public func save(_ bytes: [UInt8]) { self.bytes.withLock { $0 = bytes } }
}

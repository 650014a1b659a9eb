import Dispatch
import Glibc
public import JobKit
import ManifestKit
import OpenSSLCrypto

/// An agent's journal in a file, each append on the disk before it returns.
///
/// A frame is a length (4 bytes, big-endian), the same inverted, 8 bytes of
/// SHA-256 over the frame before and this one's bytes, and a line as JSON. A
/// file system grows a file only after its bytes are written, so a frame that
/// is cut short was never promised, and one that is whole and wrong is damage.
public final class FileAgentJournal: AgentJournal {
    private static let name = "journal"
    private static let magic = Array("provision-journal-1\n".utf8)
    private static let checksumCount = 8
    private static let headCount = 4 + 4 + checksumCount

    /// The open file and the checksum of its last frame; touched on `queue` alone.
    private final class State {
        var file: Descriptor?
        var checksum: [UInt8] = FileAgentJournal.magic
    }

    private let folder: Directory
    private let history: AttemptHistory
    private let queue = DispatchQueue(label: "ExecKit.FileAgentJournal")
    // Safe to share: only closures that run on the serial queue use it.
    nonisolated(unsafe) private let state = State()

    /// The journal in a folder, which is made where it is missing.
    public init(folder path: String) throws(ExecKitError) {
        folder = try Directory.ensured(path)
        history = AttemptHistory(folder: folder)
    }

    /// Every line, from the oldest; a last one that was cut short is dropped.
    public func load() async throws(JournalError) -> [JournalEntry] {
        try await onQueue { try self.loadNow() }
    }

    /// Adds lines; they are on the disk when this returns.
    public func append(_ entries: [JournalEntry]) async throws(JournalError) {
        try await onQueue { try self.appendNow(entries) }
    }

    /// Adds a line without waiting for the disk.
    public func note(_ entry: JournalEntry) async throws(JournalError) {
        try await onQueue { try self.appendNow([entry], isSynced: false) }
    }

    /// Puts these lines in place of all others, whole or not at all.
    public func replace(
        with entries: [JournalEntry], archiving past: [AttemptSummary]
    ) async throws(JournalError) {
        try await onQueue {
            try self.history.add(past)
            try self.replaceNow(entries)
        }
    }

    /// What was archived, from the oldest.
    public func archive() async throws(JournalError) -> [AttemptSummary] {
        try await onQueue { try self.history.summaries() }
    }

    private func onQueue<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws(JournalError) -> Value {
        let result = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result(catching: work)) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error as JournalError): throw error
        case .failure(let error): throw JournalError("the journal in '\(folder.path)' failed: \(error)")
        }
    }

    // MARK: - On the queue

    private func loadNow() throws -> [JournalEntry] {
        guard let bytes = try folder.bytes(of: Self.name, limit: 1 << 30) else {
            try replaceNow([])
            return []
        }
        guard bytes.starts(with: Self.magic) else { throw damage(at: 0) }
        var entries: [JournalEntry] = []
        var position = Self.magic.count
        state.checksum = Self.magic
        while let (frame, end) = try frame(of: bytes, at: position) {
            guard let value = try? JSONValue(parsing: frame), let entry = try? JournalEntry(json: value)
            else {
                throw damage(at: position)
            }
            entries.append(entry)
            position = end
        }
        let file = try folder.open(Self.name, O_RDWR | O_APPEND)
        guard ftruncate(file.number, off_t(position)) == 0, fsync(file.number) == 0 else {
            throw ExecKitError.system("cut", folder.path(of: Self.name))
        }
        state.file = file
        return entries
    }

    /// The next frame and where it ends; nil at the end of the file or where the rest is cut short.
    private func frame(of bytes: [UInt8], at position: Int) throws -> ([UInt8], Int)? {
        let start = position + Self.headCount
        guard start <= bytes.count else { return nil }
        let count = Self.number(bytes[position..<position + 4])
        guard Self.number(bytes[position + 4..<position + 8]) == count ^ 0xFFFF_FFFF else {
            throw damage(at: position)
        }
        guard start + count <= bytes.count else { return nil }
        let frame = Array(bytes[start..<start + count])
        let checksum = checksum(of: frame)
        guard Array(bytes[position + 8..<start]) == checksum else { throw damage(at: position) }
        state.checksum = checksum
        return (frame, start + count)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private func appendNow(_ entries: [JournalEntry], isSynced: Bool = true) throws {
        guard let file = state.file else { throw JournalError("the journal in '\(folder.path)' is not open") }
        let failure = file.write(frames(entries))
        guard failure == 0, !isSynced || fdatasync(file.number) == 0 else {
            // What is on the disk now is unknown: nothing more may be written behind it.
            state.file = nil
            throw ExecKitError.system(
                "write", folder.path(of: Self.name), number: failure == 0 ? errno : failure)
        }
    }

    private func replaceNow(_ entries: [JournalEntry]) throws {
        // Where it fails, nothing more may be written behind the old lines.
        state.file = nil
        state.checksum = Self.magic
        try folder.replace(Self.name, Self.magic + frames(entries))
        state.file = try folder.open(Self.name, O_RDWR | O_APPEND)
    }

    private func frames(_ entries: [JournalEntry]) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries {
            let frame = entry.json.canonicalBytes()
            state.checksum = checksum(of: frame)
            let length = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: frame.count >> $0) }
            bytes += length + length.map { ~$0 }
            bytes += state.checksum + frame
        }
        return bytes
    }

    private func checksum(of frame: [UInt8]) -> [UInt8] {
        Array(SHA256.digest(state.checksum + frame).prefix(Self.checksumCount))
    }

    private func damage(at position: Int) -> JournalError {
        JournalError(
            "the journal '\(folder.path(of: Self.name))' is damaged at byte \(position); "
                + "move the state folder away and enrol this server anew")
    }
}

import Glibc
import JobKit
import OpenSSLCrypto

/// Writes an attempt's log: numbered frames for the agent, plain text for people.
///
/// It keeps the first and the last part of the output. What comes after the
/// first part waits in memory, where the oldest is dropped; ``finish(at:)``
/// writes the rest, with a line that says how much is missing.
struct LogWriter: ~Copyable {
    /// How much output is kept, in bytes.
    struct Quota: Hashable, Sendable {
        var head = 8 << 20
        var tail = 8 << 20
    }

    private let frames: Descriptor
    private let plain: Descriptor?
    private let quota: Quota
    private var digest = SHA256()
    private var records = 0
    private var bytes = 0
    private var size: off_t = 0

    private var tail: LogTail?
    private var cutBytes = 0
    /// Whether something was written that ``sync()`` has not made durable.
    private(set) var isDirty = false

    /// Whether output waits in memory for ``finish(at:)``.
    var isHoldingBack: Bool { tail != nil }

    init(_ frames: Descriptor, plain: Descriptor?, quota: Quota) {
        self.frames = frames
        self.plain = plain
        self.quota = quota
    }

    /// The log of an attempt's folder, which must not be there yet, and the one for people if it can be opened.
    static func files(
        in folder: Directory, plainPath: String
    ) throws(ExecKitError) -> (frames: Descriptor, plain: Descriptor?) {
        let frames = try folder.open(AttemptFile.log, O_WRONLY | O_CREAT | O_EXCL)
        // A pipe that a script has left there would keep the runner waiting for a reader.
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let number = open(plainPath, flags, 0o600)
        return (frames, number < 0 ? nil : Descriptor(owning: number))
    }

    /// Takes masked output as read from the script at `time`.
    mutating func append(_ output: [UInt8], at time: Timestamp) {
        for start in stride(from: 0, to: output.count, by: LogFrame.maximumOutput) {
            let part = Array(output[start..<min(start + LogFrame.maximumOutput, output.count)])
            if tail == nil {
                let fits = bytes + part.count <= quota.head
                if fits && write(part, at: time) { continue }
                // Where the disk is full, what the reserve frees has to be enough for the tail in both files.
                tail = LogTail(limit: fits ? min(quota.tail, AttemptFile.tailReserveSize) : quota.tail)
                write(note: "more output follows; its last part is shown when the script has ended", at: time)
            }
            tail?.append(part, at: time)
        }
    }

    /// Writes what is held back; nothing may be appended afterwards.
    mutating func finish(at time: Timestamp) -> AttemptResult.Log {
        if let tail {
            let dropped = tail.droppedBytes
            cutBytes += dropped
            if dropped > 0 { write(note: "\(dropped) bytes of output are left out here", at: time) }
            for (at, part) in tail.parts where !write(part, at: at) { cutBytes += part.count }
        }
        sync()
        return AttemptResult.Log(
            records: records, bytes: bytes, cutBytes: cutBytes, digest: Hex.encode(digest.finalize()))
    }

    /// Makes what was written durable.
    mutating func sync() {
        guard isDirty else { return }
        fdatasync(frames.number)
        isDirty = false
    }

    private mutating func write(note: String, at time: Timestamp) {
        _ = write(Array("\n[provisioning: \(note)]\n".utf8), at: time)
    }

    /// Appends one record; where that fails the file is as before, and the number is free.
    private mutating func write(_ output: [UInt8], at time: Timestamp) -> Bool {
        let frame = LogFrame.encode(LogRecord(number: records + 1, at: time, bytes: output))
        guard frames.write(frame) == 0 else {
            ftruncate(frames.number, size)
            lseek(frames.number, size, SEEK_SET)
            return false
        }
        _ = plain?.write(output)
        size += off_t(frame.count)
        records += 1
        bytes += output.count
        digest.update(output)
        isDirty = true
        return true
    }
}

/// The last part of the output that is over the quota, in memory.
struct LogTail {
    private static let smallPart = 4096

    let limit: Int
    private(set) var droppedBytes = 0
    private var held: [(at: Timestamp, bytes: [UInt8])] = []
    private var first = 0
    private var size = 0

    init(limit: Int) { self.limit = limit }

    var parts: ArraySlice<(at: Timestamp, bytes: [UInt8])> { held[first...] }

    mutating func append(_ bytes: [UInt8], at time: Timestamp) {
        // A script may say a byte at a time, for days.
        if let last = held.indices.last, last >= first, held[last].bytes.count + bytes.count <= Self.smallPart
        {
            held[last].bytes += bytes
        } else {
            held.append((time, bytes))
        }
        size += bytes.count
        while first < held.count - 1, size - held[first].bytes.count >= limit {
            size -= held[first].bytes.count
            droppedBytes += held[first].bytes.count
            held[first].bytes = []
            first += 1
        }
        if first > 1024 && first > held.count / 2 {
            held.removeFirst(first)
            first = 0
        }
    }
}

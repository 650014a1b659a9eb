import Glibc
import JobKit
import OpenSSLCrypto

/// Reads an attempt's log from the first record on, while it grows.
struct LogReader {
    private let file: Descriptor
    private var offset = 0
    private var buffer: ArraySlice<UInt8> = []
    private var lastNumber = 0

    init(_ folder: Directory) throws(ExecKitError) {
        file = try folder.open(AttemptFile.log, O_RDONLY | O_NONBLOCK)
    }

    /// The next record, or nil where the log has no further whole one by now.
    mutating func next() -> LogRecord? {
        while true {
            if let record = take() { return record }
            // As much as a frame can be, with no record at its beginning, stays here for good:
            // nothing behind it counts, and a script may give the file any length.
            let missing = LogFrame.maximumSize - buffer.count
            guard missing > 0 else { return nil }
            var chunk = [UInt8](repeating: 0, count: missing)
            let count = pread(file.number, &chunk, missing, offset)
            guard count > 0 else { return nil }
            offset += count
            buffer += chunk[..<count]
        }
    }

    private mutating func take() -> LogRecord? {
        guard let record = LogFrame.decode(buffer), record.number == lastNumber + 1 else { return nil }
        buffer = buffer.dropFirst(LogFrame.headSize + record.bytes.count)
        lastNumber = record.number
        return record
    }

    /// What a log holds up to its last whole record; nothing where it is gone.
    static func summary(of folder: Directory, cutBytes: Int = 0) -> AttemptResult.Log {
        var reader = try? LogReader(folder)
        var digest = SHA256()
        var bytes = 0
        while let record = reader?.next() {
            digest.update(record.bytes)
            bytes += record.bytes.count
        }
        return AttemptResult.Log(
            records: reader?.lastNumber ?? 0, bytes: bytes, cutBytes: cutBytes,
            digest: Hex.encode(digest.finalize()))
    }
}

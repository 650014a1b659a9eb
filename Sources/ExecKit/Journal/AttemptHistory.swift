import Glibc
import JobKit
import ManifestKit

/// What an agent did, beyond what its journal still needs: for a panel that was restored from a backup.
///
/// Two files of lines of JSON, the older one dropped when the newer is full. A line that was cut short or is
/// damaged is left out: the rest still tells its part.
struct AttemptHistory {
    private static let name = "history"
    private static let olderName = "history.1"
    /// Bytes after which a file is set aside; 30 days of a thousand attempts a day.
    private static let limit = 16 << 20

    let folder: Directory

    /// Adds summaries; they are on the disk when this returns.
    func add(_ summaries: [AttemptSummary]) throws {
        guard !summaries.isEmpty else { return }
        // The line's end before it ends one that was cut short, too.
        let bytes = summaries.flatMap { [UInt8(ascii: "\n")] + $0.json.canonicalBytes() }
        let isNew = !folder.has(Self.name)
        let file = try folder.open(Self.name, O_WRONLY | O_APPEND | O_CREAT)
        if isNew { try folder.sync() }
        let failure = file.write(bytes)
        guard failure == 0, fdatasync(file.number) == 0 else {
            throw ExecKitError.system(
                "write", folder.path(of: Self.name), number: failure == 0 ? errno : failure)
        }
        if lseek(file.number, 0, SEEK_END) > Self.limit { try folder.rename(Self.name, to: Self.olderName) }
    }

    /// Everything there is, from the oldest.
    func summaries() throws -> [AttemptSummary] {
        try [Self.olderName, Self.name].filter(folder.has).flatMap { name -> [AttemptSummary] in
            guard let bytes = folder.read(name, limit: 4 * Self.limit) else {
                throw JournalError("the archive '\(folder.path(of: name))' cannot be read")
            }
            return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
                (try? JSONValue(parsing: Array(line))).flatMap { try? AttemptSummary(json: $0) }
            }
        }
    }
}

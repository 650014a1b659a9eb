import Glibc
import JobKit

/// What the file `began` says, a line each.
struct AttemptBeginning: Hashable, Sendable {
    /// When the script was let go.
    let at: Timestamp
    /// The script's process number: for people, never for a decision.
    let script: pid_t
    /// The kernel's name for the time since the server was started.
    let bootID: String

    init(at: Timestamp, script: pid_t, bootID: String) {
        self.at = at
        self.script = script
        self.bootID = bootID
    }

    /// What the file of an attempt's folder says, or nil where it is missing or damaged.
    init?(in folder: Directory) {
        let lines = folder.text(AttemptFile.began)?.split(separator: "\n") ?? []
        guard lines.count == 3, let time = Int64(lines[0]), let number = pid_t(lines[1]) else { return nil }
        self.init(at: Timestamp(milliseconds: time), script: number, bootID: String(lines[2]))
    }

    /// The file's content.
    var bytes: [UInt8] { Array("\(at.milliseconds)\n\(script)\n\(bootID)\n".utf8) }
}

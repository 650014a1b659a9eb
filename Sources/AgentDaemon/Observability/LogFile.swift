import Glibc
import JobKit
import Logging
import ServiceSettings
import Synchronization

/// `agent.log`: one line an event, readable by root alone.
final class LogFile: Sendable {
    private let descriptor: CInt

    /// - Throws: ``StartupProblem`` where the file cannot be opened.
    init(folder: String) throws {
        try PrivateFolder.make(folder, setting: "AGENT_LOGS")
        let path = "\(folder)/agent.log"
        // A script may have left a link or a pipe there.
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else {
            throw StartupProblem(
                "AGENT_LOGS: '\(path)' cannot be opened: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// Adds a line with one write, so that lines of several threads never mix.
    func write(_ line: String) {
        let bytes = Array(line.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}

/// Writes log lines into `agent.log`.
struct FileLogHandler: LogHandler {
    let file: LogFile
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(file: LogFile) { self.file = file }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        note(event.level, "\(event.message)\(pairs)")
    }

    /// Writes a line into the file alone.
    func note(_ level: Logger.Level, _ text: String) {
        file.write("\(SystemTime.now().wall) \(level) \(text)\n")
    }
}

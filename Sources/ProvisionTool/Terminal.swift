import Glibc
import ManifestKit

/// Where output goes: text for people, with colours where they are seen as such.
struct Terminal {
    /// The colours that mean something here.
    enum Style: String {
        case error = "1;31"
        case warning = "1;33"
        case note = "1;36"
        case strong = "1"
        case faint = "2"
    }

    private let isColoured: Bool

    /// Standard output; coloured only on a terminal, and never where `NO_COLOR` says so.
    init() {
        func value(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        isColoured = isatty(STDOUT_FILENO) == 1 && value("NO_COLOR").isEmpty && value("TERM") != "dumb"
    }

    func styled(_ text: String, _ style: Style) -> String {
        isColoured ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes a line to standard output.
    static func say(_ line: String) { write(Array((line + "\n").utf8), to: STDOUT_FILENO) }

    /// Writes a line to standard error.
    static func complain(_ line: String) { write(Array((line + "\n").utf8), to: STDERR_FILENO) }

    /// Writes bytes to standard output as they are.
    static func put(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                // Whoever read has gone: there is nobody to tell.
                if errno == EPIPE || descriptor != STDOUT_FILENO { return }
                if errno == EINTR { continue }
                complain("error: the output cannot be written: \(String(cString: strerror(errno)))")
                exit(74)  // EX_IOERR
            }
            rest = rest.dropFirst(count)
        }
    }
}

extension Diagnostic.Severity {
    var style: Terminal.Style {
        switch self {
        case .error: .error
        case .warning: .warning
        case .note: .note
        }
    }
}

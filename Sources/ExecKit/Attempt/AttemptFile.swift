import JobKit

/// The files of an attempt's folder, each named here and nowhere else.
enum AttemptFile {
    /// What the runner was told, without secrets.
    static let spec = "spec"
    /// Held for as long as the runner lives; who holds it is the runner.
    static let lock = "runner.lock"
    /// When, as which process and in which boot the script was let go; durable before that.
    static let began = "began"
    /// The output as ``LogFrame``s.
    static let log = "log"
    /// Why the runner ends the script: durable before its first signal.
    static let cause = "cause"
    /// How it ended: an `AttemptResult` as JSON.
    static let result = "result"
    /// Space kept on the disk: most of it for the log's end, the rest becomes the result.
    static let reserve = "reserve"
    static let reserveSize = 1 << 20
    static let resultReserveSize = 64 << 10
    /// How much of the log's end the rest has room for, twice and with its frames.
    static let tailReserveSize = (reserveSize - resultReserveSize) * 2 / 5

    /// The script's working directory.
    static let work = "work"
    /// Where the script writes its results and its progress.
    static let output = "output"
    static let progress = "progress"
}

/// Why a runner ends its script, as the file `cause` says it.
enum EndingCause: String, Sendable {
    case timeout
    case cancel
    /// Somebody else has told the runner to end, as a server that goes down tells all its processes.
    case ended

    var ending: AttemptResult.Ending {
        switch self {
        case .timeout: .timedOut
        case .cancel: .cancelled
        case .ended: .interrupted(.runnerDied)
        }
    }
}

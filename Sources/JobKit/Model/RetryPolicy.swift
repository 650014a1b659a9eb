import ManifestKit

/// Whether and when the platform tries a job again by itself.
///
/// Only where the manifest says `idempotent`, nobody asked to cancel, the way
/// it ended may pass by itself, and fewer than three attempts were made.
public enum RetryPolicy {
    /// Attempts in all, the first included.
    public static let maximumAttempts = 3

    /// When the next attempt of `job` is due, or nil for never.
    ///
    /// Exponential from 10 s, capped at 15 min, spread by a tenth that is drawn
    /// from the job's own name, so that a crowd does not come back at once.
    static func nextAttempt(of job: JobRecord, after result: AttemptResult, at now: Timestamp) -> Timestamp? {
        let made = job.attempt.id.number
        guard job.terms.isIdempotent, job.cancelRequestedAt == nil, made < maximumAttempts,
            result.mayPass(under: job.terms)
        else {
            return nil
        }
        let delay = min(Int64(10_000) << Int64((made - 1) * 2), 900_000)
        let spread = job.id.description.utf8.suffix(4).reduce(Int64(0)) { ($0 * 31 + Int64($1)) % 1000 }
        return now.advanced(byMilliseconds: delay + delay * spread / 10_000)
    }
}

extension AttemptResult {
    /// Whether someone saw the script's end.
    var sawItsEnd: Bool { if case .interrupted = ending { false } else { true } }

    /// The code shown for it: 124 for a timeout, 128 + n for signal n; nil where nobody saw the end.
    public var exitCode: Int? {
        switch ending {
        case .exited(let code): code
        case .signalled(let number): 128 + number
        case .timedOut: 124
        case .cancelled, .interrupted: nil
        }
    }

    /// Why the job failed or was cancelled with this end, or nil for success.
    public var reason: JobReason? {
        switch ending {
        case .exited(0): nil
        case .exited: outOfMemory ? .outOfMemory : .exit
        case .signalled: outOfMemory ? .outOfMemory : .signal
        case .timedOut: .timeout
        case .cancelled: .running
        case .interrupted: .interrupted
        }
    }

    /// Whether another try may fare better, by the exit code's meaning.
    func mayPass(under terms: JobTerms) -> Bool {
        switch ending {
        case .exited(let code): terms.meaning(ofExitCode: code).isRetryable
        case .interrupted: true
        case .signalled, .timedOut, .cancelled: false
        }
    }
}

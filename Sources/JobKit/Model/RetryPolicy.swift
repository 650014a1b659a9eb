import ManifestKit

/// Whether and when the platform tries a job again by itself.
///
/// Only where the manifest says `idempotent`, nobody asked to cancel, the way it ended may pass
/// by itself, and the manifest's `retry` leaves an attempt. What nobody saw the end of three
/// times is left to a person, whatever the manifest says.
public enum RetryPolicy {
    /// The interruption after which a job is not tried again.
    public static let lastInterruption = 3
    /// Seconds between attempts at most, whatever the manifest says, and with all that is drawn.
    public static let longestPause = 900

    /// The last moment to which an attempt can have been put off by now, or within the next minute.
    ///
    /// Where one was put off further, the clock has been set back since.
    package static func lastDue(from now: Timestamp) -> Timestamp {
        now.advanced(bySeconds: longestPause + 60)
    }

    /// When the next attempt of `job` is due, or nil for never.
    ///
    /// The manifest's pause and up to half of it more. How much more is drawn from the attempt's
    /// own name, so that a crowd that failed together does not come back together, and so that
    /// the same job gives the same answer.
    static func nextAttempt(of job: JobRecord, after result: AttemptResult, at now: Timestamp) -> Timestamp? {
        let (rule, made) = (job.terms.retry, job.attempt.id.number)
        guard job.terms.isIdempotent, job.cancelRequestedAt == nil, made < rule.maxAttempts,
            job.interruptions < lastInterruption, result.mayPass(under: job.terms)
        else {
            return nil
        }
        let pause = Int64(rule.pauseSeconds(afterAttempt: made)) * 1000
        return now.advanced(byMilliseconds: pause + pause / 2 * spread(of: job.attempt.id) / 1000)
    }

    /// 0 to 999, as good as random from one attempt to the next (FNV-1a).
    private static func spread(of attempt: AttemptID) -> Int64 {
        let hash = attempt.description.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return Int64((hash >> 32) % 1000)
    }
}

extension RetryRule {
    /// Seconds between that attempt and the next, before any spread.
    fileprivate func pauseSeconds(afterAttempt number: Int) -> Int {
        // Half of it more is the most there may be.
        let longest = min(maxSeconds, RetryPolicy.longestPause * 2 / 3)
        switch backoff {
        case .fixed: return min(baseSeconds, longest)
        case .exponential: return min(baseSeconds << min(number - 1, 16), longest)
        }
    }
}

extension AttemptResult {
    /// Whether someone saw the script's end.
    var sawItsEnd: Bool { if case .interrupted = ending { false } else { true } }

    /// The code shown for it: 124 for a timeout, 128 + n for signal n; nil where nobody saw the end.
    public var exitCode: Int? {
        switch ending {
        case .exited(let code): code
        case .unhealthy: 0
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
        case .unhealthy: .unhealthy
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
        case .unhealthy, .signalled, .timedOut, .cancelled: false
        }
    }
}

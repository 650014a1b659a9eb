public import ManifestKit

/// What the manifest said about running the job.
public struct JobTerms: Hashable, Sendable {
    /// Seconds the script may run.
    public let timeoutSeconds: Int
    /// Seconds between TERM and the kill of the tree.
    public let graceSeconds: Int
    /// Whether the platform may ever run it twice by itself.
    public let isIdempotent: Bool
    /// How often it is tried, and how long the pauses are.
    public let retry: RetryRule
    /// The meanings that the manifest gives to exit codes beside the standard ones.
    public let exitCodes: [Int: ExitCodeMeaning]
    /// Sensitive inputs that may be kept once the job is final, to run it again without asking.
    public let retained: Set<String>

    /// The meaning of an exit code.
    public func meaning(ofExitCode code: Int) -> ExitCodeMeaning { exitCodes[code] ?? .standard(code) }

    /// Terms with their parts.
    public init(
        timeoutSeconds: Int, graceSeconds: Int = 10, isIdempotent: Bool, retry: RetryRule = .standard,
        exitCodes: [Int: ExitCodeMeaning] = [:], retained: Set<String> = []
    ) {
        self.timeoutSeconds = timeoutSeconds
        self.graceSeconds = graceSeconds
        self.isIdempotent = isIdempotent
        self.retry = retry
        self.exitCodes = exitCodes
        self.retained = retained
    }
}

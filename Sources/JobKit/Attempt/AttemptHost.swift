/// The place where attempts run: the one seam between the exchange and processes.
///
/// ExecKit's conformer starts a runner process for each attempt, which outlives
/// the agent; ``MemoryAttemptHost`` stands in for it in tests.
public protocol AttemptHost: Sendable {
    /// Makes the attempt's place if it can be started now, and waits a moment where it cannot; whether it can.
    ///
    /// From then on the attempt has traces until it is discarded: one that was set out and has none is lost.
    /// Where it cannot be started, it is asked for again until it can, and then claimed anew.
    ///
    /// - Throws: ``Refusal`` where there is no place for it.
    func prepare(_ attempt: AttemptID) async throws(Refusal) -> Bool

    /// Examines the job, then starts the attempt.
    ///
    /// Checked here, at the last moment: the application is listed, its files
    /// are the ones the order names, the server meets the manifest's
    /// requirements, sealed inputs open, all inputs are valid.
    ///
    /// - Throws: ``Refusal`` where no instruction of the script has run and none will.
    func start(_ job: VerifiedJob) async throws(Refusal)

    /// Every attempt that left traces on this server, each with what they say.
    ///
    /// Called once when the agent starts, before any ``prepare(_:)``. What it
    /// returns as ended has no live process any more.
    func survey() async -> [AttemptID: AttemptStanding]

    /// What happens to a started attempt from now on, its log from the record after `record`.
    ///
    /// Ends after ``AttemptEvent/ended(_:)`` or ``AttemptEvent/neverBegan``. May be asked for again after an
    /// agent's restart.
    func events(of attempt: AttemptID, afterRecord record: Int) -> AsyncStream<AttemptEvent>

    /// Orders the attempt's runner to end it. Without effect where it has ended.
    func cancel(_ attempt: AttemptID) async

    /// Removes what the attempt left, after the panel has acknowledged its end.
    func discard(_ attempt: AttemptID) async
}

extension AttemptHost {
    /// A host that is always ready.
    public func prepare(_ attempt: AttemptID) async throws(Refusal) -> Bool { true }
}

/// What the traces of an attempt say when an agent starts.
public enum AttemptStanding: Hashable, Sendable {
    /// Its runner lives: follow it.
    case running
    /// It is over, with this result.
    case ended(AttemptResult)
    /// Its runner died before the script was let go: nothing ran, it may be claimed anew.
    case neverBegan

    var isOver: Bool {
        if case .ended = self { true } else { false }
    }

    /// Whether no trace of it was left but its script, which is ended.
    var isLost: Bool {
        if case .ended(let result) = self { result.ending == .interrupted(.stateLost) } else { false }
    }
}

/// What an attempt's runner tells, in this order: began, logs, ended.
public enum AttemptEvent: Hashable, Sendable {
    /// The script was let go.
    case began(at: Timestamp)
    /// The next piece of output.
    case log(LogRecord)
    /// The whole tree is gone.
    case ended(AttemptResult)
    /// Instead of all others: the runner died before it let the script go, and left nothing.
    case neverBegan

    /// Whether nothing follows it.
    var isLast: Bool {
        switch self {
        case .began, .log: false
        case .ended, .neverBegan: true
        }
    }
}

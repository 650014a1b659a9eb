import JobKit

/// What an attempt's folder says once its agent or its runner was lost.
///
/// | runner.lock | began | result | boot | verdict |
/// |---|---|---|---|---|
/// | held | any | – | – | running |
/// | free | any | yes | any | its result |
/// | free | no | no | any | never began |
/// | free | yes | no | same | `cause` if written, else `interrupted(runnerDied)` |
/// | free | yes | no | other | `interrupted(hostRestarted)` |
///
/// Where the lock's file is gone, ``AttemptFolder`` asks no further: that is `interrupted(stateLost)`.
struct AttemptTraces: Hashable, Sendable {
    var isLockHeld: Bool
    var hasBegan: Bool
    var isSameBoot: Bool
    var cause: EndingCause?
    var result: AttemptResult?

    enum Verdict: Hashable, Sendable {
        case running
        case ended(AttemptResult)
        case neverBegan
        case unseen(AttemptResult.Ending)
    }

    var verdict: Verdict {
        if isLockHeld { return .running }
        if let result { return .ended(result) }
        guard hasBegan else { return .neverBegan }
        guard isSameBoot else { return .unseen(.interrupted(.hostRestarted)) }
        return .unseen(cause?.ending ?? .interrupted(.runnerDied))
    }
}

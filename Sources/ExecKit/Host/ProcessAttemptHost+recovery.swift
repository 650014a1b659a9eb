import Glibc
import JobKit

extension ProcessAttemptHost {
    private var attempts: Directory? { try? Directory("\(places.state)/attempts") }

    func surveyNow() -> [AttemptID: AttemptStanding] {
        defer { template.prepare() }
        var standings: [AttemptID: AttemptStanding] = [:]
        if let attempts {
            for name in attempts.names() {
                guard let attempt = AttemptID(name), let folder = AttemptFolder(attempt, in: attempts) else {
                    continue
                }
                standings[attempt] = settle(folder, in: attempts)
            }
        }
        for attempt in groups.attempts() where standings[attempt] == nil && isFolderGone(of: attempt) {
            standings[attempt] = .ended(lost(attempt))
        }
        return standings
    }

    /// Whether it is surely not there: what cannot be looked at is not lost.
    private func isFolderGone(of attempt: AttemptID) -> Bool {
        access("\(places.state)/attempts/\(attempt)", F_OK) != 0 && errno == ENOENT
    }

    /// Ends what may live of an attempt whose folder is gone: nobody can tell any more how its script ended.
    private func lost(_ attempt: AttemptID) -> AttemptResult {
        let survivors = groups.empty(attempt)
        return AttemptResult(
            ending: .interrupted(.stateLost), beganAt: nil, endedAt: now(), survivors: survivors)
    }

    func follow(
        _ attempt: AttemptID, afterRecord record: Int, _ continuation: AsyncStream<AttemptEvent>.Continuation
    ) {
        guard let attempts, let folder = AttemptFolder(attempt, in: attempts) else {
            continuation.yield(.ended(lost(attempt)))
            return continuation.finish()
        }
        AttemptFollower(
            folder, afterRecord: record, settle: { settle(folder, in: attempts) }, now: now,
            continuation: continuation
        ).begin()
    }

    func cancelNow(_ attempt: AttemptID) {
        if let attempts, let folder = AttemptFolder(attempt, in: attempts) {
            RunnerLock.signal(SIGTERM, holderOf: folder.directory)
        } else if isFolderGone(of: attempt) {
            // Its runner can be known by its lock alone, and finds out by itself.
            groups.empty(attempt)
        }
    }

    func discardNow(_ attempt: AttemptID) {
        guard let attempts, let folder = AttemptFolder(attempt, in: attempts),
            let lock = RunnerLock(taking: folder.directory)
        else { return }
        CrashPoint.prune.pass()
        attempts.removeTree(attempt.description)
        withExtendedLifetime(lock) {}
    }

    /// Takes away what a start that failed has left: a runner that was killed has emptied no cgroup.
    ///
    /// It does not ask for the lock: a child on the way to its gate holds it for a moment longer than its runner.
    func undo(_ attempt: AttemptID, in attempts: Directory) {
        AttemptFolder(attempt, in: attempts)?.emptyControlGroup(fallback: try? groups.path(of: attempt))
        attempts.removeTree(attempt.description)
    }

    /// What the traces say; those of an attempt that never began are gone afterwards.
    private func settle(_ folder: AttemptFolder, in attempts: Directory) -> AttemptStanding {
        let standing = folder.settle(
            bootID: bootID, controlGroup: try? groups.path(of: folder.attempt), now: now)
        if standing == .neverBegan { attempts.removeTree(folder.attempt.description) }
        return standing
    }
}

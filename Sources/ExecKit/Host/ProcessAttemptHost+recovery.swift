import Glibc
import JobKit

extension ProcessAttemptHost {
    private var attempts: Directory? { try? Directory("\(places.state)/attempts") }

    func surveyNow() -> [AttemptID: AttemptStanding] {
        defer { template.prepare() }
        guard let attempts else { return [:] }
        var standings: [AttemptID: AttemptStanding] = [:]
        for name in attempts.names() {
            guard let attempt = AttemptID(name), let folder = AttemptFolder(attempt, in: attempts) else {
                continue
            }
            standings[attempt] = settle(folder, in: attempts)
        }
        return standings
    }

    func follow(
        _ attempt: AttemptID, afterRecord record: Int, _ continuation: AsyncStream<AttemptEvent>.Continuation
    ) {
        guard let attempts, let folder = AttemptFolder(attempt, in: attempts) else {
            continuation.yield(
                .ended(AttemptResult(ending: .interrupted(.stateLost), beganAt: nil, endedAt: now())))
            return continuation.finish()
        }
        AttemptFollower(
            folder, afterRecord: record, settle: { settle(folder, in: attempts) }, now: now,
            continuation: continuation
        ).begin()
    }

    func cancelNow(_ attempt: AttemptID) {
        guard let attempts, let folder = AttemptFolder(attempt, in: attempts) else { return }
        RunnerLock.signal(SIGTERM, holderOf: folder.directory)
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
        AttemptFolder(attempt, in: attempts)?.emptyControlGroup(fallback: try? controlGroup(of: attempt))
        attempts.removeTree(attempt.description)
    }

    /// What the traces say; those of an attempt that never began are gone afterwards.
    private func settle(_ folder: AttemptFolder, in attempts: Directory) -> AttemptStanding {
        let standing = folder.settle(
            bootID: bootID, controlGroup: try? controlGroup(of: folder.attempt), now: now)
        if standing == .neverBegan { attempts.removeTree(folder.attempt.description) }
        return standing
    }
}

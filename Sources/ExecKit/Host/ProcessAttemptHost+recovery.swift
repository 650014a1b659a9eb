import Glibc
import JobKit

extension ProcessAttemptHost {
    /// What names of folders begin with that are on their way in or out, and are no attempt's.
    static let leavings = ".aside-"

    private var attempts: Directory? { try? Directory("\(places.state)/attempts") }

    func surveyNow() -> [AttemptID: AttemptStanding] {
        defer { template.prepare() }
        var standings: [AttemptID: AttemptStanding] = [:]
        if let attempts {
            for name in attempts.names() where name.hasPrefix(Self.leavings) { attempts.removeTree(name) }
            for name in attempts.names() {
                guard let attempt = AttemptID(name), let folder = AttemptFolder(attempt, in: attempts) else {
                    continue
                }
                standings[attempt] = settle(folder)
            }
        }
        for attempt in groups.attempts() where standings[attempt] == nil && isFolderGone(of: attempt) {
            standings[attempt] = .ended(lost(attempt))
        }
        return standings
    }

    /// Whether it is surely not there: what cannot be looked at is not lost.
    func isFolderGone(of attempt: AttemptID) -> Bool {
        access("\(places.state)/attempts/\(attempt)", F_OK) != 0 && errno == ENOENT
    }

    /// Ends what may live of an attempt whose folder is gone: nobody can tell any more how its script ended.
    private func lost(_ attempt: AttemptID) -> AttemptResult {
        .stateLost(at: now(), survivors: groups.empty(attempt))
    }

    func follow(
        _ attempt: AttemptID, afterRecord record: Int, _ continuation: AsyncStream<AttemptEvent>.Continuation
    ) {
        guard let attempts, let folder = AttemptFolder(attempt, in: attempts) else {
            continuation.yield(.ended(lost(attempt)))
            return continuation.finish()
        }
        AttemptFollower(
            folder, afterRecord: record, settle: { settle(folder) }, now: now,
            continuation: continuation
        ).begin()
    }

    func cancelNow(_ attempt: AttemptID) {
        if let attempts, let folder = AttemptFolder(attempt, in: attempts) {
            RunnerLock.signal(SIGUSR1, holderOf: folder.directory)
        } else if isFolderGone(of: attempt) {
            // Its runner can be known by its lock alone, and finds out by itself.
            groups.empty(attempt)
        }
    }

    func discardNow(_ attempt: AttemptID) {
        guard let attempts, let folder = AttemptFolder(attempt, in: attempts) else { return }
        let lock = RunnerLock(taking: folder.directory)
        guard lock != nil || !RunnerLock.exists(in: folder.directory) else { return }
        CrashPoint.prune.pass()
        // Half a folder would tell of another attempt than the whole one did.
        let name = Self.leavings + attempt.description
        try? attempts.move(attempt.description, to: name)
        attempts.removeTree(name)
        withExtendedLifetime(lock) {}
    }

    /// Ends what a start that failed has left: a runner that was killed has emptied no cgroup.
    ///
    /// It does not ask for the lock: a child on the way to its gate holds it for a moment longer than its runner.
    func undo(_ attempt: AttemptID, in attempts: Directory) {
        AttemptFolder(attempt, in: attempts)?.emptyControlGroup(fallback: try? groups.path(of: attempt))
    }

    /// What the traces say.
    private func settle(_ folder: AttemptFolder) -> AttemptStanding {
        folder.settle(bootID: bootID, controlGroup: try? groups.path(of: folder.attempt), now: now)
    }
}

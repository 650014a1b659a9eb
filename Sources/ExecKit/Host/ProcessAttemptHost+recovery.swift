import Glibc
import JobKit

extension ProcessAttemptHost {
    private var attempts: Directory? { try? Directory("\(places.state)/attempts") }

    func surveyNow() -> [AttemptID: AttemptStanding] {
        defer { shelf.refill() }
        guard let attempts else { return [:] }
        var standings: [AttemptID: AttemptStanding] = [:]
        for name in attempts.names() {
            guard let attempt = AttemptID(name), let folder = AttemptFolder(attempt, in: attempts) else {
                continue
            }
            standings[attempt] = settle(folder)
            if standings[attempt] == .neverBegan { attempts.removeTree(name) }
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
            folder, afterRecord: record, settle: { settle(folder) }, now: now, continuation: continuation
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
        attempts.removeTree(attempt.description)
        withExtendedLifetime(lock) {}
    }

    private func settle(_ folder: AttemptFolder) -> AttemptStanding {
        folder.settle(bootID: bootID, controlGroup: try? controlGroup(of: folder.attempt), now: now)
    }
}

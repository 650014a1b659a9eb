import Glibc
import JobKit
import ManifestKit

/// The folder of one attempt, as its agent sees it.
struct AttemptFolder: Sendable {
    let attempt: AttemptID
    let directory: Directory

    /// The folder of `attempt` below `attempts`, or nil where it is missing.
    init?(_ attempt: AttemptID, in attempts: Directory) {
        guard let directory = try? attempts.folder(attempt.description) else { return nil }
        self.attempt = attempt
        self.directory = directory
    }

    /// When the script was let go, or nil where it was not, or the file is damaged.
    var beganAt: Timestamp? { AttemptBeginning(in: directory)?.at }

    /// What became of the attempt; where its runner is gone, nothing of it lives afterwards.
    ///
    /// A folder has its lock from the first: where that was removed, nobody can tell any more how the script ended.
    func settle(bootID: String, controlGroup: String?, now: () -> Timestamp) -> AttemptStanding {
        let lock = RunnerLock(taking: directory)
        defer { withExtendedLifetime(lock) {} }
        let isThere = lock != nil || RunnerLock.exists(in: directory)
        if isThere && lock == nil { return .running }
        // It is emptied before anything else: no new attempt may meet the old one's processes.
        let survivors = emptyControlGroup(fallback: controlGroup)
        // What is there and cannot be read is not written over.
        guard isThere, let traces = try? traces(bootID: bootID) else {
            return .ended(.stateLost(at: now(), survivors: survivors))
        }
        switch traces.verdict {
        case .running: return .running
        // What began and says so no more has been meddled with.
        case .neverBegan
        where directory.has(AttemptFile.cause) || LogReader.summary(of: directory).records > 0:
            return .ended(.stateLost(at: now(), survivors: survivors))
        case .neverBegan: return .neverBegan
        case .ended(let result): return .ended(checked(result))
        case .unseen(let ending):
            directory.remove(AttemptFile.reserve)
            let result = AttemptResult(
                ending: ending, beganAt: beganAt, endedAt: now(), survivors: survivors,
                log: LogReader.summary(of: directory))
            // Where it cannot be written the same is found out again the next time.
            try? directory.replace(AttemptFile.result, result.json.canonicalBytes())
            return .ended(result)
        }
    }

    private func traces(bootID: String) throws(ExecKitError) -> AttemptTraces {
        let result = try directory.bytes(of: AttemptFile.result)
        return AttemptTraces(
            isLockHeld: false, hasBegan: directory.has(AttemptFile.began),
            isSameBoot: AttemptBeginning(in: directory)?.bootID == bootID,
            cause: directory.text(AttemptFile.cause).flatMap(EndingCause.init),
            result: result.flatMap { bytes in
                (try? JSONValue(parsing: bytes)).flatMap { try? AttemptResult(json: $0) }
            })
    }

    /// The result, its log as it can still be read; what cannot be is cut.
    private func checked(_ result: AttemptResult) -> AttemptResult {
        guard let told = result.log else { return result }
        var found = LogReader.summary(of: directory, cutBytes: told.cutBytes)
        guard found != told else { return result }
        found.cutBytes += max(0, told.bytes - found.bytes)
        var result = result
        result.log = found
        return result
    }

    /// Ends all that lives of the attempt, and returns how many processes could not be killed.
    @discardableResult
    func emptyControlGroup(fallback: String?) -> Int {
        let named = directory.read(AttemptFile.spec).flatMap(RunnerOrder.controlGroup(inSpec:))
            .flatMap { AttemptGroups.isPath($0, of: attempt) ? $0 : nil }
        guard let path = named ?? fallback, let group = try? ControlGroup(path) else { return 0 }
        let survivors = group.empty()
        group.remove()
        return survivors
    }
}

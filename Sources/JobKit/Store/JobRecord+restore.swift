// What a store read back, exactly as it had written it: the only way to a state that is not an event's.
extension JobRecord {
    package struct Progress: Hashable, Sendable {
        package var state: JobState
        package var reason: JobReason?
        package var detail: String?
        package var exitCode: Int?
        package var beganAt: Timestamp?
        package var finishedAt: Timestamp?
        package var cancelRequestedAt: Timestamp?
        package var retryAt: Timestamp?
        package var interruptions: Int

        package init(
            state: JobState, reason: JobReason?, detail: String?, exitCode: Int?, beganAt: Timestamp?,
            finishedAt: Timestamp?, cancelRequestedAt: Timestamp?, retryAt: Timestamp?,
            interruptions: Int
        ) {
            self.state = state
            self.reason = reason
            self.detail = detail
            self.exitCode = exitCode
            self.beganAt = beganAt
            self.finishedAt = finishedAt
            self.cancelRequestedAt = cancelRequestedAt
            self.retryAt = retryAt
            self.interruptions = interruptions
        }
    }

    /// The job as it was accepted, its attempt of that name offered.
    func offered(_ attempt: AttemptID, at moment: Timestamp) -> JobRecord {
        var record = self
        record.attempt = AttemptRecord(id: attempt, offeredAt: moment)
        return record
    }

    /// The job as it was accepted, brought to where it stood when it was written.
    package func restored(_ progress: Progress, attempt: AttemptRecord) -> JobRecord {
        var record = self
        record.state = progress.state
        record.reason = progress.reason
        record.detail = progress.detail
        record.exitCode = progress.exitCode
        record.beganAt = progress.beganAt
        record.finishedAt = progress.finishedAt
        record.cancelRequestedAt = progress.cancelRequestedAt
        record.retryAt = progress.retryAt
        record.interruptions = progress.interruptions
        record.attempt = attempt
        return record
    }
}

extension AttemptRecord {
    package init(
        restoring id: AttemptID, phase: Phase, offeredAt: Timestamp, claimedAt: Timestamp?,
        beganAt: Timestamp?,
        endedAt: Timestamp?, result: AttemptResult?
    ) {
        self.init(id: id, offeredAt: offeredAt)
        self.phase = phase
        self.claimedAt = claimedAt
        self.beganAt = beganAt
        self.endedAt = endedAt
        self.result = result
    }
}

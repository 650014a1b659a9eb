/// What an event did to a job.
public enum JobTransition: Hashable, Sendable {
    /// The record after the event.
    case changed(JobRecord)
    /// The event came too late or again: nothing changes, the audit trail gets a line.
    ///
    /// Of an agent's events it gets one of each kind for an attempt.
    case late
}

/// An event that makes no sense in the job's state: someone broke the protocol.
public struct IllegalTransition: Error, Hashable, Sendable, CustomStringConvertible {
    /// The state the job was in.
    public let state: JobState
    /// The phase its attempt was in.
    public let phase: AttemptRecord.Phase
    /// The event's name.
    public let event: String

    /// The state and the event in one sentence.
    public var description: String {
        "event '\(event)' is illegal in state '\(state.rawValue)', attempt '\(phase.rawValue)'"
    }
}

// The only place where a job's state changes.
//
//             claimed                 finished, ok
//   queued ─────────────► running ─────────────────► succeeded •
//    ▲  │ withdrawn,       │ │ └── finished, not ok ► failed •
//    │  │ cancel           │ │
//    │  ├─► cancelled •◄───┘ └── finished, retry ──► waiting ──► cancelled •
//    │  └─► refused •  ◄── refused, nothing began       │   revoked: queued ─► refused •, waiting ─► failed •
//    └────────────────── retry due ─────────────────────┘
//
//   abandoned: every state that is not final ─► failed •
extension JobRecord {
    /// The record after `event`, or the complaint that it makes no sense.
    ///
    /// Late is what belongs to an older attempt, or repeats what is known, as an agent does in a new epoch, or
    /// meets a final job. Illegal is what no honest agent or panel produces.
    public func applying(_ event: JobEvent, at now: Timestamp) throws(IllegalTransition) -> JobTransition {
        if let number = event.attempt, number != attempt.id.number {
            // A restored panel may have taken a job for over that went on.
            guard number < attempt.id.number || state.isFinal else { throw illegal(event) }
            return .late
        }
        if state.isFinal { return .late }
        if event.attempt != nil, attempt.phase == .ended { return .late }
        switch event {
        case .claimed: return try claimed(event, at: now)
        case .began(_, let moment): return try began(event, at: moment)
        case .finished(_, let result): return try finished(event, result, at: now)
        case .refused(_, let refusal):
            return mayHaveRun
                ? try turnedAway(event, .retryRefused, refusal.description, at: now)
                : try turnedAway(event, .init(refusal.reason), refusal.message, at: now)
        case .withdrawn:
            guard cancelRequestedAt != nil else { throw illegal(event) }
            return try turnedAway(event, notStarted, nil, at: now)
        case .cancelRequested: return cancelRequested(at: now)
        case .abandoned(let sentence):
            var next = ended(.failed, .abandoned, at: now)
            next.detail = sentence
            return .changed(next)
        case .revoked: return try revoked(event, at: now)
        case .retryDue: return try retryDue(event, at: now)
        }
    }

    private func claimed(_ event: JobEvent, at now: Timestamp) throws(IllegalTransition) -> JobTransition {
        switch (state, attempt.phase) {
        case (.queued, .offered):
            var next = self
            next.state = .running
            next.attempt.phase = .claimed
            next.attempt.claimedAt = now
            return .changed(next)
        case (.running, .claimed): return .late  // an agent that was restarted claims again
        default: throw illegal(event)
        }
    }

    private func began(_ event: JobEvent, at moment: Timestamp) throws(IllegalTransition) -> JobTransition {
        guard state == .running else { throw illegal(event) }
        guard attempt.phase == .claimed else { return .late }
        var next = self
        next.attempt.phase = .began
        next.attempt.beganAt = moment
        next.beganAt = beganAt ?? moment
        return .changed(next)
    }

    private func finished(
        _ event: JobEvent, _ result: AttemptResult, at now: Timestamp
    ) throws(IllegalTransition) -> JobTransition {
        guard state == .running, attempt.phase == .began || attempt.phase == .claimed && !result.sawItsEnd
        else {
            throw illegal(event)
        }
        var next = self
        next.attempt.phase = .ended
        next.attempt.endedAt = now
        next.attempt.result = result
        next.exitCode = result.exitCode
        if !result.sawItsEnd { next.interruptions += 1 }
        guard let reason = result.reason else { return .changed(next.ended(.succeeded, nil, at: now)) }
        if let moment = RetryPolicy.nextAttempt(of: next, after: result, at: now) {
            next.state = .waiting
            next.retryAt = moment
            return .changed(next)
        }
        return .changed(next.ended(reason.state, reason, at: now))
    }

    private func turnedAway(
        _ event: JobEvent, _ reason: JobReason, _ detail: String?, at now: Timestamp
    ) throws(IllegalTransition) -> JobTransition {
        switch (state, attempt.phase) {
        case (.queued, .offered), (.running, .claimed):
            var next = self
            next.attempt.phase = .ended
            next.attempt.endedAt = now
            next.detail = detail
            return .changed(next.ended(reason.state, reason, at: now))
        default: throw illegal(event)
        }
    }

    /// A queued job may be called off at once: no claim of it has been acknowledged, and
    /// every later acknowledgement obliges the agent to read the cancel before it starts.
    private func cancelRequested(at now: Timestamp) -> JobTransition {
        guard cancelRequestedAt == nil else { return .late }
        var next = self
        next.cancelRequestedAt = now
        return .changed(state == .running ? next : next.ended(.cancelled, notStarted, at: now))
    }

    /// Why a job ends that is cancelled while no script of it runs: an earlier attempt may have.
    private var notStarted: JobReason { mayHaveRun ? .betweenAttempts : .beforeStart }

    /// Whether any instruction of an earlier attempt may have run.
    private var mayHaveRun: Bool { beganAt != nil || interruptions > 0 || attempt.id.number > 1 }

    /// A job that waits, for its turn or for its next attempt, gets no permit any more.
    private func revoked(_ event: JobEvent, at now: Timestamp) throws(IllegalTransition) -> JobTransition {
        guard state == .queued || state == .waiting else { throw illegal(event) }
        var next = self
        next.detail = "the server's agent was revoked"
        let reason: JobReason = mayHaveRun ? .retryRefused : .revoked
        return .changed(next.ended(reason.state, reason, at: now))
    }

    private func retryDue(_ event: JobEvent, at now: Timestamp) throws(IllegalTransition) -> JobTransition {
        guard state == .waiting else { throw illegal(event) }
        var next = self
        next.state = .queued
        next.retryAt = nil
        next.exitCode = nil
        next.attempt = AttemptRecord(id: AttemptID(job: id, number: attempt.id.number + 1), offeredAt: now)
        return .changed(next)
    }

    private func ended(_ state: JobState, _ reason: JobReason?, at now: Timestamp) -> JobRecord {
        var next = self
        next.state = state
        next.reason = reason
        next.finishedAt = now
        next.retryAt = nil
        next.sealed = sealed.filter { terms.retained.contains($0.key) }
        if next.attempt.phase != .ended {
            next.attempt.phase = .ended
            next.attempt.endedAt = now
        }
        return next
    }

    private func illegal(_ event: JobEvent) -> IllegalTransition {
        IllegalTransition(state: state, phase: attempt.phase, event: event.name)
    }
}

/// An event whose signature and place are proven.
struct VerifiedEvent: Sendable {
    let uplink: Uplink
    let payload: [UInt8]
}

/// Events of one agent, next in line, applied within a transaction.
struct EventBatch: Sendable {
    /// What a transaction of batches did.
    struct Outcome: Sendable {
        var agents: [AgentRecord] = []
        var changed: [JobRecord] = []
        var logged: Set<JobID> = []
        var quarantined: [(AgentID, String)] = []
    }

    let agent: AgentID
    let events: [VerifiedEvent]
    let keyring: Keyring
    let now: Timestamp

    /// Applies what follows from the agent's history; stops at the first event that breaks the protocol.
    func apply(to store: any StoreWriter, _ outcome: inout Outcome) throws {
        var unanswered: Set<AttemptID> = []
        guard var record = try store.agent(agent), record.isTrusted else { return }
        for event in events where event.uplink.position.number == record.cursor + 1 {
            do {
                guard event.uplink.previous == record.upHead else {
                    throw Breach("event \(event.uplink.position.number) continues another history")
                }
                if let started = event.uplink.event.startedAttempt, unanswered.contains(started) {
                    throw Breach("attempt '\(started)' was started before its claim was answered")
                }
                let changed = try apply(event.uplink.event, &record, store)
                outcome.changed += changed
                if case .claimed(let attempt) = event.uplink.event, !changed.isEmpty {
                    unanswered.insert(attempt)
                }
                if case .log(let attempt, _) = event.uplink.event { outcome.logged.insert(attempt.job) }
            } catch let breach as Breach {
                try quarantine(&record, breach.description, store, &outcome)
                break
            } catch let illegal as IllegalTransition {
                try quarantine(&record, illegal.description, store, &outcome)
                break
            }
            record.cursor = event.uplink.position.number
            record.upHead = ChainHead(after: event.payload)
            record.session = event.uplink.session
        }
        try store.save(record)
        outcome.agents.append(record)
    }

    struct Breach: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private func quarantine(
        _ record: inout AgentRecord, _ why: String, _ store: any StoreWriter, _ outcome: inout Outcome
    ) throws {
        outcome.quarantined.append((agent, why))
        try store.quarantine(
            &record, why, actor: "agent:\(agent)", action: "agent.protocol_violation",
            detail: ["violation": why],
            at: now)
    }

    /// - Returns: jobs that the event changed.
    private func apply(
        _ event: AgentEvent, _ record: inout AgentRecord, _ store: any StoreWriter
    ) throws -> [JobRecord] {
        if case .inventory(let summaries, let live) = event {
            let recovery = Recovery(
                agent: agent, keyring: keyring, isRecovering: record.recoveringSince != nil, now: now)
            let changed = try recovery.take(summaries, into: store)
            if let live { try recovery.finish(&record, store, live: live) }
            return changed
        }
        guard let attempt = event.attempt else { return [] }
        let known = try store.job(attempt.job)
        // What goes on there under an order that this panel does not know for its own was told with the others.
        if known == nil, record.epoch > 1 { return [] }
        guard let job = known, job.agent == agent else {
            throw Breach("event for a job that is not this agent's: '\(attempt)'")
        }
        guard let change = event.jobEvent else {
            if case .log(let attempt, let records) = event {
                try append(records, to: attempt, of: job, store)
            }
            return []
        }
        switch try store.apply(change, to: job, actor: "agent:\(agent)", at: now) {
        case .changed(let next): return [next]
        case .late: return []
        }
    }

    private func append(
        _ records: [LogRecord], to attempt: AttemptID, of job: JobRecord, _ store: any StoreWriter
    ) throws {
        guard job.attempt.id == attempt else { return }
        switch (job.state.isFinal, job.attempt.phase) {
        case (false, .began), (false, .claimed): break
        // What becomes of a job that was given up is still worth knowing.
        case (true, _) where job.reason == .abandoned && job.attempt.claimedAt != nil: break
        case (true, _), (false, .ended): return
        default: throw Breach("log of attempt '\(attempt)', which has not begun")
        }
        let extent = try store.logExtent(of: attempt)
        let last = extent.records
        // In a new epoch an agent tells an attempt's output from its beginning; what is here already is the same.
        let news = records.filter { $0.number > last }
        guard records.first?.number ?? 0 <= last + 1,
            news.map(\.number) == Array(last + 1..<last + 1 + news.count)
        else {
            throw Breach("log records of attempt '\(attempt)' do not follow record \(last)")
        }
        // Of those no bound on bytes would bound the number; an agent writes none.
        guard news.allSatisfy({ !$0.bytes.isEmpty }) else {
            throw Breach("log of attempt '\(attempt)' has a record without bytes")
        }
        guard extent.bytes + news.reduce(0, { $0 + $1.bytes.count }) <= LogExtent.maximumBytes else {
            throw Breach("log of attempt '\(attempt)' is larger than any agent keeps")
        }
        try store.append(news, to: attempt)
    }
}

extension AgentEvent {
    /// The attempt that only an agent with a permit can tell this of, or nil: a claim is answered once its
    /// transaction is on the disk.
    fileprivate var startedAttempt: AttemptID? {
        switch self {
        case .began(let attempt, _), .log(let attempt, _), .ended(let attempt, _): attempt
        case .claimed, .refused, .withdrawn, .inventory: nil
        }
    }

    /// What the event means for the job; nil for output.
    var jobEvent: JobEvent? {
        switch self {
        case .claimed(let attempt): .claimed(attempt: attempt.number)
        case .began(let attempt, let moment): .began(attempt: attempt.number, at: moment)
        case .log: nil
        case .ended(let attempt, let result): .finished(attempt: attempt.number, result)
        case .refused(let attempt, let refusal): .refused(attempt: attempt.number, refusal)
        case .withdrawn(let attempt): .withdrawn(attempt: attempt.number)
        case .inventory: nil
        }
    }
}

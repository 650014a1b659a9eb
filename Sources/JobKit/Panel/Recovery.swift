// A panel that was restored from a backup, and what agents tell it of the time since.

/// What a record knows that is replaced by its backup, and the backup may not: what people decided since.
package struct LaterDecisions: Sendable {
    /// Agents as they stand.
    package var agents: [AgentRecord] = []
    /// Jobs that were called off or given up, as they stand.
    package var jobs: [JobRecord] = []

    /// No decisions.
    package init(agents: [AgentRecord] = [], jobs: [JobRecord] = []) {
        self.agents = agents
        self.jobs = jobs
    }
}

extension StoreWriter {
    /// Begins a new epoch with every agent: call it once, on a record that was put back.
    ///
    /// Nothing that was sent before counts any more. Jobs wait until their agent has told what became of them.
    ///
    /// - Parameters:
    ///   - moment: the time, which names the epochs.
    ///   - decisions: what the record that is replaced says of these since the backup stands.
    /// - Returns: how many agents there are.
    package func beginNewEpochs(
        at moment: Timestamp, knowing decisions: LaterDecisions = LaterDecisions()
    ) throws -> Int {
        try noteRestoration(at: moment)
        for other in decisions.agents {
            let known = try agent(other.id)
            var agent = known ?? other
            agent.takeOver(restrictionsOf: other)
            try save(agent)
            // Whoever has the later key may have another journal, and cannot tell what ran before.
            if let known, known.keyGeneration < other.keyGeneration {
                try giveUpOpenJobs(of: agent.id, actor: "panel", at: moment)
            }
        }
        let agents = try agents()
        for var agent in agents {
            try removeOutbox(of: agent.id, through: .max)
            agent.beginEpoch(at: moment)
            agent.recoveringSince = moment
            try save(agent)
            if agent.revokedAt != nil { try giveUpOpenJobs(of: agent.id, actor: "panel", at: moment) }
        }
        for job in decisions.jobs { try callOff(job, at: moment) }
        try record(
            AuditDraft(
                at: moment, actor: "panel", action: "panel.restored", detail: ["agents": String(agents.count)]
            ))
        return agents.count
    }

    /// Calls a job off, or gives it up, as it was since the backup; where it had begun in between its agent tells how it
    /// went.
    private func callOff(_ later: JobRecord, at moment: Timestamp) throws {
        guard let job = try job(later.id), !job.state.isFinal, job.cancelRequestedAt == nil else { return }
        let hadNotBegun = later.reason == .beforeStart || later.reason == .betweenAttempts
        if later.reason == .abandoned {
            _ = try apply(.abandoned(later.detail ?? ""), to: job, actor: "panel", at: moment)
        } else if job.state == .running || hadNotBegun && later.attempt.id == job.attempt.id {
            _ = try apply(.cancelRequested, to: job, actor: "panel", at: moment)
        }
    }

    /// Gives up what a revoked agent was given and may not have begun, where it has not told what it did: whoever comes
    /// back under its name cannot be asked.
    func giveUpOpenJobs(of agent: AgentID, actor: String, at moment: Timestamp) throws {
        for state in [JobState.queued, .waiting, .running] {
            for job in try jobs(JobQuery(agent: agent, state: state, limit: .max))
            where state != .running || job.attempt.phase == .claimed {
                let why = "its agent was revoked before it told this restored panel whether it ran"
                _ = try apply(.abandoned(why), to: job, actor: actor, at: moment)
            }
        }
    }

    /// Offers a job's current attempt to its agent; to one that is still to tell what it did, later.
    func offer(_ job: JobRecord, keyring: Keyring, at moment: Timestamp) throws {
        guard try agent(job.agent)?.recoveringSince == nil else { return }
        try post(.job(job.order(at: moment)), to: job.agent, keyring: keyring)
    }
}

/// Takes in what an agent tells of its own past.
struct Recovery {
    /// Jobs that a panel learns of an agent in one epoch at most: an honest one keeps no more than half as many.
    static let maximumLearnt = 100_000

    let agent: AgentID
    let epoch: Int
    /// Whether this panel has asked for it; of jobs that it does not know it hears then alone.
    let isRecovering: Bool
    let now: Timestamp

    /// Brings jobs to where their agent saw them last; attempts of one job follow one another.
    ///
    /// - Returns: the jobs that this changed, one for each attempt that did.
    func take(_ summaries: [AttemptSummary], into store: any StoreWriter) throws -> [JobRecord] {
        try summaries.indices.compactMap { index in
            let job = summaries[index].order.attempt.job
            let isLast = index + 1 == summaries.count || summaries[index + 1].order.attempt.job != job
            return try take(summaries[index], isLast: isLast, into: store)
        }
    }

    /// - Parameter isLast: whether it is the job's last attempt. Of an earlier one nothing is learnt: whether the
    ///   job is tried again after a failure is the manifest's word, which went with the job.
    private func take(
        _ summary: AttemptSummary, isLast: Bool, into store: any StoreWriter
    ) throws -> JobRecord? {
        let attempt = summary.order.attempt
        guard let known = try store.job(attempt.job) ?? (isLast ? learn(summary.order, in: store) : nil)
        else {
            return nil
        }
        guard known.agent == agent else {
            throw EventBatch.Breach("inventory of a job that is not this agent's: '\(attempt)'")
        }
        var job = known
        for event in events(of: summary, after: job) {
            guard !job.state.isFinal,
                case .changed(let next) = try store.apply(event, to: job, actor: "agent:\(agent)", at: now)
            else { break }
            job = next
        }
        return job == known ? nil : job
    }

    /// Ends what an agent tells of its past: what waits and was not told of never began, and is offered now; what is
    /// to be called off is called off again, for the word of it went with the last epoch.
    ///
    /// - Parameter live: attempts that the agent has under way.
    func finish(
        _ record: inout AgentRecord, _ keyring: Keyring, _ store: any StoreWriter, live: [AttemptID]
    ) throws {
        record.recoveringSince = nil
        try store.save(record)
        if isRecovering { try offerWhatNeverBegan(keyring, store, live: live) }
        try callOff(keyring, store, live: live)
        // Posting has moved the record on.
        if let posted = try store.agent(agent) { record = posted }
    }

    private func offerWhatNeverBegan(
        _ keyring: Keyring, _ store: any StoreWriter, live: [AttemptID]
    ) throws {
        let queued = try store.jobs(JobQuery(agent: agent, state: .queued, limit: .max))
        let claimed = try store.jobs(JobQuery(agent: agent, state: .running, limit: .max)).filter {
            $0.attempt.phase == .claimed && !live.contains($0.attempt.id)
        }
        let places = (queued + claimed).sorted { left, right in
            (left.attempt.offeredAt, left.id.description) < (right.attempt.offeredAt, right.id.description)
        }
        for job in places { try store.offer(job, keyring: keyring, at: now) }
        try store.record(
            AuditDraft(
                at: now, actor: "agent:\(agent)", action: "agent.recovered", agent: agent,
                detail: ["offered": String(places.count)]))
    }

    /// A job that was given up may have a script that runs.
    private func callOff(_ keyring: Keyring, _ store: any StoreWriter, live: [AttemptID]) throws {
        let open = try store.jobs(JobQuery(agent: agent, state: .running, limit: .max))
            .filter { $0.cancelRequestedAt != nil }
        let given = try Set(live.map(\.job)).compactMap { try store.job($0) }
            .filter { $0.agent == agent && $0.reason == .abandoned }
        for job in open + given {
            try store.post(.cancel(job.id, actor: "panel"), to: agent, keyring: keyring)
        }
    }

    /// A job that was accepted after the backup was made: known by the agent alone.
    private func learn(_ order: JobOrder, in store: any StoreWriter) throws -> JobRecord? {
        guard isRecovering else { return nil }
        guard try store.next("learnt:\(agent):\(epoch)") <= Self.maximumLearnt else {
            throw EventBatch.Breach("inventory of more than \(Self.maximumLearnt) jobs that nobody knows")
        }
        let isTaken = try order.request.map { try store.job(of: order.actor, under: $0.key) != nil } ?? false
        let first = JobRecord(
            id: order.attempt.job, agent: agent,
            application: ApplicationStamp(
                id: order.application, revision: order.revision, contentDigest: order.contentDigest,
                script: order.script),
            action: order.action, inputs: order.inputs, sealed: order.sealed, actor: order.actor,
            createdAt: order.issuedAt, expiresAt: order.expiresAt,
            terms: JobTerms(
                timeoutSeconds: order.timeoutSeconds, graceSeconds: order.graceSeconds, isIdempotent: false),
            request: isTaken ? nil : order.request, isRecoveredFromAgent: true)
        let job = first.offered(order.attempt, at: order.issuedAt)
        try store.insert(job)
        try store.record(
            AuditDraft(
                at: now, actor: "agent:\(agent)", action: "job.recovered", job: job.id, agent: agent,
                detail: job.auditDetail))
        return job
    }

    /// What has to have happened for the attempt to be where its agent says.
    private func events(of summary: AttemptSummary, after job: JobRecord) -> [JobEvent] {
        let number = summary.order.attempt.number
        var events: [JobEvent] = []
        if job.state == .waiting, number == job.attempt.id.number + 1 { events.append(.retryDue) }
        let phase = events.isEmpty ? job.attempt.phase : .offered
        switch summary.end {
        case .refused(let refusal): return events + [.refused(attempt: number, refusal)]
        case .withdrawn:
            if job.cancelRequestedAt == nil { events.append(.cancelRequested) }
            return events + [.withdrawn(attempt: number)]
        case .ended(let result):
            if phase == .offered { events.append(.claimed(attempt: number)) }
            if phase != .began, let moment = result.beganAt ?? (result.sawItsEnd ? result.endedAt : nil) {
                events.append(.began(attempt: number, at: moment))
            }
            return events + [.finished(attempt: number, result)]
        case .waiting: return []
        case nil: return phase == .offered ? events + [.claimed(attempt: number)] : events
        }
    }
}

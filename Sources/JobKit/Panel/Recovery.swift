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

    /// Calls a job off, or gives it up, as it was since the backup.
    ///
    /// Where it had begun in between its agent tells how it went. One that the backup does not know is taken over as it
    /// stood.
    private func callOff(_ later: JobRecord, at moment: Timestamp) throws {
        guard let job = try job(later.id) else { return try takeOver(later, at: moment) }
        guard !job.state.isFinal, job.cancelRequestedAt == nil else { return }
        var next = job
        func take(_ event: JobEvent) throws {
            guard case .changed(let changed) = try apply(event, to: next, actor: "panel", at: moment) else {
                return
            }
            next = changed
        }
        if later.reason == .abandoned { return try take(.abandoned(later.detail ?? "")) }
        let (attempt, wanted) = (job.attempt.id.number, later.attempt.id.number)
        if job.state == .waiting, wanted == attempt + 1 { try take(.retryDue) }
        if next.state == .queued, later.state == .running, next.attempt.id == later.attempt.id {
            try take(.claimed(attempt: wanted))
        }
        let hadNotBegun = later.reason == .beforeStart || later.reason == .betweenAttempts
        if next.state == .running || hadNotBegun && later.attempt.id == next.attempt.id {
            try take(.cancelRequested)
        }
    }

    private func takeOver(_ later: JobRecord, at moment: Timestamp) throws {
        var job = later
        if let first = job.rerunOf, try self.job(first) == nil { job.rerunOf = nil }
        if let key = job.request?.key, try self.job(of: job.actor, under: key) != nil { job.request = nil }
        try insert(job)
        var detail = job.auditDetail
        detail["state"] = job.state.rawValue
        detail["from"] = "the record that was replaced"
        try record(
            AuditDraft(
                at: moment, actor: job.actor, action: "job.accepted", job: job.id, agent: job.agent,
                detail: detail))
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
        try post(.job(job.order(at: moment, vouchedBy: keyring)), to: job.agent, keyring: keyring)
    }
}

/// Takes in what an agent tells of its own past.
struct Recovery {
    let agent: AgentID
    let keyring: Keyring
    /// Whether this panel has asked for it; of jobs that it does not know it hears then alone.
    let isRecovering: Bool
    let now: Timestamp

    /// Parts of an inventory in one epoch of which it is written down that they name orders nobody knows.
    private static let partsWithStrangers = 100

    /// Brings jobs to where their agent saw them last; attempts of one job follow one another.
    ///
    /// - Returns: the jobs that this changed, one for each attempt that did.
    func take(_ summaries: [AttemptSummary], into store: any StoreWriter) throws -> [JobRecord] {
        var changed: [JobRecord] = []
        var strangers = 0
        for (index, summary) in summaries.enumerated() {
            let attempt = summary.order.attempt
            if let known = try store.job(attempt.job) {
                guard known.agent == agent else {
                    throw EventBatch.Breach("inventory of a job that is not this agent's: '\(attempt)'")
                }
                let job = try bring(known, to: summary, in: store)
                if job != known { changed.append(job) }
            } else if isRecovering, summaries.isLastOfItsJob(index) {
                // Of an earlier attempt nothing is learnt: whether a job is tried again after a failure is the manifest's
                // word, which went with the job.
                if let known = keyring.opened(summary.order, of: agent) {
                    let job = try learn(summary.order, known.request, in: store)
                    changed.append(try bring(job, to: summary, in: store))
                } else {
                    strangers += 1
                }
            }
        }
        if strangers > 0, let epoch = try store.agent(agent)?.epoch {
            try store.record(
                AuditDraft(
                    at: now, actor: "agent:\(agent)", action: "agent.unknown_orders", agent: agent,
                    detail: ["orders": String(strangers)]),
                of: "strangers \(agent) \(epoch)", atMost: Self.partsWithStrangers)
        }
        return changed
    }

    /// Brings a job to where its agent saw the attempt last.
    private func bring(
        _ known: JobRecord, to summary: AttemptSummary, in store: any StoreWriter
    ) throws -> JobRecord {
        let number = summary.order.attempt.number
        var job = known
        // Nobody tells of what is between: its line was lost, and with it how it ended.
        while job.attempt.id.number < number, !job.state.isFinal {
            switch job.state {
            case .waiting: job = try after(.retryDue, job, store)
            case .queued: job = try after(.claimed(attempt: job.attempt.id.number), job, store)
            default:
                let lost = AttemptResult(ending: .interrupted(.stateLost), beganAt: nil, endedAt: now)
                job = try after(.finished(attempt: job.attempt.id.number, lost), job, store)
            }
        }
        for event in events(of: summary, after: job) {
            guard !job.state.isFinal, case let next = try after(event, job, store), next != job else { break }
            job = next
        }
        return job
    }

    /// The job after an event; as it is where the event comes late.
    private func after(_ event: JobEvent, _ job: JobRecord, _ store: any StoreWriter) throws -> JobRecord {
        guard case .changed(let next) = try store.apply(event, to: job, actor: "agent:\(agent)", at: now)
        else {
            return job
        }
        return next
    }

    /// Ends what an agent tells of its past: what waits and was not told of never began, and is offered now; what is
    /// to be called off is called off again, for the word of it went with the last epoch.
    ///
    /// That is told once in an epoch; an agent that goes on telling it gets no messages for it.
    ///
    /// - Parameter live: attempts that the agent has under way.
    func finish(
        _ record: inout AgentRecord, _ store: any StoreWriter, live: [AttemptID]
    ) throws {
        guard try store.next("inventory \(agent) \(record.epoch)") == 1 else { return }
        record.recoveringSince = nil
        try store.save(record)
        if isRecovering { try offerWhatNeverBegan(store, live: live) }
        try callOff(store, live: live)
        // Posting has moved the record on.
        if let posted = try store.agent(agent) { record = posted }
    }

    private func offerWhatNeverBegan(_ store: any StoreWriter, live: [AttemptID]) throws {
        let queued = try store.jobs(JobQuery(agent: agent, state: .queued, limit: .max))
        let claimed = try store.jobs(JobQuery(agent: agent, state: .running, limit: .max)).filter {
            $0.attempt.phase == .claimed && !live.contains($0.attempt.id)
        }
        let twins = try queued.filter { try isTwin($0, in: store) }
        for job in twins { _ = try store.apply(.cancelRequested, to: job, actor: "panel", at: now) }
        let places = (queued + claimed).filter { !twins.contains($0) }.sorted { left, right in
            (left.attempt.offeredAt, left.id.description) < (right.attempt.offeredAt, right.id.description)
        }
        for job in places { try store.offer(job, keyring: keyring, at: now) }
        try store.record(
            AuditDraft(
                at: now, actor: "agent:\(agent)", action: "agent.recovered", agent: agent,
                detail: ["offered": String(places.count)]))
    }

    /// Whether a job is the second one of its request: a record that was put back by hand did not know the first.
    private func isTwin(_ job: JobRecord, in store: any StoreWriter) throws -> Bool {
        guard !job.isRecoveredFromAgent, let request = job.request,
            let told = try store.job(of: job.actor, under: request.key), told.isRecoveredFromAgent,
            told.agent == agent
        else { return false }
        return true
    }

    /// A job that was given up may have a script that runs.
    private func callOff(_ store: any StoreWriter, live: [AttemptID]) throws {
        let open = try store.jobs(JobQuery(agent: agent, state: .running, limit: .max))
            .filter { $0.cancelRequestedAt != nil }
        let given = try Set(live.map(\.job)).compactMap { try store.job($0) }
            .filter { $0.agent == agent && $0.reason == .abandoned }
        for job in open + given {
            try store.post(.cancel(job.id, actor: "panel"), to: agent, keyring: keyring)
        }
    }

    /// A job that was accepted after the backup was made: known by the agent alone.
    private func learn(
        _ order: JobOrder, _ request: RequestStamp?, in store: any StoreWriter
    ) throws -> JobRecord {
        let first = JobRecord(
            id: order.attempt.job, agent: agent,
            application: ApplicationStamp(
                id: order.application, revision: order.revision, contentDigest: order.contentDigest,
                script: order.script),
            action: order.action, inputs: order.inputs, sealed: order.sealed, actor: order.actor,
            createdAt: order.issuedAt, expiresAt: order.expiresAt,
            terms: JobTerms(
                timeoutSeconds: order.timeoutSeconds, graceSeconds: order.graceSeconds, isIdempotent: false),
            request: request, isRecoveredFromAgent: true)
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
        let phase = job.attempt.phase
        switch summary.end {
        case .refused(let refusal): return [.refused(attempt: number, refusal)]
        case .withdrawn:
            return (job.cancelRequestedAt == nil ? [.cancelRequested] : []) + [.withdrawn(attempt: number)]
        case .ended(let result):
            var events: [JobEvent] = []
            if phase == .offered { events.append(.claimed(attempt: number)) }
            if phase != .began, let moment = result.beganAt ?? (result.sawItsEnd ? result.endedAt : nil) {
                events.append(.began(attempt: number, at: moment))
            }
            return events + [.finished(attempt: number, result)]
        case .waiting: return []
        case nil: return phase == .offered ? [.claimed(attempt: number)] : []
        }
    }
}

extension StoreWriter {
    /// Commits a message to an agent: numbered, chained, signed, kept until the agent has it.
    func post(_ content: Downlink.Content, to id: AgentID, keyring: Keyring) throws {
        guard var agent = try agent(id) else { throw UnknownAgent(id: id) }
        let position = StreamPosition(epoch: agent.epoch, number: agent.lastSent + 1)
        let envelope = try envelope(content, at: position, to: agent, keyring)
        try append(OutboxEntry(agent: id, position: position, envelope: envelope.bytes))
        agent.lastSent = position.number
        agent.downHead = ChainHead(after: envelope.payload)
        try save(agent)
    }

    /// Makes sure that a job can be offered now and at any time: numbers and moments of a later offer may take more room.
    func checkSize(of job: JobRecord, keyring: Keyring) throws {
        guard let agent = try agent(job.agent) else { throw UnknownAgent(id: job.agent) }
        var order = try job.order(at: job.createdAt, vouchedBy: keyring)
        order.attempt = AttemptID(job: job.id, number: .max)
        _ = try envelope(.job(order), at: StreamPosition(epoch: .max, number: .max), to: agent, keyring)
    }

    private func envelope(
        _ content: Downlink.Content, at position: StreamPosition, to agent: AgentRecord, _ keyring: Keyring
    ) throws -> SignedEnvelope {
        let message = Downlink(
            audience: agent.id, position: position, previous: agent.downHead, content: content)
        let envelope = message.signed(with: keyring.signing(agent))
        // The agent would refuse it, and everything behind it for ever.
        guard envelope.bytes.count <= SignedEnvelope.maximumDown else {
            throw OversizedMessage(count: envelope.bytes.count)
        }
        return envelope
    }

    /// Writes what an event made of a job, and its line in the audit trail.
    func apply(_ event: JobEvent, to job: JobRecord, actor: String, at now: Timestamp) throws -> JobTransition
    {
        let transition = try job.applying(event, at: now)
        switch transition {
        case .changed(let next):
            try update(next, from: job)
            if next.state == .succeeded {
                try dropSealed(application: next.application.id, on: next.agent, except: next.id)
            }
            var detail = ["state": next.state.rawValue, "attempt": String(next.attempt.id.number)]
            detail["reason"] = next.reason?.rawValue
            detail["exit_code"] = next.exitCode.map { String($0) }
            try record(
                AuditDraft(
                    at: now, actor: actor, action: "job.\(event.name)", job: job.id, agent: job.agent,
                    detail: detail))
        case .late:
            let line = AuditDraft(
                at: now, actor: actor, action: "job.late", job: job.id, agent: job.agent,
                detail: ["event": event.name, "state": job.state.rawValue])
            if let attempt = event.attempt {
                // An agent may name any.
                let known = min(max(attempt, 1), job.attempt.id.number)
                try record(line, of: "late \(job.id) \(known) \(event.name)")
            } else {
                try record(line)
            }
        }
        return transition
    }

    /// Writes a line that an agent can bring about without end, and that nobody can delete: so often at most.
    ///
    /// - Parameters:
    ///   - draft: the line.
    ///   - name: what it is counted as.
    ///   - limit: how often it is written.
    func record(_ draft: AuditDraft, of name: String, atMost limit: Int = 1) throws {
        guard try next(name) <= limit else { return }
        try record(draft)
    }
}

/// A message was to be posted that is larger than an agent takes.
struct OversizedMessage: Error, Hashable {
    /// The bytes it has.
    let count: Int
}

/// A message was to be posted to an agent that the panel does not know.
struct UnknownAgent: Error, Hashable {
    let id: AgentID
}

extension JobRecord {
    /// The order for the current attempt; a retry may start within a day of being due.
    func order(at now: Timestamp, vouchedBy keyring: Keyring) throws -> JobOrder {
        let expiry = attempt.id.number == 1 ? expiresAt : now.advanced(bySeconds: 24 * 3600)
        var order = JobOrder(
            attempt: attempt.id, application: application.id, revision: application.revision,
            contentDigest: application.contentDigest, action: action, script: application.script,
            inputs: inputs,
            sealed: sealed, actor: actor, issuedAt: now, expiresAt: expiry,
            timeoutSeconds: terms.timeoutSeconds, graceSeconds: terms.graceSeconds)
        order.voucher = try keyring.voucher.make(for: order, of: agent, request)
        return order
    }
}

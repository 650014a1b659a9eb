/// What an operator decides about a server: whether anything starts there, and whether its agent is trusted.
public struct ServerDesk: Sendable {
    private let store: any JobStore
    private let now: @Sendable () -> Timestamp
    private let onChanged: @Sendable (AgentRecord) async -> Void

    /// A desk with all its parts.
    ///
    /// - Parameters:
    ///   - store: where the agents' records are.
    ///   - now: reads the panel's clock.
    ///   - onChanged: told an agent's new record after each commit, to acknowledge it without delay.
    public init(
        store: any JobStore, now: @escaping @Sendable () -> Timestamp,
        onChanged: @escaping @Sendable (AgentRecord) async -> Void
    ) {
        self.store = store
        self.now = now
        self.onChanged = onChanged
    }

    /// Keeps the server from starting anything; its jobs wait, and a script that runs goes on.
    ///
    /// What the agent was permitted to start before it hears of this still starts.
    ///
    /// - Parameters:
    ///   - agent: the server's agent.
    ///   - note: why, for others to read; nil keeps the note of a server that is paused.
    ///   - actor: who decides it, as the audit trail names them.
    /// - Returns: the agent's record, or nil where there is none.
    public func pause(_ agent: AgentID, note: String?, actor: String) async throws -> AgentRecord? {
        try await change(agent, "agent.paused", actor, detail: note.map { ["note": $0] } ?? [:]) {
            record, moment in
            record.pause = AgentRecord.Pause(at: record.pause?.at ?? moment, note: note ?? record.pause?.note)
        }
    }

    /// Lets the server start again what waits.
    ///
    /// - Returns: the agent's record, or nil where there is none.
    public func resume(_ agent: AgentID, actor: String) async throws -> AgentRecord? {
        try await change(agent, "agent.resumed", actor) { record, _ in record.pause = nil }
    }

    /// Believes an agent again that was quarantined; whoever calls this has seen to the cause.
    ///
    /// - Returns: the agent's record, or nil where there is none.
    public func release(_ agent: AgentID, actor: String) async throws -> AgentRecord? {
        try await change(agent, "agent.released", actor) { record, _ in record.quarantined = nil }
    }

    /// Ends the trust in the agent's key: nothing of it is believed, nothing is sent to it, what waits is refused.
    ///
    /// A script that runs there is not reached any more; what becomes of it nobody knows, and the job stays as it is
    /// until an operator gives it up. Where a restored panel still waits for the agent's history, that goes for all its
    /// jobs, and those that are not known to have begun are given up. The server's next key is of a new generation, and
    /// with it a new history begins.
    ///
    /// - Returns: the agent's record, or nil where there is none.
    public func revoke(_ agent: AgentID, actor: String) async throws -> AgentRecord? {
        try await change(agent, "agent.revoked", actor) { record, moment in
            // Asked again, as by a client that got no answer, it takes no key away that was given meanwhile.
            guard record.revokedAt == nil else { return }
            record.revokedAt = moment
            record.keyGeneration += 1
            record.keyID = nil
            record.quarantined = nil
            record.beginEpoch(at: moment)
        } then: { record, store, moment in
            try store.removeOutbox(of: agent, through: .max)
            guard record.recoveringSince == nil else {
                return try store.giveUpOpenJobs(of: agent, actor: actor, at: moment)
            }
            for state in [JobState.queued, .waiting] {
                let waiting = JobQuery(agent: agent, state: state, limit: .max)
                for job in try store.jobs(waiting) {
                    _ = try store.apply(.revoked, to: job, actor: actor, at: moment)
                }
            }
        }
    }

    private func change(
        _ agent: AgentID, _ action: String, _ actor: String, detail: [String: String] = [:],
        _ body: @escaping @Sendable (inout AgentRecord, Timestamp) -> Void,
        then rest: @escaping @Sendable (AgentRecord, any StoreWriter, Timestamp) throws -> Void = { _, _, _ in
        }
    ) async throws -> AgentRecord? {
        let moment = now()
        let record = try await store.write { store -> AgentRecord? in
            guard let record = try store.agent(agent) else { return nil }
            var next = record
            body(&next, moment)
            guard next != record else { return record }
            try store.save(next)
            try rest(next, store, moment)
            try store.record(
                AuditDraft(at: moment, actor: actor, action: action, agent: agent, detail: detail))
            return next
        }
        if let record { await onChanged(record) }
        return record
    }
}

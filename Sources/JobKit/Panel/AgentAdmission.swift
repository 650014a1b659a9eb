/// An authentic beat, and the key that proves it.
struct SignedBeat: Sendable {
    let beat: Beat
    let keyID: String

    init(verifying bytes: [UInt8], keys: [AgentKeys]) throws(EnvelopeError) {
        beat = try Beat(verifying: bytes, keys: keys)
        keyID = try SignedEnvelope(parsing: bytes, maximum: SignedEnvelope.maximumUp).keyID
    }
}

extension StoreWriter {
    /// The agent's record, made where this is its first beat, or its first one with a key given after a revocation.
    ///
    /// The record by which the beat was verified may have changed: a key revoked since brings nobody back.
    ///
    /// - Returns: the record, and whether anything changed.
    func admit(
        _ agent: AgentID, by signed: SignedBeat, isHere: Bool, keyring: Keyring, at moment: Timestamp
    ) throws -> (AgentRecord, Bool) {
        let beat = signed.beat
        let known = try self.agent(agent)
        if let known {
            let isTrusted = keyring.keys(for: known).contains { $0.id == signed.keyID }
            guard known.revokedAt != nil, isTrusted else { return (known, false) }
        }
        var record =
            known
            ?? AgentRecord(id: agent, firstSeenAt: moment, session: beat.session, facts: beat.facts)
        record.revokedAt = nil
        // It is answered under the key that it speaks under, or it cannot tell the answer.
        record.keyID = signed.keyID
        // Enrolled after the backup was made, perhaps: then it has a history that this record does not know.
        if known == nil, let restoredAt = try restoredAt() {
            record.beginEpoch(at: restoredAt)
            record.recoveringSince = moment
        }
        record.unreachableSince = isHere ? nil : moment
        try save(record)
        try self.record(
            AuditDraft(
                at: moment, actor: "agent:\(agent)",
                action: known == nil ? "agent.first_seen" : "agent.readmitted", agent: agent,
                detail: beat.facts))
        return (record, true)
    }

    /// Ends the trust in an agent until an operator has seen to the cause, with its line in the audit trail.
    ///
    /// - Parameters:
    ///   - record: the agent as it stands; saved.
    ///   - why: what its page says.
    func quarantine(
        _ record: inout AgentRecord, _ why: String, actor: String, action: String,
        detail: [String: String] = [:],
        at moment: Timestamp
    ) throws {
        record.quarantined = why
        try save(record)
        try self.record(
            AuditDraft(at: moment, actor: actor, action: action, agent: record.id, detail: detail))
    }
}

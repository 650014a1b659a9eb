import JobKit
import ManifestKit

/// An agent in its table.
enum AgentRow {
    static let key = Columns("id", "firstSeenAt")
    static let progress = Columns(
        "epoch", "lastSent", "downHead", "received", "cursor", "upHead", "session", "lastBeatAt",
        "unreachableSince", "quarantined", "pausedAt", "pauseNote", "recoveringSince", "revokedAt",
        "keyGeneration", "keyID",
        "facts")
    static let columns = key + progress

    static func values(_ agent: AgentRecord) -> Values {
        [
            agent.id.description, agent.firstSeenAt.milliseconds, agent.epoch, agent.lastSent,
            agent.downHead.description, agent.received, agent.cursor, agent.upHead.description, agent.session,
            agent.lastBeatAt.milliseconds, agent.unreachableSince?.milliseconds, agent.quarantined,
            agent.pause?.at.milliseconds, agent.pause?.note, agent.recoveringSince?.milliseconds,
            agent.revokedAt?.milliseconds,
            agent.keyGeneration, agent.keyID,
            agent.facts.canonicalJSON,
        ]
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> AgentRecord {
        var agent = AgentRecord(
            id: try row.parsed(AgentID.init(_:)), firstSeenAt: try row.time(), session: "", facts: [:])
        agent.epoch = try row.integer()
        agent.lastSent = try row.integer()
        agent.downHead = try row.parsed(ChainHead.init(_:))
        agent.received = try row.integer()
        agent.cursor = try row.integer()
        agent.upHead = try row.parsed(ChainHead.init(_:))
        agent.session = try row.text()
        agent.lastBeatAt = try row.time()
        agent.unreachableSince = try row.optionalTime()
        agent.quarantined = try row.optionalText()
        let (pausedAt, note) = (try row.optionalTime(), try row.optionalText())
        agent.pause = pausedAt.map { AgentRecord.Pause(at: $0, note: note) }
        agent.recoveringSince = try row.optionalTime()
        agent.revokedAt = try row.optionalTime()
        agent.keyGeneration = try row.integer()
        agent.keyID = try row.optionalText()
        agent.facts = try row.members(\.string)
        return agent
    }
}

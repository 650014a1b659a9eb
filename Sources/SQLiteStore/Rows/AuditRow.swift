import JobKit
import ManifestKit

/// A line of the audit trail in its table.
enum AuditRow {
    static let columns = Columns(
        "number", "at", "actor", "action", "job", "agent", "detail", "previous", "digest")

    static func values(_ entry: AuditEntry) -> Values {
        [
            entry.number, entry.draft.at.milliseconds, entry.draft.actor, entry.draft.action,
            entry.draft.job?.description, entry.draft.agent?.description, entry.draft.detail.canonicalJSON,
            entry.previous, entry.digest,
        ]
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> AuditEntry {
        let number = try row.integer()
        let draft = AuditDraft(
            at: try row.time(), actor: try row.text(), action: try row.text(),
            job: try row.optionalParsed(JobID.init(_:)), agent: try row.optionalParsed(AgentID.init(_:)),
            detail: try row.members(\.string))
        return AuditEntry(number: number, draft: draft, previous: try row.text(), digest: try row.text())
    }
}

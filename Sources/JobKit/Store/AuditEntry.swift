import ManifestKit
import OpenSSLCrypto

/// Something that happened, before it has its place in the audit trail.
public struct AuditDraft: Hashable, Sendable {
    /// When, by the panel's clock.
    public let at: Timestamp
    /// Who did it: a token's name, `agent:ID` or `panel`.
    public let actor: String
    /// What happened, such as `job.accepted`.
    public let action: String
    /// The job it is about, or nil.
    public let job: JobID?
    /// The server it is about, or nil.
    public let agent: AgentID?
    /// What else there is to know; never a secret.
    public let detail: [String: String]

    /// A draft with its parts.
    public init(
        at: Timestamp, actor: String, action: String, job: JobID? = nil, agent: AgentID? = nil,
        detail: [String: String] = [:]
    ) {
        self.at = at
        self.actor = actor
        self.action = action
        self.job = job
        self.agent = agent
        self.detail = detail
    }
}

/// A line of the audit trail: numbered, and chained to the one before by its digest.
public struct AuditEntry: Hashable, Sendable {
    /// The digest that the first line names as the one before.
    public static let genesis = Hex.encode(SHA256.digest(Array("provision-v1 audit".utf8)))

    /// 1 for the first line; no number is left out.
    public let number: Int
    /// What happened.
    public let draft: AuditDraft
    /// The digest of the line before.
    public let previous: String
    /// SHA-256 over all of the above, 64 hexadecimal digits.
    public let digest: String

    /// The line that follows `last`, or the first one.
    public init(_ draft: AuditDraft, after last: (number: Int, digest: String)?) {
        self.init(number: (last?.number ?? 0) + 1, draft: draft, previous: last?.digest ?? Self.genesis)
    }

    private init(number: Int, draft: AuditDraft, previous: String) {
        self.number = number
        self.draft = draft
        self.previous = previous
        let content: JSONValue = [
            "number": .integer(number), "at": draft.at.json, "actor": .string(draft.actor),
            "action": .string(draft.action), "job": .optional(draft.job) { .string($0.description) },
            "agent": .optional(draft.agent) { .string($0.description) },
            "detail": JSONValue(strings: draft.detail),
            "previous": .string(previous),
        ]
        digest = Hex.encode(SHA256.digest(content.canonicalBytes()))
    }

    /// A line as a store keeps it, unproven; ``firstBreak(in:after:)`` tells whether it holds.
    public init(number: Int, draft: AuditDraft, previous: String, digest: String) {
        self.number = number
        self.draft = draft
        self.previous = previous
        self.digest = digest
    }

    /// The number of the first line that does not follow from the one before, or nil where the chain holds.
    ///
    /// - Parameters:
    ///   - entries: lines in their order.
    ///   - last: the line before the first of `entries`; nil where that is line 1.
    public static func firstBreak(in entries: [AuditEntry], after last: AuditEntry? = nil) -> Int? {
        var last = last.map { (number: $0.number, digest: $0.digest) }
        for entry in entries {
            guard entry == AuditEntry(entry.draft, after: last) else { return entry.number }
            last = (entry.number, entry.digest)
        }
        return nil
    }
}

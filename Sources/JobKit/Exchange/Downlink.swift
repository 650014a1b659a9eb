import ManifestKit
import OpenSSLCrypto

/// A message from the panel to one agent: its place in the stream and what it says.
public struct Downlink: Hashable, Sendable {
    /// What the panel orders.
    public enum Content: Hashable, Sendable {
        /// Run an attempt.
        case job(JobOrder)
        /// Call a job off, whatever its attempt.
        case cancel(JobID, actor: String)
    }

    /// Format version of the payloads this code writes and understands.
    public static let version = 1

    /// The agent it is for; signed.
    public let audience: AgentID
    /// Its place in the stream; signed.
    public let position: StreamPosition
    /// The head of the chain before it; signed.
    public let previous: ChainHead
    /// What it says.
    public let content: Content

    /// A message with its parts.
    public init(audience: AgentID, position: StreamPosition, previous: ChainHead, content: Content) {
        self.audience = audience
        self.position = position
        self.previous = previous
        self.content = content
    }

    /// The message, signed; its payload is also the next link of the chain.
    public func signed(with keys: AgentKeys) -> SignedEnvelope {
        var object: JSONObject = [
            "v": .integer(Self.version), "aud": .string(audience.description),
            "epoch": .integer(position.epoch),
            "seq": .integer(position.number), "prev": .string(previous.description),
        ]
        switch content {
        case .job(let order):
            object["order"] = order.json
            return SignedEnvelope(signing: JSONValue.object(object).canonicalBytes(), kind: .job, keys: keys)
        case .cancel(let job, let actor):
            object["job"] = .string(job.description)
            object["actor"] = .string(actor)
            return SignedEnvelope(
                signing: JSONValue.object(object).canonicalBytes(), kind: .cancel, keys: keys)
        }
    }
}

extension JobOrder {
    var json: JSONValue {
        [
            "job": .string(attempt.job.description), "attempt": .integer(attempt.number),
            "app": .string(application), "revision": .integer(revision),
            "content_digest": .string(contentDigest),
            "action": .string(action), "script": .string(script), "inputs": JSONValue(strings: inputs),
            "sealed": JSONValue(strings: sealed.mapValues { Base64URL.encode($0.bytes) }),
            "actor": .string(actor), "voucher": .string(Base64URL.encode(voucher)),
            "issued_at": issuedAt.json,
            "expires_at": expiresAt.json,
            "timeout_s": .integer(timeoutSeconds), "grace_s": .integer(graceSeconds),
        ]
    }

    init(json: JSONValue?) throws(MemberReader.Failure) {
        var reader = try MemberReader(json)
        var sealed: [String: SealedInput] = [:]
        for (name, text) in try reader.strings("sealed") {
            guard let bytes = Base64URL.decode(text) else {
                throw .init(member: "sealed", wanted: "base64url")
            }
            sealed[name] = SealedInput(bytes: bytes)
        }
        self.init(
            attempt: AttemptID(
                job: try reader.parsed("job", "a job's id", JobID.init),
                number: try reader.integer("attempt", in: 1...1_000_000)),
            application: try reader.string("app"), revision: try reader.integer("revision"),
            contentDigest: try reader.string("content_digest"), action: try reader.string("action"),
            script: try reader.string("script"), inputs: try reader.strings("inputs"), sealed: sealed,
            actor: try reader.string("actor"),
            voucher: try reader.optional("voucher") { reader, name throws(MemberReader.Failure) in
                try reader.parsed(name, "base64url", Base64URL.decode)
            } ?? [],
            issuedAt: try reader.time("issued_at"),
            expiresAt: try reader.time("expires_at"),
            timeoutSeconds: try reader.integer("timeout_s", in: Int.min...Int.max),
            graceSeconds: try reader.integer("grace_s", in: Int.min...Int.max))
        try reader.finish()
    }
}

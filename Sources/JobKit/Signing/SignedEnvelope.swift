import ManifestKit
import OpenSSLCrypto

/// Parts put one behind the other so that no two lists of parts give the same bytes.
enum PreAuthenticationEncoding {
    /// The count, then each part behind its length, as decimal text and a space (DSSE's PAE).
    static func encode(_ parts: [[UInt8]]) -> [UInt8] {
        var bytes = Array("PROVISION1 \(parts.count)".utf8)
        for part in parts {
            bytes.append(contentsOf: " \(part.count) ".utf8)
            bytes.append(contentsOf: part)
        }
        return bytes
    }
}

/// What a message is; part of what is signed, so that none passes for another.
public enum MessageKind: String, Hashable, Sendable, CaseIterable {
    /// Down: run an attempt.
    case job
    /// Down: call a job off.
    case cancel
    /// Up: an agent's event.
    case event
    /// Panel's word on how far it has taken events in.
    case acknowledgement = "ack"
    /// Agent's sign of life.
    case beat
}

/// A payload with its kind and its tag: `{k: key id, m: tag, p: payload, t: kind}`.
///
/// The exact bytes of the payload are signed and later parsed, never an
/// encoding made anew. Source: DSSE, with HMAC-SHA256 in place of signatures.
public struct SignedEnvelope: Hashable, Sendable {
    /// Bytes an envelope to an agent has at most.
    public static let maximumDown = 256 * 1024
    /// Bytes an envelope from an agent has at most.
    public static let maximumUp = 64 * 1024

    /// What the payload is.
    public let kind: MessageKind
    /// The key it claims to be signed with.
    public let keyID: String
    /// The exact bytes that are signed.
    public let payload: [UInt8]
    /// HMAC-SHA256 over kind and payload.
    public let tag: [UInt8]

    /// Signs a payload.
    init(signing payload: [UInt8], kind: MessageKind, keys: AgentKeys) {
        self.kind = kind
        keyID = keys.id
        self.payload = payload
        tag = HMACSHA256.tag(for: Self.signed(kind, payload), key: Self.key(for: kind, of: keys))
    }

    /// The envelope as it travels.
    public var bytes: [UInt8] {
        JSONValue.object([
            "k": .string(keyID), "m": .string(Base64URL.encode(tag)), "p": .string(Base64URL.encode(payload)),
            "t": .string(kind.rawValue),
        ]).canonicalBytes()
    }

    /// Takes an envelope apart; says nothing about its truth.
    public init(parsing bytes: [UInt8], maximum: Int) throws(EnvelopeError) {
        guard bytes.count <= maximum else { throw .tooLarge }
        guard let members = try? JSONValue(parsing: bytes, depth: 1).object,
            members.names.sorted() == ["k", "m", "p", "t"],
            let keyID = members["k"]?.string, let kind = members["t"]?.string, Self.isComparable(keyID),
            Self.isComparable(kind), let kind = MessageKind(rawValue: kind),
            let payload = members["p"]?.string.flatMap(Base64URL.decode),
            let tag = members["m"]?.string.flatMap(Base64URL.decode), tag.count == SHA256.byteCount
        else { throw .malformed }
        self.kind = kind
        self.keyID = keyID
        self.payload = payload
        self.tag = tag
    }

    /// Nobody has vouched for the text yet, and Swift takes its time to compare thousands of marks on one letter.
    private static func isComparable(_ text: String) -> Bool { text.utf8.count <= 64 }

    /// The payload, if one of the kinds was signed with one of the keys.
    func verified(as kinds: Set<MessageKind>, keys: [AgentKeys]) throws(EnvelopeError) -> [UInt8] {
        guard kinds.contains(kind) else { throw .wrongKind }
        guard let key = keys.first(where: { $0.id == keyID }) else { throw .unknownKey }
        guard HMACSHA256.isValid(tag, for: Self.signed(kind, payload), key: Self.key(for: kind, of: key))
        else {
            throw .signatureInvalid
        }
        return payload
    }

    private static func signed(_ kind: MessageKind, _ payload: [UInt8]) -> [UInt8] {
        PreAuthenticationEncoding.encode([Array(kind.rawValue.utf8), payload])
    }

    private static func key(for kind: MessageKind, of keys: AgentKeys) -> [UInt8] {
        switch kind {
        case .job, .cancel: keys.down
        case .event: keys.up
        case .acknowledgement: keys.acknowledgement
        case .beat: keys.beat
        }
    }
}

/// Why bytes from the wire are not an authentic message of the expected kind.
public enum EnvelopeError: String, Error, Hashable, Sendable, CaseIterable {
    /// Larger than a message may be.
    case tooLarge = "too_large"
    /// Not the JSON of an envelope, or a member missing, unknown or repeated.
    case malformed
    /// A kind that does not travel this way.
    case wrongKind = "wrong_kind"
    /// Signed with a key that is not trusted for this agent.
    case unknownKey = "unknown_key"
    /// The tag does not fit kind and payload.
    case signatureInvalid = "signature_invalid"
    /// Authentic, but the payload is not what its kind promises.
    case payloadInvalid = "payload_invalid"
    /// Addressed to another agent.
    case wrongAudience = "wrong_audience"
    /// An epoch that is over.
    case oldEpoch = "old_epoch"
    /// Taken in before, and now there again under another number.
    case replayed
    /// Not looked at any more, or not in whole: agents died of it.
    case poison
}

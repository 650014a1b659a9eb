import ManifestKit
import OpenSSLCrypto

/// The panel's own mark on an order, by which it knows the order again when an agent tells of it.
///
/// AES-256-GCM under a key that no agent has. The associated data is the agent and the order but its answers, so
/// that no agent can tell of a job that it was not given; sealed is the request that it was, which neither the wire
/// nor the server has to know.
struct OrderVoucher {
    /// What was found under a mark.
    struct Opened {
        /// The client's key and what was asked under it; nil where it gave none.
        let request: RequestStamp?
    }

    private static let nonceCount = 12
    private let key: [UInt8]

    init(key: [UInt8]) { self.key = key }

    /// The mark of an order.
    ///
    /// Made again it is the same: the nonce is made of what is sealed and what is bound.
    func make(for order: JobOrder, of agent: AgentID, _ request: RequestStamp?) throws(CryptoError) -> [UInt8]
    {
        let text = (request?.json ?? .null).canonicalBytes()
        let binding = Self.binding(order, agent)
        let tag = HMACSHA256.tag(for: PreAuthenticationEncoding.encode([binding, text]), key: key)
        let nonce = Array(tag.prefix(Self.nonceCount))
        return nonce + (try AESGCM.seal(text, key: key, nonce: nonce, associatedData: binding))
    }

    /// What an order says that this panel gave the agent; nil where it did not.
    func open(_ order: JobOrder, of agent: AgentID) -> Opened? {
        let nonce = Array(order.voucher.prefix(Self.nonceCount))
        guard
            let text = try? AESGCM.open(
                Array(order.voucher.dropFirst(Self.nonceCount)), key: key, nonce: nonce,
                associatedData: Self.binding(order, agent)),
            let json = try? JSONValue(parsing: text)
        else { return nil }
        return Opened(request: try? RequestStamp(json))
    }

    private static func binding(_ order: JobOrder, _ agent: AgentID) -> [UInt8] {
        var bound = order
        (bound.inputs, bound.sealed, bound.voucher) = ([:], [:], [])
        return PreAuthenticationEncoding.encode([Array(agent.description.utf8), bound.json.canonicalBytes()])
    }
}

extension RequestStamp {
    fileprivate var json: JSONValue { ["key": .string(key), "digest": .string(digest)] }

    fileprivate init(_ json: JSONValue) throws(MemberReader.Failure) {
        var reader = try MemberReader(json)
        self.init(key: try reader.string("key"), digest: try reader.string("digest"))
    }
}

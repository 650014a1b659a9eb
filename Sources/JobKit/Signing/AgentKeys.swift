import OpenSSLCrypto

/// The panel's root secret, from which every agent's key is derived.
public struct RootKey: Sendable {
    /// Bytes a root secret has at least.
    public static let minimumCount = 32

    private let bytes: [UInt8]

    /// The secret if it is long enough, or nil.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.minimumCount else { return nil }
        self.bytes = bytes
    }

    /// The keys of one agent.
    ///
    /// Its key is worth that agent and no other. Each generation has another key; a revocation begins a new one.
    public func keys(for agent: AgentID, generation: Int = 1) -> AgentKeys {
        AgentKeys(agent: agent, key: key(for: agent, generation))
    }

    /// The agent's own key in hexadecimal, as `AGENT_KEY` takes it; for the agent's settings and nobody's log.
    public func agentKey(for agent: AgentID, generation: Int = 1) -> String {
        Hex.encode(key(for: agent, generation))
    }

    /// Keys of the panel's own, which no agent has.
    var panel: PanelKeys { PanelKeys(requests: derive("panel/requests"), vouchers: derive("panel/vouchers")) }

    private func key(for agent: AgentID, _ generation: Int) -> [UInt8] {
        // No agent's name has a slash in it.
        let name = generation == 1 ? "agent/\(agent)" : "agent/\(agent)/\(generation)"
        return derive(name)
    }

    private func derive(_ name: String) -> [UInt8] {
        HKDFSHA256.derive(
            from: bytes, salt: Array("provision-v1".utf8), info: Array(name.utf8), count: AgentKeys.count)
    }
}

/// What the panel alone has of its root secret.
struct PanelKeys: Sendable {
    /// Tells requests apart, without their answers.
    let requests: [UInt8]
    /// Marks orders.
    let vouchers: [UInt8]
}

/// What one agent and the panel share: a key for each direction and purpose.
///
/// Prints as its agent and key id only.
public struct AgentKeys: Sendable, CustomStringConvertible {
    /// Bytes of an agent's key.
    public static let count = 32

    /// The agent these keys belong to.
    public let agent: AgentID
    /// Selects among trusted keys; proves nothing.
    public let id: String
    let down: [UInt8]
    let up: [UInt8]
    let acknowledgement: [UInt8]
    let beat: [UInt8]
    let sealing: [UInt8]

    /// The keys derived from an agent's own key, or nil where it is not 32 bytes.
    public init?(agent: AgentID, agentKey: [UInt8]) {
        guard agentKey.count == Self.count else { return nil }
        self.init(agent: agent, key: agentKey)
    }

    init(agent: AgentID, key: [UInt8]) {
        func derive(_ purpose: String, _ count: Int = AgentKeys.count) -> [UInt8] {
            HKDFSHA256.derive(
                from: key, salt: [], info: Array("provision-v1/\(agent)/\(purpose)".utf8), count: count)
        }
        self.agent = agent
        id = Hex.encode(derive("id", 8))
        down = derive("down")
        up = derive("up")
        acknowledgement = derive("ack")
        beat = derive("beat")
        sealing = derive("seal")
    }

    /// The agent and the key's id.
    public var description: String { "\(agent)/\(id)" }

    /// Seals and opens the agent's sensitive inputs.
    package var sealer: InputSealer { InputSealer(key: sealing, agent: agent) }
}

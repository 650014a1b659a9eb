import Synchronization

/// The panel's keys for every agent: derived once, the newest root first.
///
/// While a root is being replaced both are trusted, and each agent is spoken to under the one
/// that it speaks under: nothing has to change everywhere in the same moment.
public final class Keyring: Sendable {
    private struct Name: Hashable {
        let agent: AgentID
        let generation: Int
    }

    private let roots: [RootKey]
    /// The panel's own, one of each root, the newest first.
    let panel: [PanelKeys]
    private let derived = Mutex<[Name: [AgentKeys]]>([:])

    /// A ring of the current root secret and, while it is being replaced, the one before.
    public init(_ current: RootKey, previous: RootKey? = nil) {
        roots = [current] + (previous.map { [$0] } ?? [])
        panel = roots.map(\.panel)
    }

    /// Keys that are trusted for an agent, one of each root, the newest first.
    public func keys(for agent: AgentID, generation: Int = 1) -> [AgentKeys] {
        roots.map { $0.keys(for: agent, generation: generation) }
    }

    /// Keys that are trusted for an agent as its record stands; kept, as names that anyone makes up are not.
    func keys(for agent: AgentRecord) -> [AgentKeys] {
        let name = Name(agent: agent.id, generation: agent.keyGeneration)
        if let keys = derived.withLock({ $0[name] }) { return keys }
        let keys = keys(for: agent.id, generation: agent.keyGeneration)
        derived.withLock { $0[name] = keys }
        return keys
    }

    /// What marks orders under the newest root.
    var voucher: OrderVoucher { OrderVoucher(key: panel[0].vouchers) }

    /// What is known of an order that an agent tells of, under any root; nil where the panel did not give it.
    func opened(_ order: JobOrder, of agent: AgentID) -> OrderVoucher.Opened? {
        panel.lazy.compactMap { OrderVoucher(key: $0.vouchers).open(order, of: agent) }.first
    }

    /// How many agents' keys are kept.
    var keptCount: Int { derived.withLock { $0.count } }

    /// The keys to sign and seal with: those the agent has shown that it has, else the newest.
    func signing(_ agent: AgentRecord) -> AgentKeys {
        let keys = keys(for: agent)
        guard let key = keys.first(where: { $0.id == agent.keyID }) ?? keys.first else {
            preconditionFailure("a keyring has a root")
        }
        return key
    }
}

import Synchronization

/// The panel's keys for every agent: derived once, the newest root first.
public final class Keyring: Sendable {
    private let roots: [RootKey]
    private let derived = Mutex<[AgentID: [AgentKeys]]>([:])

    /// A ring of the current root secret and, while it is being replaced, the one before.
    public init(_ current: RootKey, previous: RootKey? = nil) {
        roots = [current] + (previous.map { [$0] } ?? [])
    }

    /// Keys that are trusted for an agent; the first one signs.
    public func keys(for agent: AgentID) -> [AgentKeys] {
        if let keys = derived.withLock({ $0[agent] }) { return keys }
        let keys = roots.map { $0.keys(for: agent) }
        derived.withLock { $0[agent] = keys }
        return keys
    }

    /// The keys to sign and seal with.
    func signing(_ agent: AgentID) -> AgentKeys {
        guard let keys = keys(for: agent).first else { preconditionFailure("a keyring has a root") }
        return keys
    }
}

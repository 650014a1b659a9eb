import Synchronization

/// Writes acknowledgements, each with a higher generation than any before it.
///
/// It writes none before it knows which start of the panel this is: agents heed
/// no generation that they have seen.
public final class Acknowledger: Sendable {
    private let keyring: Keyring
    private let now: @Sendable () -> Timestamp
    private let generation = Mutex<Int?>(nil)

    /// An acknowledger that does not know yet which start of the panel this is.
    public init(keyring: Keyring, now: @escaping @Sendable () -> Timestamp) {
        self.keyring = keyring
        self.now = now
    }

    /// Begins, with the number of this start as the panel's record counts it.
    func begin(run: Int) { generation.withLock { $0 = $0 ?? run << 32 } }

    /// Whether it knows which start this is.
    var hasBegun: Bool { generation.withLock { $0 != nil } }

    /// The acknowledgement of where an agent's record stands, signed; nil before the beginning.
    func envelope(for agent: AgentRecord, need: Int?) -> [UInt8]? {
        let next = generation.withLock { generation in
            generation = generation.map { $0 + 1 }
            return generation
        }
        guard let generation = next else { return nil }
        let acknowledgement = Acknowledgement(
            agent: agent.id, generation: generation, cursor: agent.cursor, head: agent.upHead, need: need,
            epoch: agent.epoch, sent: agent.lastSent, panelTime: now())
        return acknowledgement.signed(with: keyring.signing(agent.id)).bytes
    }
}

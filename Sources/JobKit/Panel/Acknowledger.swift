import Synchronization

/// Writes acknowledgements, each with a higher generation than any before it.
public final class Acknowledger: Sendable {
    private let keyring: Keyring
    private let now: @Sendable () -> Timestamp
    private let generation: Mutex<Int>

    /// - Parameter run: which start of the panel this is, counted in its database.
    public init(keyring: Keyring, run: Int, now: @escaping @Sendable () -> Timestamp) {
        self.keyring = keyring
        self.now = now
        generation = Mutex(run << 32)
    }

    /// The acknowledgement of where an agent's record stands, signed.
    func envelope(for agent: AgentRecord, need: Int?) -> [UInt8] {
        let generation = generation.withLock { generation in
            generation += 1
            return generation
        }
        let acknowledgement = Acknowledgement(
            agent: agent.id, generation: generation, cursor: agent.cursor, head: agent.upHead, need: need,
            epoch: agent.epoch, sent: agent.lastSent, panelTime: now())
        return acknowledgement.signed(with: keyring.signing(agent.id)).bytes
    }
}

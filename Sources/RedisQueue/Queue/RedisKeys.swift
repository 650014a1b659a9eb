import JobKit

/// Every key's name, in one place.
struct RedisKeys: Sendable {
    /// What a key is for, as its name tells.
    enum Kind: String {
        case down
        case up
        case acknowledgement = "ack"
        case beat
    }

    /// The name on keys that are nobody's: no agent's begins with a colon.
    static let nobody = ":doctor"

    /// What all names begin with.
    let prefix: String

    /// Messages to an agent: a stream, its IDs set by the panel.
    func down(_ agent: AgentID) -> RedisArgument { name(.down, agent.description) }
    /// Events of an agent: a stream, its IDs set by the agent.
    func up(_ agent: AgentID) -> RedisArgument { name(.up, agent.description) }
    /// The newest acknowledgement: a stream of one entry, so that a blocking
    /// read can wait on it.
    func acknowledgement(_ agent: AgentID) -> RedisArgument {
        name(.acknowledgement, agent.description)
    }
    /// An agent's sign of life: a string that fades.
    func beat(_ agent: AgentID) -> RedisArgument { name(.beat, agent.description) }
    /// A key that is nobody's and never there, to try commands on.
    func nobodys(_ kind: Kind) -> RedisArgument { name(kind, Self.nobody) }
    /// The channel on which an agent rings; its own, so that no other can ring
    /// in its name where agents have users of their own.
    func bell(_ agent: AgentID) -> String { "\(bell)\(agent)" }
    /// What the names of those channels begin with.
    var bell: String { "\(prefix)bell:" }
    /// The channels of all agents, as a pattern.
    var bells: String {
        // What means something in a pattern stands for itself in a prefix.
        let plain = prefix.map { "*?[]^\\".contains($0) ? "\\\($0)" : String($0) }.joined()
        return "\(plain)bell:*"
    }

    private func name(_ kind: Kind, _ owner: String) -> RedisArgument {
        RedisArgument("\(prefix)\(kind.rawValue):\(owner)")
    }
}

import JobKit

/// Every key's name, in one place.
struct RedisKeys: Sendable {
    /// What all names begin with.
    let prefix: String

    /// Messages to an agent: a stream, its IDs set by the panel.
    func down(_ agent: AgentID) -> RedisArgument { name("down", agent) }
    /// Events of an agent: a stream, its IDs set by the agent.
    func up(_ agent: AgentID) -> RedisArgument { name("up", agent) }
    /// The newest acknowledgement: a stream of one entry, so that a blocking
    /// read can wait on it.
    func acknowledgement(_ agent: AgentID) -> RedisArgument { name("ack", agent) }
    /// An agent's sign of life: a string that fades.
    func beat(_ agent: AgentID) -> RedisArgument { name("beat", agent) }
    /// The channel on which agents ring with their names.
    var bell: String { "\(prefix)bell" }

    private func name(_ kind: String, _ agent: AgentID) -> RedisArgument {
        RedisArgument("\(prefix)\(kind):\(agent)")
    }
}

public import JobKit
internal import Synchronization

// An agent that lays too much on the wire, and how it is shut out.
extension RedisJobQueue {
    /// What agents' up streams and beats, all that they can write, take in Redis's memory, and how often they rang.
    ///
    /// All entries are counted, for an agent chooses which of them a sample would show. Where the panel's user may not
    /// ask, nothing is known.
    public func burdens(of agents: [AgentID]) async throws(QueueError) -> [AgentID: WireBurden] {
        let rings = ringCounter.take()
        let replies = try await connection.replies(
            to: agents.flatMap { agent in
                [keys.up(agent), keys.beat(agent)].map { ["MEMORY", "USAGE", $0, "SAMPLES", 0] }
            })
        return agents.indices.reduce(into: [:]) { burdens, index in
            var burden = WireBurden(ringCount: rings[agents[index]] ?? 0)
            for reply in replies[2 * index...2 * index + 1] {
                if case .integer(let count) = reply { burden.byteCount += count }
            }
            burdens[agents[index]] = burden
        }
    }

    /// Drops an agent's up stream and beat, turns the user of its name off and ends the
    /// connections of that user; never the panel's own.
    public func shutOut(_ agent: AgentID) async throws(QueueError) -> Bool {
        let name = RedisArgument(agent.description)
        let replies = try await connection.replies(to: [
            ["UNLINK", keys.up(agent), keys.beat(agent)], ["ACL", "GETUSER", name],
        ])
        guard case .array = replies[1], !["default", url.user].contains(agent.description) else {
            return false
        }
        // What the panel's own user may not do there is not done: that is no reason to stop at anything else.
        let done = try await connection.replies(to: [
            ["ACL", "SETUSER", name, "off"], ["CLIENT", "KILL", "USER", name],
            ["UNLINK", keys.up(agent), keys.beat(agent)],
        ])
        if case .error = done[0] { return false }
        return true
    }
}

/// How often each agent has rung; names that anyone makes up are counted up to a
/// number of them.
final class RingCounter: Sendable {
    private static let nameCount = 20_000

    private let counts = Mutex<[AgentID: Int]>([:])

    /// Notes a ring.
    func count(_ agent: AgentID) {
        counts.withLock { counts in
            guard counts[agent] != nil || counts.count < Self.nameCount else { return }
            counts[agent, default: 0] += 1
        }
    }

    /// The counts since the last call.
    func take() -> [AgentID: Int] {
        counts.withLock { counts in
            defer { counts = [:] }
            return counts
        }
    }
}

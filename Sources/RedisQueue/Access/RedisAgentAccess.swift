package import JobKit

/// What an agent's own user of Redis may do: use its four keys and ring its
/// bell.
///
/// Whoever takes an agent's password with it gets nothing of other agents:
/// neither their messages, which would be unreadable, nor the keys' contents,
/// which could be destroyed.
package struct RedisAgentAccess: Sendable {
    /// The commands that ``RedisAgentLink`` and its connections send.
    private static let commands = [
        "auth", "client|setname", "del", "ping", "publish", "role", "select", "set", "xadd", "xrange",
        "xread",
        "xrevrange",
    ]

    private let agent: AgentID
    private let keys: RedisKeys
    private let passwordDigest: String

    /// The access of an agent.
    ///
    /// - Parameter passwordDigest: SHA-256 of the password it will show, 64
    ///   hexadecimal digits.
    package init(
        of agent: AgentID, passwordDigest: String, prefix: String = RedisJobQueue.defaultPrefix
    ) {
        self.agent = agent
        self.passwordDigest = passwordDigest
        keys = RedisKeys(prefix: prefix)
    }

    /// The line for Redis 7 and Valkey, where reading and writing are told
    /// apart; it holds the password's digest only.
    package var rule: String {
        line(
            [
                ("R", keys.down(agent)), ("R", keys.acknowledgement(agent)), ("RW", keys.up(agent)),
                ("W", keys.beat(agent)),
            ].map { "%\($0)~\($1.text)" })
    }

    /// The line for Redis 6.2; there the agent may also write into its own
    /// stream of messages, none of which it could sign.
    package var olderRule: String {
        line(
            [keys.down(agent), keys.acknowledgement(agent), keys.up(agent), keys.beat(agent)].map {
                "~\($0.text)"
            })
    }

    private func line(_ patterns: [String]) -> String {
        let words =
            ["ACL", "SETUSER", agent.description, "reset", "resetchannels", "on", "#\(passwordDigest)"]
            + patterns + ["&\(keys.bell(agent))"] + Self.commands.map { "+\($0)" }
        return words.joined(separator: " ")
    }
}

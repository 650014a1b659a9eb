package import JobKit

/// What a server lets an agent do, and what the panel said to it there last.
package struct RedisAgentCheckup: Sendable {
    /// How the server took what an agent does.
    package let trial: RedisTrial
    /// Whether other agents' keys are kept from the agent's user.
    package let isConfined: Bool
    /// The panel's newest word, not to be believed yet; nil where it has none.
    package let acknowledgement: [UInt8]?

    /// Asks as the agent does, and tries its work; only the bell rings.
    ///
    /// - Throws: ``RedisError`` where the server does not answer.
    package init(of url: RedisURL, agent: AgentID, prefix: String) async throws(RedisError) {
        let connection = try RedisConnection(to: url, name: "doctor")
        defer { connection.close() }
        let keys = RedisKeys(prefix: prefix)
        let words = try await connection.pipeline([
            ["XREVRANGE", keys.acknowledgement(agent), "+", "-", "COUNT", 1],
            ["XREVRANGE", keys.nobodys(.acknowledgement), "+", "-", "COUNT", 1],
        ])
        let answers = try await connection.pipeline([
            ["XREAD", "COUNT", 1, "STREAMS", keys.down(agent), "$"],
            RedisStream.add(RedisTrial.entry, to: keys.up(agent)),
            ["XRANGE", keys.up(agent), "0-0", "0-0"],
            // Redis keeps no value for no time, and refuses it before it writes.
            ["SET", keys.beat(agent), "", "EX", 0],
            ["PUBLISH", RedisArgument(keys.bell(agent)), ""],
        ])
        acknowledgement = RedisStream.entries(words[0]).first?.envelope
        isConfined = RedisTrial([words[1]], by: url).denial != nil
        trial = RedisTrial([words[0]] + answers, by: url)
    }
}

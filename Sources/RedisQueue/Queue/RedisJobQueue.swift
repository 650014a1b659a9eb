public import JobKit

/// The wire on Redis: streams numbered by us, a string that fades, a bell.
///
/// No Lua, no lists. Needs Redis 6.2 or newer, or Valkey.
public final class RedisJobQueue: PanelLink {
    /// What key names begin with unless another prefix is given.
    public static let defaultPrefix = "provision:"
    /// Seconds after which a beat fades.
    static let beatLife = 45
    /// What is read of a beat at most; a longer one is cut, and then not
    /// authentic.
    private static let beatByteCount = 64 << 10

    let url: RedisURL
    private let name: String
    let keys: RedisKeys
    let connection: RedisConnection
    /// For keys that agents write: an answer that is too large costs the
    /// connection that it comes over.
    private let reading: RedisConnection
    let ringCounter = RingCounter()

    /// A wire that connects when it is first used.
    ///
    /// - Parameters:
    ///   - url: an address in one of the forms of ``RedisURL``.
    ///   - name: what the server's list of clients shows; without spaces.
    /// - Throws: ``QueueError`` where the address is not one of a Redis server.
    public convenience init(url: String, name: String, prefix: String = defaultPrefix) throws(QueueError) {
        let address: RedisURL
        do throws(RedisError) {
            address = try RedisURL(url)
        } catch {
            throw QueueError(error.description)
        }
        try self.init(at: address, name: name, prefix: prefix)
    }

    /// A wire to a server, with the files by which both know each other.
    ///
    /// - Throws: ``QueueError`` where the system gives no sockets.
    package init(at url: RedisURL, name: String, prefix: String = defaultPrefix) throws(QueueError) {
        self.url = url
        self.name = name
        keys = RedisKeys(prefix: prefix)
        do throws(RedisError) {
            connection = try RedisConnection(to: url, name: name)
            reading = try RedisConnection(to: url, name: "\(name)-read")
        } catch {
            throw QueueError(error.description)
        }
    }

    /// The agent's end of the wire, with connections of its own.
    ///
    /// - Throws: ``QueueError`` where no connection can be made up.
    public func link(for agent: AgentID) throws(QueueError) -> some AgentLink {
        try RedisAgentLink(url: url, name: name, keys: keys, agent: agent)
    }

    /// Adds entries to agents' down streams, in order, and answers for each.
    public func send(_ entries: [(agent: AgentID, entry: StreamEntry)]) async throws(QueueError) -> [Addition]
    {
        try await connection.additions(entries.map { (keys.down($0.agent), $0.entry) })
    }

    /// Drops an agent's down stream: sending may begin again at any number.
    public func restartDown(_ agent: AgentID) async throws(QueueError) {
        _ = try await connection.ask([["DEL", keys.down(agent)]])
    }

    /// Forgets entries up to and with the position.
    public func trimDown(_ agent: AgentID, through position: StreamPosition) async throws(QueueError) {
        _ = try await connection.ask([RedisStream.trim(keys.down(agent), through: position)])
    }

    /// Entries of agents' up streams behind the given places, in order.
    ///
    /// At most `limit` of each agent; none of one whose key cannot be read.
    public func events(
        after places: [AgentID: StreamPosition], limit: Int
    ) async throws(QueueError) -> [AgentID: [StreamEntry]] {
        let agents = Array(places)
        let replies = try await reading.askEach(
            agents.map { agent, place in
                ["XREAD", "COUNT", RedisArgument(limit), "STREAMS", keys.up(agent), RedisStream.id(place)]
            })
        var events: [AgentID: [StreamEntry]] = [:]
        for ((agent, _), reply) in zip(agents, replies) {
            guard let reply, let found = RedisStream.streams(reply)[keys.up(agent)] else { continue }
            let entries = RedisStream.streamEntries(found)
            if !entries.isEmpty { events[agent] = entries }
        }
        return events
    }

    /// Replaces agents' acknowledgements and forgets the events they cover.
    public func acknowledge(
        _ acknowledgements: [(agent: AgentID, envelope: [UInt8], through: StreamPosition)]
    ) async throws(QueueError) {
        let writes = acknowledgements.map { agent, envelope, _ in
            RedisStream.replace(keys.acknowledgement(agent), with: envelope)
        }
        let trims = acknowledgements.map { RedisStream.trim(keys.up($0.agent), through: $0.through) }
        let replies = try await connection.askEach(writes + trims)
        // A key of another type, or a stream that somebody gave its last ID, takes nothing.
        let again = writes.indices.filter { replies[$0] == nil }.flatMap { index -> [[RedisArgument]] in
            [["DEL", writes[index][1]], writes[index]]
        }
        if !again.isEmpty { _ = try await connection.askEach(again) }
    }

    /// The newest beat of each agent that has one.
    public func beats(of agents: [AgentID]) async throws(QueueError) -> [AgentID: [UInt8]] {
        let replies = try await connection.askEach(
            agents.map { ["GETRANGE", keys.beat($0), 0, RedisArgument(Self.beatByteCount)] })
        var beats: [AgentID: [UInt8]] = [:]
        for (agent, reply) in zip(agents, replies) {
            // There is no empty beat: that is how this command says that there is none.
            if case .string(let bytes) = reply, !bytes.isEmpty { beats[agent] = bytes }
        }
        return beats
    }

    /// Returns when the server answers.
    public func check() async throws(QueueError) { _ = try await connection.ask([["PING"]]) }

    /// Names of agents that have rung, for ever.
    ///
    /// A ring may be lost and may be anyone's.
    public func rings() -> AsyncStream<AgentID> {
        let start = keys.bell.utf8.count
        let rings = try? RedisSubscription.messages(on: keys.bells, at: url, name: "\(name)-bell") {
            [ringCounter] channel, _ in
            let agent = AgentID(String(decoding: channel.dropFirst(start), as: UTF8.self))
            if let agent { ringCounter.count(agent) }
            return agent
        }
        // Without it the panel's own looking now and then still finds everything.
        return rings ?? AsyncStream { $0.finish() }
    }
}

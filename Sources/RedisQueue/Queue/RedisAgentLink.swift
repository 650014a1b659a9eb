import JobKit

/// An agent's end of the wire: a connection to beat and ask on, one to wait on,
/// and one for reports, behind which nothing else has to wait.
struct RedisAgentLink: AgentLink {
    /// Entries in one answer at most; with 256 KiB each they stay within the
    /// limit of a reply.
    private static let batch = 16
    /// How long a report may take: 64 KiB over 64 kbit/s, and half of the wire
    /// for others.
    private static let reportTime = Duration.seconds(20)

    private let keys: RedisKeys
    private let agent: AgentID
    private let asking: RedisConnection
    private let waiting: RedisConnection
    private let reporting: RedisConnection

    init(url: RedisURL, name: String, keys: RedisKeys, agent: AgentID) throws(QueueError) {
        self.keys = keys
        self.agent = agent
        do throws(RedisError) {
            asking = try RedisConnection(to: url, name: name)
            waiting = try RedisConnection(to: url, name: "\(name)-wait")
            reporting = try RedisConnection(to: url, name: "\(name)-report")
        } catch {
            throw QueueError(error.description)
        }
    }

    func receive(
        after place: StreamPosition, acknowledgement: AcknowledgementMark?, waiting seconds: Int
    ) async throws(QueueError) -> Delivery {
        if acknowledgement == nil || seconds == 0 {
            let delivery = try await look(after: place, acknowledgement)
            if delivery != Delivery() || seconds == 0 { return delivery }
        }
        let command: [RedisArgument] = [
            "XREAD", "COUNT", RedisArgument(Self.batch), "BLOCK", RedisArgument(seconds * 1000), "STREAMS",
            keys.down(agent), keys.acknowledgement(agent), RedisStream.id(place),
            RedisArgument(acknowledgement?.rawValue ?? "0-0"),
        ]
        guard let reply = try await waiting.askEach([command], timeout: .seconds(seconds + 5))[0] else {
            // One of the two keys is unreadable; the other one may have something.
            let delivery = try await look(after: place, acknowledgement)
            guard delivery != Delivery() else { throw QueueError("a key of agent '\(agent)' is no stream") }
            return delivery
        }
        // A Redis that lost its streams and whose clock is behind gives acknowledgements lower IDs than before.
        if reply == .null { return try await look(after: place, acknowledgement) }
        return delivery(RedisStream.streams(reply))
    }

    func report(_ entries: [StreamEntry]) async throws(QueueError) -> [Addition] {
        try await reporting.additions(
            entries.map { (keys.up(agent), $0) }, then: [ring], timeout: Self.reportTime)
    }

    func event(at position: StreamPosition) async throws(QueueError) -> [UInt8]? {
        let id = RedisStream.id(position)
        let reply = try await reporting.ask([["XRANGE", keys.up(agent), id, id]], timeout: Self.reportTime)[0]
        return RedisStream.entries(reply).first?.envelope
    }

    // Where reports go, so that none that was sent before comes after it.
    func restartUp() async throws(QueueError) {
        _ = try await reporting.ask([["DEL", keys.up(agent)]], timeout: Self.reportTime)
    }

    func beat(_ envelope: [UInt8]) async throws(QueueError) {
        let set: [RedisArgument] = [
            "SET", keys.beat(agent), RedisArgument(envelope), "EX", RedisArgument(RedisJobQueue.beatLife),
        ]
        _ = try await asking.ask([set, ring])
    }

    private var ring: [RedisArgument] {
        ["PUBLISH", RedisArgument(keys.bell(agent)), ""]
    }

    /// What is there now; the newest acknowledgement whatever its ID, unless it
    /// is the known one.
    private func look(after place: StreamPosition, _ mark: AcknowledgementMark?) async throws(QueueError)
        -> Delivery
    {
        let replies = try await asking.askEach([
            [
                "XREAD", "COUNT", RedisArgument(Self.batch), "STREAMS", keys.down(agent),
                RedisStream.id(place),
            ],
            ["XREVRANGE", keys.acknowledgement(agent), "+", "-", "COUNT", 1],
        ])
        var streams = RedisStream.streams(replies[0] ?? .null)
        streams[keys.acknowledgement(agent)] = RedisStream.entries(replies[1] ?? .null).filter {
            $0.id != mark?.rawValue
        }
        return delivery(streams)
    }

    private func delivery(_ streams: [RedisArgument: [(id: String, envelope: [UInt8])]]) -> Delivery {
        var delivery = Delivery()
        delivery.entries = RedisStream.streamEntries(streams[keys.down(agent)] ?? [])
        if let (id, envelope) = streams[keys.acknowledgement(agent)]?.last {
            delivery.acknowledgement = (envelope, AcknowledgementMark(id))
        }
        return delivery
    }
}

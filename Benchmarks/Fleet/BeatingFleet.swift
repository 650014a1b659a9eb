import JobKit
import OpenSSLCrypto
import RedisQueue

/// Agents that only show that they are there: each hears the panel's word and answers with a beat, every ten seconds.
struct BeatingFleet {
    private static let interval = Duration.seconds(10)
    /// Agents in one pipeline.
    private static let portion = 250

    private let connection: RedisConnection
    private let now: @Sendable () -> Moment
    private var machines: [AgentMachine]

    init(_ ids: [AgentID], root: RootKey, url: RedisURL, now: @escaping @Sendable () -> Moment) throws {
        connection = try RedisConnection(to: url, name: "beats")
        self.now = now
        machines = try ids.map { id in
            AgentMachine(
                agent: id, session: Hex.encode(try RandomBytes.generate(16)), keys: [root.keys(for: id)])
        }
    }

    /// Beats until cancelled, each portion of the agents at its own time.
    mutating func run() async throws {
        let portions = stride(from: 0, to: machines.count, by: Self.portion).map { first in
            first..<min(first + Self.portion, machines.count)
        }
        while !Task.isCancelled {
            for portion in portions {
                let due = ContinuousClock.now + Self.interval / portions.count
                try await beat(portion)
                try await Task.sleep(until: due)
            }
        }
    }

    private mutating func beat(_ portion: Range<Int>) async throws {
        let asked: [[RedisArgument]] = portion.map { index in
            ["XREVRANGE", RedisArgument("provision:ack:\(machines[index].agent)"), "+", "-", "COUNT", 1]
        }
        let heard = try await connection.pipeline(asked)
        var commands: [[RedisArgument]] = []
        for (index, reply) in zip(portion, heard) {
            var delivery = Delivery()
            delivery.acknowledgement = Self.acknowledgement(reply)
            machines[index].take(delivery, at: now())
            let beat = machines[index].beat(
                received: StreamPosition(epoch: 1, number: 0), at: now(), bootID: "fleet",
                version: "fleet", facts: ["os_id": "debian", "os_version": "12", "arch": "x86_64"])
            guard let beat else { continue }
            let agent = machines[index].agent
            commands += [
                ["SET", RedisArgument("provision:beat:\(agent)"), RedisArgument(beat), "EX", 45],
                ["PUBLISH", RedisArgument("provision:bell:\(agent)"), ""],
            ]
        }
        for reply in try await connection.pipeline(commands) { _ = try connection.checked(reply) }
    }

    private static func acknowledgement(_ reply: RedisReply) -> (bytes: [UInt8], mark: AcknowledgementMark)? {
        guard case .array(let entries) = reply, case .array(let entry)? = entries.first, entry.count == 2,
            case .string(let id) = entry[0], case .array(let fields) = entry[1], fields.count == 2,
            case .string(let envelope) = fields[1]
        else { return nil }
        return (envelope, AcknowledgementMark(String(decoding: id, as: UTF8.self)))
    }
}

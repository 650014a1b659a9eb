import JobKit

/// What a server says of itself, as far as its user may ask; what is nil could not be seen.
package struct RedisCheckup: Sendable {
    /// The oldest Redis that carries the exchange, first and second number of its version.
    package static let oldestVersion = [6, 2]
    /// The settings that say how a server carries the exchange.
    package static let settingNames = ["maxmemory-policy", "maxclients", "appendonly", "appendfsync"]

    /// The program and its version: `Redis 7.0.15`.
    package let program: String?
    /// The version of Redis that it is as good as.
    package let version: [Int]?
    /// ``settingNames``, those that could be seen.
    package let settings: [String: String]
    /// What holds for a client that does not log in: `on`, `nopass`.
    package let defaultUserFlags: [String]?
    /// How the server refuses something that a panel does to keys; nil where it does not.
    package let refusal: String?

    /// Asks the server, and tries what a panel does on a key of its own, which it takes away again.
    package init(of url: RedisURL, prefix: String) async throws(RedisError) {
        let connection = try RedisConnection(to: url, name: "doctor")
        defer { connection.close() }
        let asked = try await connection.pipeline(
            [["INFO", "server"], ["ACL", "GETUSER", "default"]]
                + Self.settingNames.map { ["CONFIG", "GET", RedisArgument($0)] })
        let lines = asked[0].lines
        version = lines["redis_version"].map { $0.split(separator: ".").map { Int($0) ?? 0 } }
        program =
            lines["valkey_version"].map { "Valkey \($0)" } ?? lines["redis_version"].map { "Redis \($0)" }
        defaultUserFlags = asked[1].member("flags")?.words
        settings = zip(Self.settingNames, asked.dropFirst(2)).reduce(into: [:]) {
            $0[$1.0] = $1.1.member($1.0)?.word
        }
        let trial = Self.trial(RedisKeys(prefix: prefix))
        let answers = try await connection.pipeline(trial)
        refusal =
            answers.lazy.compactMap { reply -> String? in
                guard case .error(let text) = reply else { return nil }
                return RedisError.refusal(text, by: url).message
            }.first
    }

    private static func trial(_ keys: RedisKeys) -> [[RedisArgument]] {
        let key = RedisArgument("\(keys.prefix)doctor")
        let entry = StreamEntry(position: StreamPosition(epoch: 1, number: 1), bytes: [])
        return [
            ["DEL", key], RedisStream.add(entry, to: key), RedisStream.trim(key, through: entry.position),
            ["XREAD", "COUNT", 1, "STREAMS", key, "0-0"], ["XREVRANGE", key, "+", "-", "COUNT", 1],
            ["DEL", key], ["GETRANGE", key, 0, 1], ["PSUBSCRIBE", RedisArgument(keys.bells)],
        ]
    }
}

extension RedisCheckup {
    /// Whether the user of the address may do more there than an agent has to.
    package static func mayConfigure(_ url: RedisURL) async throws(RedisError) -> Bool {
        let connection = try RedisConnection(to: url, name: "doctor")
        defer { connection.close() }
        if case .error = try await connection.pipeline([["CONFIG", "GET", "maxclients"]])[0] { return false }
        return true
    }
}

extension RedisReply {
    fileprivate var word: String? {
        switch self {
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    fileprivate var words: [String]? {
        if case .array(let elements) = self { elements.compactMap(\.word) } else { nil }
    }

    /// The value behind a name, in an answer of names and values by turns.
    fileprivate func member(_ name: String) -> RedisReply? {
        guard case .array(let elements) = self else { return nil }
        let place = elements.indices.first { $0.isMultiple(of: 2) && elements[$0].word == name }
        return place.flatMap { $0 + 1 < elements.count ? elements[$0 + 1] : nil }
    }

    /// The values of an answer with a `name:value` on each line.
    fileprivate var lines: [String: String] {
        guard let text = word else { return [:] }
        return text.split(whereSeparator: \.isNewline).reduce(into: [:]) { values, line in
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
    }
}

import JobKit

/// What a server says of itself and lets a panel do.
///
/// What is nil could not be seen: its user may not ask.
package struct RedisCheckup: Sendable {
    /// The oldest Redis that carries the exchange, by two numbers of a version.
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
    /// How the server took what a panel does to agents' keys.
    package let trial: RedisTrial
    /// How it refused what a panel does to an agent that floods it.
    package let floodDenial: String?

    /// Asks the server, and tries a panel's work on what is nobody's.
    ///
    /// - Throws: ``RedisError`` where the server does not answer.
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
        let keys = RedisKeys(prefix: prefix)
        floodDenial = RedisTrial(try await connection.pipeline(Self.shuttingOut(keys)), by: url).denial
        // The last one: a connection that listens to bells takes no other commands.
        trial = RedisTrial(try await connection.pipeline(Self.work(keys)), by: url)
    }

    private static func work(_ keys: RedisKeys) -> [[RedisArgument]] {
        let entry = RedisTrial.entry
        let (down, up, beat) = (keys.nobodys(.down), keys.nobodys(.up), keys.nobodys(.beat))
        return [
            ["PING"], RedisStream.add(entry, to: down), RedisStream.trim(down, through: entry.position),
            ["DEL", down], RedisStream.add(entry, to: keys.nobodys(.acknowledgement)),
            ["XREAD", "COUNT", 1, "STREAMS", up, "0-0"], RedisStream.trim(up, through: entry.position),
            ["GETRANGE", beat, 0, 1], ["UNLINK", up, beat], ["PSUBSCRIBE", RedisArgument(keys.bells)],
        ]
    }

    private static func shuttingOut(_ keys: RedisKeys) -> [[RedisArgument]] {
        let user = RedisArgument(RedisKeys.nobody)
        return [
            ["MEMORY", "USAGE", keys.nobodys(.up), "SAMPLES", 0], ["ACL", "GETUSER", user],
            // Redis tries the rules before it makes a user of that name; there is no such rule.
            ["ACL", "SETUSER", user, "nosuchrule"], ["CLIENT", "KILL", "USER", user],
        ]
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

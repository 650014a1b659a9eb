/// Makes links to a server: straight to its address, or to the master that its
/// sentinels name, asked anew for every link.
///
/// Not shared: a connection's own queue is the only one to touch it.
struct RedisDialer {
    private let url: RedisURL
    private let name: String
    /// Whom to ask, the one whose answer was right last before all others.
    private var sentinels: [RedisPlace]

    init(to url: RedisURL, name: String) {
        self.url = url
        self.name = name
        if case .master(_, let sentinels) = url.endpoint {
            self.sentinels = sentinels
        } else {
            sentinels = []
        }
    }

    /// A link to the server, greeted.
    mutating func open(until deadline: ContinuousClock.Instant) throws(RedisError) -> RedisLink {
        guard case .master(let master, _) = url.endpoint else {
            return try RedisLink.open(url, name: name, until: deadline)
        }
        var search = RedisSearch(url: url)
        for (index, sentinel) in sentinels.enumerated() {
            // Whoever does not answer takes no more than its part of the time from those behind.
            let now = ContinuousClock.now
            let end = now + (deadline - now) / (sentinels.count - index)
            do throws(RedisError) {
                let place = try place(of: master, by: sentinel, until: end)
                if let link = search.attempt({ () throws(RedisError) in
                    try RedisLink.open(url.master(at: place), name: name, as: .master, until: end)
                }) {
                    sentinels.swapAt(0, index)
                    return link
                }
            } catch {
                search.failures.append(error)
            }
        }
        throw search.outcome
    }

    private func place(
        of master: String, by sentinel: RedisPlace, until deadline: ContinuousClock.Instant
    ) throws(RedisError) -> RedisPlace {
        let address = url.sentinel(at: sentinel)
        let link = try RedisLink.open(address, name: name, as: .sentinel, until: deadline)
        var place: RedisPlace?
        let question: [RedisArgument] = ["SENTINEL", "get-master-addr-by-name", RedisArgument(master)]
        try link.ask([question], until: deadline) { (_, reply) throws(RedisError) in
            switch reply {
            case .error(let text):
                let hint = text.hasPrefix("NOAUTH") ? "; REDIS_SENTINEL_PASSWORD is the sentinels' own" : ""
                let refusal = RedisError.refusal(text, by: address)
                throw RedisError(refusal.code, refusal.message + hint, word: refusal.word)
            case .null:
                throw RedisError(.unreachable, "the sentinel '\(sentinel)' knows no master '\(master)'")
            default:
                place = RedisPlace(reply)
            }
        }
        guard let place else {
            throw RedisError(.protocolViolated, "the sentinel '\(sentinel)' named no place that can be read")
        }
        return place
    }
}

extension RedisPlace {
    /// The answer of a sentinel: a host and a port, both as texts.
    fileprivate init?(_ reply: RedisReply) {
        guard case .array(let parts) = reply, parts.count == 2, case .string(let host) = parts[0],
            case .string(let port) = parts[1], let number = UInt16(String(decoding: port, as: UTF8.self)),
            number > 0, (1...253).contains(host.count),
            // It goes into errors, and to the resolver.
            host.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "'") })
        else { return nil }
        self.init(host: String(decoding: host, as: UTF8.self), port: number)
    }
}

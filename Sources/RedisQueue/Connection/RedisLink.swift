/// One connected stream to a server: what goes out, what comes in.
///
/// It lives from a successful greeting to its first error. Not shared: a
/// connection's own queue is the only one to touch it.
final class RedisLink {
    private let transport: any RedisTransport
    private let url: RedisURL
    private let reader = RedisReplyReader()
    private var outgoing: ArraySlice<UInt8> = []

    init(transport: any RedisTransport, url: RedisURL) {
        self.transport = transport
        self.url = url
    }

    /// Connects and greets the server.
    static func open(
        _ url: RedisURL, name: String, as part: RedisGreeting.Part = .server,
        until deadline: ContinuousClock.Instant
    ) throws(RedisError) -> RedisLink {
        let socket = try RedisSocket.connected(to: url, until: deadline)
        let transport: any RedisTransport =
            url.isEncrypted ? try RedisTLSSocket.secured(socket, to: url, until: deadline) : socket
        let link = RedisLink(transport: transport, url: url)
        try RedisGreeting(url: url, name: name, part: part).exchange(over: link, until: deadline)
        return link
    }

    /// Whether it broke while nothing was asked.
    var isStale: Bool { transport.isStale }

    /// Puts bytes behind those that are still to go out.
    func enqueue(_ bytes: [UInt8]) {
        if outgoing.isEmpty { outgoing = bytes[...] } else { outgoing += bytes }
    }

    /// Writes, waits once (for bytes, a wake or the deadline) and gives the
    /// replies that are whole.
    func exchange(waker: RedisWaker?, until deadline: ContinuousClock.Instant) throws(RedisError)
        -> [RedisReply]
    {
        try flush()
        let readiness = transport.wait(until: deadline, isWriting: !outgoing.isEmpty, waker: waker)
        if readiness.isWritable { try flush() }
        guard readiness.isReadable else { return [] }
        let outcome = try transport.read { bytes in
            Result { () throws(RedisReplyReader.Violation) in try reader.replies(with: bytes) }
        }
        switch outcome {
        case nil:
            return []
        case .success(let replies):
            return replies
        case .failure(.tooLarge(let what)):
            throw RedisError(.replyTooLarge, "Redis at '\(url)' sent \(what)")
        case .failure(.malformed(let what)):
            throw RedisError(.protocolViolated, "Redis at '\(url)' sent \(what)")
        }
    }

    /// Asks before anything else is asked, and hands over each answer as it
    /// comes: a server may end the connection behind the first one.
    func ask(
        _ commands: [[RedisArgument]], until deadline: ContinuousClock.Instant,
        _ take: ([RedisArgument], RedisReply) throws(RedisError) -> Void
    ) throws(RedisError) {
        enqueue(RedisCommandFormat.bytes(of: commands))
        var answered = 0
        while answered < commands.count {
            for reply in try exchange(waker: nil, until: deadline) {
                guard answered < commands.count else {
                    throw RedisError(.protocolViolated, "Redis at '\(url)' sent an answer to no question")
                }
                try take(commands[answered], reply)
                answered += 1
            }
            guard answered == commands.count || deadline > .now else {
                throw RedisError(.timedOut, "Redis at '\(url)' did not answer its greeting in time")
            }
        }
    }

    private func flush() throws(RedisError) {
        guard !outgoing.isEmpty || transport.hasUnsentBytes else { return }
        outgoing = outgoing.dropFirst(try transport.write(outgoing))
    }
}

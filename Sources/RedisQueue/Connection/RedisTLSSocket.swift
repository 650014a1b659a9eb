/// A socket whose bytes are encrypted, to a server that has proven itself.
final class RedisTLSSocket: RedisTransport {
    // As much as is encrypted before it has been sent.
    private static let portion = 64 << 10

    private let socket: any RedisTransport
    private let session: TLSSession
    private let url: RedisURL
    /// Encrypted, and still to be sent.
    private var sealed: ArraySlice<UInt8> = []
    /// Decrypted, and still to be handed over.
    private var opened: [UInt8] = []
    /// Why nothing comes behind what is opened.
    private var ending: RedisError?

    private init(socket: any RedisTransport, session: TLSSession, url: RedisURL) {
        self.socket = socket
        self.session = session
        self.url = url
    }

    deinit {
        // A courtesy: where there is no room for it, the server sees the end all the same.
        guard ending == nil, sealed.isEmpty else { return }
        session.end()
        _ = try? socket.write(session.takeOutgoing()[...])
    }

    // MARK: - Shaking hands

    /// The socket, encrypted, once the server has proven that it is the host of
    /// the address.
    static func secured(
        _ socket: any RedisTransport, to url: RedisURL, until deadline: ContinuousClock.Instant
    ) throws(RedisError) -> RedisTLSSocket {
        let context = try TLSContext(url.trust)
        let session: TLSSession
        do throws(TLSFailure) {
            session = try TLSSession(context, host: url.host)
        } catch {
            throw error.error(from: url)
        }
        let secured = RedisTLSSocket(socket: socket, session: session, url: url)
        try secured.shakeHands(until: deadline)
        return secured
    }

    private func shakeHands(until deadline: ContinuousClock.Instant) throws(RedisError) {
        var isFirst = true
        while try !advanceHandshake() {
            let readiness = socket.wait(until: deadline, isWriting: hasUnsentBytes, waker: nil)
            if readiness.isReadable, let start = try takeIn() {
                // A server without TLS answers in words; libssl's name for that differs by version.
                guard !isFirst || start == 0x16 || start == 0x15 else { throw fail(.plainText) }
                isFirst = false
            }
            guard deadline > .now else {
                throw RedisError(
                    .timedOut,
                    "Redis at '\(url)' did not shake hands for TLS in time; \(TLSFailure.plainTextHint)")
            }
        }
        // What came in behind the handshake would show up in no later wait.
        open()
    }

    private func advanceHandshake() throws(RedisError) -> Bool {
        let isDone: Bool
        do throws(TLSFailure) {
            isDone = try session.handshake()
        } catch {
            // The other side is told why.
            try? flush()
            throw fail(error)
        }
        try flush()
        return isDone
    }

    /// Feeds the session with what has come in and gives the first byte of it.
    private func takeIn() throws(RedisError) -> UInt8? {
        let start = try socket.read { bytes -> UInt8? in
            session.feed(bytes)
            return bytes.first
        }
        return start ?? nil
    }

    private func fail(_ failure: TLSFailure) -> RedisError {
        let error = failure.error(from: url)
        ending = error
        return error
    }

    // MARK: - Moving bytes

    var hasUnsentBytes: Bool { !sealed.isEmpty }
    var isEnded: Bool { session.isEnded || socket.isEnded }

    func wait(until deadline: ContinuousClock.Instant, isWriting: Bool, waker: RedisWaker?) -> RedisReadiness
    {
        let isReadable = !opened.isEmpty || ending != nil
        var readiness = socket.wait(
            until: isReadable ? .now : deadline, isWriting: isWriting || hasUnsentBytes, waker: waker)
        readiness.isReadable = readiness.isReadable || isReadable
        return readiness
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(RedisError) -> Int {
        try flush()
        guard sealed.isEmpty else { return 0 }
        let portion = bytes.prefix(Self.portion)
        do throws(TLSFailure) {
            try session.seal(portion)
        } catch {
            throw fail(error)
        }
        try flush()
        return portion.count
    }

    func read<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(RedisError) -> Result? {
        if opened.isEmpty, ending == nil { receive() }
        if !opened.isEmpty {
            defer { opened.removeAll(keepingCapacity: opened.count <= Self.portion) }
            return opened.withUnsafeBytes(body)
        }
        if let ending { throw ending }
        return nil
    }

    var isStale: Bool {
        // A server may send what is TLS's own at any time, such as a ticket: that is no answer.
        if opened.isEmpty, ending == nil { receive() }
        return !opened.isEmpty || ending != nil
    }

    private func receive() {
        do throws(RedisError) {
            guard try takeIn() != nil else { return }
            open()
        } catch {
            ending = socket.isEnded ? .lost(url, "cut off, without the farewell of TLS") : error
        }
    }

    private func open() {
        do throws(TLSFailure) {
            try session.open(into: &opened)
            if session.isEnded { ending = .lost(url, "closed by the server") }
        } catch {
            _ = fail(error)
        }
    }

    /// Sends what is encrypted, as far as there is room.
    private func flush() throws(RedisError) {
        if sealed.isEmpty { sealed = session.takeOutgoing()[...] } else { sealed += session.takeOutgoing() }
        guard !sealed.isEmpty else { return }
        sealed = sealed.dropFirst(try socket.write(sealed))
    }
}

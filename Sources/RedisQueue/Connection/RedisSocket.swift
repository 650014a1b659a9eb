internal import Glibc

/// A connected stream socket that never blocks but in
/// ``wait(until:isWriting:waker:)``.
///
/// Not shared: a connection's own queue is the only one to touch it.
final class RedisSocket: RedisTransport {
    /// Closed on exec from the first moment: installers are started beside us.
    static let flags = CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)

    private let descriptor: CInt
    private let url: RedisURL
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    private(set) var isEnded = false

    private init(descriptor: CInt, url: RedisURL) {
        self.descriptor = descriptor
        self.url = url
    }

    deinit {
        close(descriptor)
    }

    // MARK: - Connecting

    /// A socket connected to the first of the server's addresses that answers.
    static func connected(to url: RedisURL, until deadline: ContinuousClock.Instant) throws(RedisError)
        -> RedisSocket
    {
        let addresses = try SocketAddress.all(of: url, until: deadline)
        return try connected(to: url, at: addresses, until: deadline)
    }

    /// A socket connected to the first of these addresses that answers.
    static func connected(
        to url: RedisURL, at addresses: [SocketAddress], until deadline: ContinuousClock.Instant
    ) throws(RedisError) -> RedisSocket {
        var last = "it has no address"
        for (index, address) in addresses.enumerated() {
            let descriptor = Glibc.socket(address.family, CInt(SOCK_STREAM.rawValue) | flags, 0)
            guard descriptor >= 0 else {
                last = systemMessage()
                continue
            }
            let socket = RedisSocket(descriptor: descriptor, url: url)
            // One that does not answer takes no more than its part of the time from those behind.
            let now = ContinuousClock.now
            let end = now + (deadline - now) / (addresses.count - index)
            guard let failure = socket.connect(to: address, until: end) else {
                socket.setOptions(isNetwork: address.family != AF_UNIX)
                return socket
            }
            last = failure
            guard deadline > .now else {
                throw RedisError(.timedOut, "Redis at '\(url)' did not take the connection in time")
            }
        }
        throw RedisError(.unreachable, "Redis at '\(url)' cannot be reached: \(last)")
    }

    // Why it did not connect; nil where it did.
    private func connect(to address: SocketAddress, until deadline: ContinuousClock.Instant) -> String? {
        let result = address.withPointer { Glibc.connect(descriptor, $0, $1) }
        guard result != 0 else { return nil }
        guard errno == EINPROGRESS || errno == EINTR else { return systemMessage() }
        repeat {
            if wait(until: deadline, isWriting: true, waker: nil).isWritable {
                var failure: CInt = 0
                var size = socklen_t(MemoryLayout<CInt>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
                return failure == 0 ? nil : systemMessage(failure)
            }
        } while deadline > .now
        return systemMessage(ETIMEDOUT)
    }

    private func setOptions(isNetwork: Bool) {
        guard isNetwork else { return }
        var isOn: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<CInt>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &isOn, socklen_t(MemoryLayout<CInt>.size))
    }

    // MARK: - Moving bytes

    /// A socket keeps nothing back: what it has taken is the system's to send.
    var hasUnsentBytes: Bool { false }

    func wait(until deadline: ContinuousClock.Instant, isWriting: Bool, waker: RedisWaker?) -> RedisReadiness
    {
        let events = isWriting ? POLLIN | POLLOUT : POLLIN
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(events), revents: 0),
            pollfd(fd: waker?.receiver ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 2, milliseconds(until: deadline)) > 0 else { return RedisReadiness() }
        if descriptors[1].revents != 0 { waker?.drain() }
        let found = CInt(descriptors[0].revents)
        // An error or a hang-up is found out about by reading, and by writing.
        let isBroken = found & CInt(POLLERR | POLLHUP | POLLNVAL) != 0
        return RedisReadiness(
            isReadable: isBroken || found & CInt(POLLIN) != 0,
            isWritable: isBroken || found & CInt(POLLOUT) != 0)
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(RedisError) -> Int {
        let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        if count >= 0 { return count }
        // What the server said before it hung up is still to be read; reading then finds the end.
        if isPassing(errno) || errno == EPIPE || errno == ECONNRESET { return 0 }
        throw .lost(url, systemMessage())
    }

    func read<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(RedisError) -> Result? {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 {
            return buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        if count < 0, isPassing(errno) { return nil }
        isEnded = count == 0
        throw .lost(url, isEnded ? "closed by the server" : systemMessage())
    }

    var isStale: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, CInt(MSG_PEEK)) >= 0 || !isPassing(errno)
    }

    private func isPassing(_ number: CInt) -> Bool {
        number == EAGAIN || number == EWOULDBLOCK || number == EINTR
    }
}

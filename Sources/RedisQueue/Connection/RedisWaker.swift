internal import Glibc

/// Ends a connection's wait for its socket from another thread.
final class RedisWaker: Sendable {
    private let sender: CInt
    /// The descriptor that turns readable when somebody wakes.
    let receiver: CInt

    init() throws(RedisError) {
        var ends: [CInt] = [-1, -1]
        // Not a pipe: only sockets can be made closed-on-exec at once, and installers are started beside us.
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | RedisSocket.flags, 0, &ends) == 0 else {
            throw RedisError(
                .unreachable, "the system gave no sockets for a connection to Redis (\(systemMessage()))")
        }
        (sender, receiver) = (ends[0], ends[1])
    }

    deinit {
        close(sender)
        close(receiver)
    }

    /// Ends the present wait, or the next one.
    func wake() {
        // Where the buffer is full, enough wakes are on their way.
        _ = send(sender, [1], 1, CInt(MSG_NOSIGNAL))
    }

    /// Forgets the wakes so far.
    func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while recv(receiver, &bytes, bytes.count, 0) == bytes.count {}
    }

    /// Waits for a wake, at most until the deadline.
    func wait(until deadline: ContinuousClock.Instant) {
        var descriptor = pollfd(fd: receiver, events: Int16(POLLIN), revents: 0)
        if poll(&descriptor, 1, milliseconds(until: deadline)) > 0 { drain() }
    }
}

/// What the system says about the call that has just gone wrong.
func systemMessage(_ number: CInt = errno) -> String {
    String(cString: strerror(number))
}

/// The time left as poll(2) takes it, rounded up so that the deadline has
/// passed when it returns.
func milliseconds(until deadline: ContinuousClock.Instant) -> CInt {
    let left = deadline - .now
    guard left > .zero else { return 0 }
    let (seconds, attoseconds) = left.components
    guard seconds < 1_000_000 else { return 1_000_000_000 }
    return CInt(seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1)
}

/// A stream of bytes to a server, plain or encrypted, that blocks in `wait`
/// alone.
///
/// Not shared: a connection's own queue is the only one to touch it.
protocol RedisTransport: AnyObject {
    /// Whether bytes that it has taken are still to be sent: they go out with
    /// the next write, be it an empty one.
    var hasUnsentBytes: Bool { get }

    /// Whether reading has found the end of the stream.
    var isEnded: Bool { get }

    /// Whether the other side has ended the stream, or sent what nobody asked
    /// for.
    var isStale: Bool { get }

    /// Waits for bytes (or for room, too), for a wake or for the deadline.
    func wait(until deadline: ContinuousClock.Instant, isWriting: Bool, waker: RedisWaker?) -> RedisReadiness

    /// Writes what there is room for and says how much that was.
    func write(_ bytes: ArraySlice<UInt8>) throws(RedisError) -> Int

    /// Hands over what has come in, if anything has.
    func read<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(RedisError) -> Result?
}

/// What a wait has found.
struct RedisReadiness {
    var isReadable = false
    var isWritable = false
}

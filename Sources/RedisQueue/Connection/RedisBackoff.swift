/// How long to wait before the next attempt to connect.
///
/// Full jitter: a random part of a span that doubles up to a second, so that a
/// thousand agents do not come back to a restarted server in the same moment.
struct RedisBackoff {
    /// The longest wait.
    static let cap = Duration.seconds(1)

    private var span = Duration.milliseconds(20)

    /// The wait before the next attempt.
    mutating func next() -> Duration {
        defer { span = min(span * 2, Self.cap) }
        return span * Double.random(in: 0...1)
    }
}

internal import Dispatch
internal import Synchronization

/// The messages of the channels of a pattern, over a connection that comes back by itself.
///
/// Messages that are published while it is away are lost, as are the oldest of
/// more than ``bufferedCount`` that nobody has read: whoever listens must also
/// look by themselves now and then.
package enum RedisSubscription {
    /// How many unread messages are kept.
    package static let bufferedCount = 4_096

    /// The messages from now on, until the stream is let go.
    ///
    /// - Parameters:
    ///   - pattern: the channels' names, as `PSUBSCRIBE` takes it.
    ///   - decode: what a message says, by its channel; nil where it is none
    ///     of ours.
    package static func messages<Message: Sendable>(
        on pattern: String, at url: RedisURL, name: String,
        as decode: @escaping @Sendable (_ channel: [UInt8], _ message: [UInt8]) -> Message?
    ) throws(RedisError) -> AsyncStream<Message> {
        let listener = RedisListener(pattern: pattern, url: url, name: name, waker: try RedisWaker())
        let (stream, continuation) = AsyncStream<Message>.makeStream(
            bufferingPolicy: .bufferingNewest(bufferedCount))
        continuation.onTermination = { _ in listener.stop() }
        DispatchQueue(label: "redis \(name)").async {
            listener.listen { channel, bytes in
                if let message = decode(channel, bytes) { continuation.yield(message) }
            }
        }
        return stream
    }
}

/// The thread behind a subscription: it blocks on its socket until it is
/// stopped.
private final class RedisListener: Sendable {
    // How long the server may be silent before it is asked, and how long it then may take.
    private static let silence = Duration.seconds(15)
    private static let patience = Duration.seconds(5)

    private let pattern: String
    private let url: RedisURL
    private let name: String
    private let waker: RedisWaker
    private let isStopped = Atomic(false)

    init(pattern: String, url: RedisURL, name: String, waker: RedisWaker) {
        self.pattern = pattern
        self.url = url
        self.name = name
        self.waker = waker
    }

    func stop() {
        isStopped.store(true, ordering: .releasing)
        waker.wake()
    }

    func listen(_ receive: (_ channel: [UInt8], _ message: [UInt8]) -> Void) {
        var backoff = RedisBackoff()
        var dialer = RedisDialer(to: url, name: name)
        while !isStopped.load(ordering: .acquiring) {
            do throws(RedisError) {
                let link = try dialer.open(until: .now + Self.patience)
                link.enqueue(RedisCommandFormat.bytes(of: [["PSUBSCRIBE", RedisArgument(pattern)]]))
                try follow(link) { message in
                    backoff = RedisBackoff()
                    if let message { receive(message.channel, message.bytes) }
                }
            } catch {
                // Nobody can be told; the listener's own looking now and then makes up for it.
                waker.wait(until: .now + backoff.next())
            }
        }
    }

    private typealias Message = (channel: [UInt8], bytes: [UInt8])

    // Calls `receive` for every message, and with nil for any other sign of life.
    private func follow(_ link: RedisLink, _ receive: (Message?) -> Void) throws(RedisError) {
        var deadline = ContinuousClock.now + Self.patience
        var isAsked = true
        while !isStopped.load(ordering: .acquiring) {
            let replies = try link.exchange(waker: waker, until: deadline)
            for reply in replies { receive(try message(in: reply)) }
            if !replies.isEmpty {
                isAsked = false
                deadline = .now + Self.silence
            } else if deadline <= .now {
                guard !isAsked else { throw RedisError(.timedOut, "Redis at '\(url)' fell silent") }
                link.enqueue(RedisCommandFormat.bytes(of: [["PING"]]))
                isAsked = true
                deadline = .now + Self.patience
            }
        }
    }

    private func message(in reply: RedisReply) throws(RedisError) -> Message? {
        switch reply {
        case .array(let parts) where parts.count == 4 && parts[0] == .string(Array("pmessage".utf8)):
            guard case .string(let channel) = parts[2], case .string(let bytes) = parts[3] else { return nil }
            return (channel, bytes)
        case .error(let text):
            throw RedisError.refusal(text, by: url)
        default:
            return nil
        }
    }
}

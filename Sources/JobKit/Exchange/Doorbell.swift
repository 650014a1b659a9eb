/// Tells a loop that there is something to do; rings that come together count once.
final class Doorbell: Sendable {
    /// One element for each time that it rang since the last look.
    let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Wakes the loop, now or when it looks next.
    func ring() { continuation.yield() }
}

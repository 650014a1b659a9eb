/// The proof that an order was signed for this agent, is whole, and is next in line.
///
/// Only ``DownlinkVerifier`` can make one; an ``AttemptHost`` accepts nothing less.
public struct VerifiedJob: Hashable, Sendable {
    /// The order.
    public let order: JobOrder

    init(order: JobOrder) { self.order = order }
}

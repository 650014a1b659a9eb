import OpenSSLCrypto

/// The place of a message in its stream: the panel's epoch and a number without gaps from 1.
public struct StreamPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Raised when the panel is restored from a backup; 1 at first.
    public var epoch: Int
    /// 1 for the first message of an epoch.
    public var number: Int

    /// A place.
    public init(epoch: Int, number: Int) {
        self.epoch = epoch
        self.number = number
    }

    /// Whether the left place comes first.
    public static func < (left: Self, right: Self) -> Bool {
        (left.epoch, left.number) < (right.epoch, right.number)
    }

    /// `<epoch>-<number>`, as Redis writes a stream's IDs.
    public var description: String { "\(epoch)-\(number)" }
}

/// The head of a chain of messages: the digest of the newest payload, which names the one before.
public struct ChainHead: Hashable, Sendable, CustomStringConvertible {
    /// The two streams of an agent.
    public enum Direction: String, Hashable, Sendable {
        /// From the panel to an agent.
        case down
        /// From an agent to the panel.
        case up
    }

    /// SHA-256 as 64 hexadecimal digits.
    public let description: String

    /// The head before the first message of an epoch.
    public init(genesis direction: Direction, agent: AgentID, epoch: Int) {
        description = Hex.encode(
            SHA256.digest(Array("provision-v1 \(direction.rawValue) \(agent) \(epoch)".utf8)))
    }

    /// The head after a message with that payload.
    public init(after payload: [UInt8]) { description = Hex.encode(SHA256.digest(payload)) }

    /// A head as written, or nil where the text is none.
    public init?(_ text: String) {
        guard Hex.decode(text)?.count == 32 else { return nil }
        description = text
    }
}

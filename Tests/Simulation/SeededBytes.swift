import Synchronization
import TestSupport

/// Bytes that come again with the same seed.
final class SeededBytes: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(seed: UInt64) { generator = Mutex(SeededGenerator(seed: seed)) }

    func take(_ count: Int) -> [UInt8] { generator.withLock { $0.bytes(count) } }
}

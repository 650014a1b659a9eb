import JobKit
import Synchronization
import TestSupport

/// The panel died at this point; what it knew beside its record is gone.
struct PanelCrash: Error {}

/// The panel's record, which is there after every crash; a crash may come before or after a commit.
final class SimulatedStore: JobStore {
    private struct Faults {
        var generator: SeededGenerator
        var crashes = 0.0
    }

    private let records = Mutex(MemoryJobStore())
    private let faults: Mutex<Faults>

    /// What is on the panel's disk.
    var record: MemoryJobStore {
        get { records.withLock(\.self) }
        set { records.withLock { $0 = newValue } }
    }

    init(seed: UInt64) { faults = Mutex(Faults(generator: SeededGenerator(seed: seed))) }

    /// How likely the panel dies around a commit.
    var crashes: Double {
        get { faults.withLock { $0.crashes } }
        set { faults.withLock { $0.crashes = newValue } }
    }

    private func dies() -> Bool {
        faults.withLock { faults in
            faults.crashes > 0 && Double.random(in: 0..<1, using: &faults.generator) < faults.crashes / 2
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Value
    ) async throws -> Value { try await record.read(body) }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Value
    ) async throws -> Value {
        if dies() { throw PanelCrash() }
        let value = try await record.write(body)
        if dies() { throw PanelCrash() }
        return value
    }
}

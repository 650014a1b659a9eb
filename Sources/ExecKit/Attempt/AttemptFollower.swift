import Dispatch
import Glibc
import JobKit
import Synchronization

/// Tells what happens to one attempt, from its folder alone.
///
/// It works the same for a runner that this agent started and for one that an
/// agent before it did. It looks for new output in short intervals, and at once
/// when the runner ends.
final class AttemptFollower: Sendable {
    /// How long new output may wait to be seen, in milliseconds.
    private static let interval: Int32 = 50

    private struct State {
        var reader: LogReader?
        var hasBegan = false
        var runner: Descriptor?
    }

    private let folder: AttemptFolder
    private let lastRecord: Int
    private let settle: @Sendable () -> AttemptStanding
    private let now: @Sendable () -> Timestamp
    private let continuation: AsyncStream<AttemptEvent>.Continuation
    private let queue = DispatchQueue(label: "ExecKit.AttemptFollower")
    private let state = Mutex(State())
    /// Set by the stream's end, whoever brought it about.
    private let isOver = Atomic(false)

    init(
        _ folder: AttemptFolder, afterRecord lastRecord: Int,
        settle: @escaping @Sendable () -> AttemptStanding,
        now: @escaping @Sendable () -> Timestamp, continuation: AsyncStream<AttemptEvent>.Continuation
    ) {
        self.folder = folder
        self.lastRecord = lastRecord
        self.settle = settle
        self.now = now
        self.continuation = continuation
    }

    /// Follows until the attempt's end, or until nobody listens.
    ///
    /// A thread waits for it, one for each script that runs: libdispatch's own watch of a descriptor was seen to end the
    /// process when its runner ended.
    func begin() {
        continuation.onTermination = { [weak self] _ in self?.isOver.store(true, ordering: .relaxed) }
        queue.async { [self] in
            while !isOver.load(ordering: .relaxed) {
                advance()
                wait()
            }
        }
    }

    /// Waits for the runner's end, but not for long.
    private func wait() {
        let runner = state.withLock(\.runner)
        var end = pollfd(fd: runner?.number ?? -1, events: Int16(POLLIN), revents: 0)
        if !isOver.load(ordering: .relaxed) { _ = poll(&end, 1, Self.interval) }
        withExtendedLifetime(runner) {}
    }

    private func advance() {
        state.withLock { state in
            guard !isOver.load(ordering: .relaxed) else { return }
            tellNews(&state)
            if state.runner == nil { state.runner = RunnerLock.holder(of: folder.directory) }
            if let runner = state.runner, !Self.hasEnded(runner) { return }
            switch settle() {
            // Somebody has the lock who has not signed it yet.
            case .running: state.runner = nil
            case .neverBegan:
                continuation.yield(.neverBegan)
                continuation.finish()
            case .ended(let result):
                tellNews(&state)
                continuation.yield(.ended(result))
                continuation.finish()
            }
        }
    }

    private func tellNews(_ state: inout State) {
        if !state.hasBegan, folder.directory.has(AttemptFile.began) {
            continuation.yield(.began(at: folder.beganAt ?? now()))
            state.hasBegan = true
            state.reader = try? LogReader(folder.directory)
        }
        while let record = state.reader?.next() {
            if record.number > lastRecord { continuation.yield(.log(record)) }
        }
    }

    private static func hasEnded(_ process: Descriptor) -> Bool {
        var entry = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }
}

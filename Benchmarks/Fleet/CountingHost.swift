import JobKit
import OpenSSLCrypto
import Synchronization

/// Where a light agent's attempts run: no process is started, each ends well at once, and what began is counted.
///
/// It outlives the agent's stops, as folders on a disk do.
final class CountingHost: AttemptHost {
    private struct State {
        var begun: [AttemptID: Int] = [:]
        var results: [AttemptID: AttemptResult] = [:]
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    /// How often each attempt began.
    var begun: [AttemptID: Int] { state.withLock { $0.begun } }

    func start(_ job: VerifiedJob) async throws(Refusal) {
        let moment = now()
        let log = AttemptResult.Log(records: 0, bytes: 0, cutBytes: 0, digest: Hex.encode(SHA256.digest([])))
        let result = AttemptResult(
            ending: .exited(code: 0), beganAt: moment, endedAt: moment, durationMilliseconds: 0, log: log)
        state.withLock { state in
            state.begun[job.order.attempt, default: 0] += 1
            state.results[job.order.attempt] = result
        }
    }

    func survey() async -> [AttemptID: AttemptStanding] {
        state.withLock { $0.results.mapValues { .ended($0) } }
    }

    func events(of attempt: AttemptID, afterRecord record: Int) -> AsyncStream<AttemptEvent> {
        let result = state.withLock { $0.results[attempt] }
        return AsyncStream { continuation in
            if let result, let beganAt = result.beganAt {
                continuation.yield(.began(at: beganAt))
                continuation.yield(.ended(result))
            }
            continuation.finish()
        }
    }

    func cancel(_ attempt: AttemptID) async {}

    func discard(_ attempt: AttemptID) async { state.withLock { $0.results[attempt] = nil } }
}

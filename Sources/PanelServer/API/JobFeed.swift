import JobKit
import ServiceLifecycle
import Synchronization

/// Wakes requests that wait for news of a job.
final class JobFeed: Sendable {
    private struct State {
        var listeners: [JobID: [Int: AsyncStream<Void>.Continuation]] = [:]
        var next = 0
    }

    private let state = Mutex(State())
    private let clock: any Clock<Duration>

    init(clock: any Clock<Duration>) { self.clock = clock }

    /// Wakes everyone who listens to this job.
    func tell(_ job: JobID) {
        for continuation in state.withLock({ Array(($0.listeners[job] ?? [:]).values) }) {
            continuation.yield()
        }
    }

    /// Listens from now on: news between this call and the wait are not missed.
    func subscribe(to job: JobID) -> Subscription {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.next += 1
            state.listeners[job, default: [:]][state.next] = continuation
            return state.next
        }
        return Subscription(stream: stream, clock: clock) { [self] in
            state.withLock { state in
                state.listeners[job]?[id] = nil
                if state.listeners[job]?.isEmpty ?? false { state.listeners[job] = nil }
            }
        }
    }

    /// One request's ear; ends with the value.
    final class Subscription: Sendable {
        private let stream: AsyncStream<Void>
        private let clock: any Clock<Duration>
        private let onEnd: @Sendable () -> Void

        fileprivate init(
            stream: AsyncStream<Void>, clock: any Clock<Duration>, onEnd: @escaping @Sendable () -> Void
        ) {
            self.stream = stream
            self.clock = clock
            self.onEnd = onEnd
        }

        deinit { onEnd() }

        /// Returns at the first news, after so many seconds, or when the panel is told to stop.
        func wait(seconds: Int) async {
            await cancelWhenGracefulShutdown { [stream, clock] in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { for await _ in stream { return } }
                    group.addTask { try? await clock.sleep(for: .seconds(seconds)) }
                    await group.next()
                    group.cancelAll()
                }
            }
        }
    }
}

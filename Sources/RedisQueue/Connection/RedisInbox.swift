internal import Synchronization

/// Where requests wait for a connection's queue to take them, all that are
/// there at once.
final class RedisInbox: Sendable {
    private struct State {
        var requests: [RedisRequest] = []
        /// Whether the queue works on requests, or is about to.
        var isServed = false
        /// Whether the queue waits for the socket and must be woken.
        var isWaiting = false
        var isClosed = false
    }

    /// Ends the queue's wait for its socket.
    let waker: RedisWaker
    private let state = Mutex(State())

    init() throws(RedisError) {
        waker = try RedisWaker()
    }

    /// What a call that has put something in must see to.
    enum Duty {
        case none
        case serve
        case refuse
    }

    /// Puts a request in and says what the caller must do about it.
    func submit(_ request: RedisRequest) -> Duty {
        state.withLock { state in
            if state.isClosed { return .refuse }
            state.requests.append(request)
            return alert(&state)
        }
    }

    /// Takes no more requests and says what the caller must do about it.
    func close() -> Duty {
        state.withLock { state in
            state.isClosed = true
            return alert(&state)
        }
    }

    /// Whether ``close()`` was called.
    var isClosed: Bool { state.withLock(\.isClosed) }

    /// All requests in the order they came; nil, and the end of serving, where
    /// there is nothing left to do.
    func take(isBusy: Bool) -> [RedisRequest]? {
        state.withLock { state in
            state.isWaiting = false
            guard isBusy || !state.requests.isEmpty else {
                state.isServed = false
                return nil
            }
            defer { state.requests = [] }
            return state.requests
        }
    }

    /// Announces a wait for the socket; false where there is something to take
    /// already.
    func beginWaiting() -> Bool {
        state.withLock { state in
            state.isWaiting = state.requests.isEmpty && !state.isClosed
            return state.isWaiting
        }
    }

    private func alert(_ state: inout State) -> Duty {
        if state.isWaiting {
            state.isWaiting = false
            waker.wake()
        }
        defer { state.isServed = true }
        return state.isServed ? .none : .serve
    }
}

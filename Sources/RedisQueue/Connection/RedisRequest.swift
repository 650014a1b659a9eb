internal import Synchronization

/// Commands on their way, and the one who awaits their replies.
final class RedisRequest: Sendable {
    typealias Outcome = Result<[RedisReply], RedisError>

    private enum State {
        case new
        case awaited(CheckedContinuation<Outcome, Never>)
        case finished(Outcome)
    }

    /// The commands as they travel.
    let bytes: [UInt8]
    /// How many replies they get.
    let replyCount: Int
    /// When there is no more use in waiting.
    let deadline: ContinuousClock.Instant

    private let state = Mutex(State.new)

    init(_ commands: [[RedisArgument]], timeout: Duration) {
        bytes = RedisCommandFormat.bytes(of: commands)
        replyCount = commands.count
        deadline = .now + timeout
    }

    /// Whether nobody awaits its replies any more.
    var isFinished: Bool {
        state.withLock { if case .finished = $0 { true } else { false } }
    }

    /// Ends the wait; only the first outcome counts.
    func finish(_ outcome: Outcome) {
        let continuation = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            defer {
                if case .finished = state {} else { state = .finished(outcome) }
            }
            if case .awaited(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(returning: outcome)
    }

    /// The outcome, however long that takes; `submit` is called once the wait
    /// has begun.
    func outcome(submit: () -> Void) async -> Outcome {
        await withCheckedContinuation { continuation in
            let early = state.withLock { state -> Outcome? in
                if case .finished(let outcome) = state { return outcome }
                state = .awaited(continuation)
                return nil
            }
            if let early { continuation.resume(returning: early) } else { submit() }
        }
    }
}

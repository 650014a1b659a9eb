internal import Dispatch

/// A connection to Redis that comes back by itself.
///
/// Commands are pipelined: what several tasks ask while answers are awaited
/// goes out at once, and answers come in the order of the questions. The first
/// command connects. When the connection breaks, or an answer is not there in
/// time, every command on its way fails, and the next one connects again: at
/// once, then with growing pauses, until its own time is up.
///
/// - Important: A blocking read holds up all commands behind it; it wants a
///   connection of its own.
package actor RedisConnection {
    /// The server's address.
    package nonisolated let url: RedisURL

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let executor: DispatchQueueExecutor
    private nonisolated let inbox: RedisInbox

    /// How long one attempt to connect may take, so that the next one is not
    /// kept from a server that came back.
    private static let attemptTime = Duration.seconds(5)

    /// A request on the link, and the replies that it has got so far.
    private struct Question {
        let request: RedisRequest
        var replies: [RedisReply] = []
    }

    private var dialer: RedisDialer
    private var link: RedisLink?
    private var unsent: [RedisRequest] = []
    private var unanswered: [Question] = []
    private var backoff = RedisBackoff()
    /// Why there is no link, as far as the attempts so far have shown.
    private var trouble: RedisError?

    /// A connection that is made when the first command needs it.
    ///
    /// - Parameter name: what the server's list of clients shows; without
    ///   spaces.
    package init(to url: RedisURL, name: String) throws(RedisError) {
        self.url = url
        dialer = RedisDialer(to: url, name: name)
        inbox = try RedisInbox()
        executor = DispatchQueueExecutor(label: "redis \(name)")
    }

    // MARK: - Asking

    /// The answer to one command; an error reply is thrown.
    package nonisolated func command(
        _ words: RedisArgument..., timeout: Duration = .seconds(5)
    ) async throws(RedisError) -> RedisReply {
        try checked(try await pipeline([words], timeout: timeout)[0])
    }

    /// The answers to commands sent together, error replies among them.
    package nonisolated func pipeline(
        _ commands: [[RedisArgument]], timeout: Duration = .seconds(5)
    ) async throws(RedisError) -> [RedisReply] {
        guard !commands.isEmpty else { return [] }
        let request = RedisRequest(commands, timeout: timeout)
        let outcome = await withTaskCancellationHandler {
            await request.outcome { submit(request) }
        } onCancel: {
            // The replies still come, in their place, and are dropped there.
            request.finish(.failure(RedisError(.cancelled, "the wait for Redis at '\(url)' was cancelled")))
        }
        return try outcome.get()
    }

    /// The reply, or an error reply as a thrown error.
    package nonisolated func checked(_ reply: RedisReply) throws(RedisError) -> RedisReply {
        guard case .error(let text) = reply else { return reply }
        throw RedisError.refusal(text, by: url)
    }

    /// Ends the connection for good; commands on their way and later ones fail.
    package nonisolated func close() {
        if case .serve = inbox.close() { startServing() }
    }

    private nonisolated func submit(_ request: RedisRequest) {
        switch inbox.submit(request) {
        case .none: break
        case .serve: startServing()
        case .refuse: request.finish(.failure(closedError))
        }
    }

    private nonisolated func startServing() {
        executor.queue.async { self.assumeIsolated { $0.serve() } }
    }

    private nonisolated var closedError: RedisError {
        RedisError(.closed, "the connection to Redis at '\(url)' was closed by this side")
    }

    // MARK: - Serving

    /// Works until every request has its replies; blocks this actor's own queue
    /// meanwhile.
    private func serve() {
        while let arrivals = inbox.take(isBusy: !unsent.isEmpty || !unanswered.isEmpty) {
            unsent += arrivals
            unsent.removeAll(where: \.isFinished)
            if inbox.isClosed {
                lose(closedError)
                refuse(unsent, with: closedError)
                unsent = []
            } else if !unsent.isEmpty || !unanswered.isEmpty, let link = connectedLink() {
                do throws(RedisError) {
                    try exchange(over: link)
                } catch {
                    lose(error)
                }
            }
        }
        if inbox.isClosed { link = nil }
    }

    /// The link, a new one where there is none; nil where none came about,
    /// after a pause.
    private func connectedLink() -> RedisLink? {
        if unanswered.isEmpty, link?.isStale == true { link = nil }
        if let link { return link }
        do throws(RedisError) {
            let deadline = unsent.map(\.deadline).min() ?? .now
            link = try dialer.open(until: min(deadline, .now + Self.attemptTime))
            backoff = RedisBackoff()
            trouble = nil
            return link
        } catch {
            // That time ran out in the last attempt tells less than what went wrong in those before.
            if trouble == nil || error.code != .timedOut { trouble = error }
            pause(after: trouble ?? error)
            return nil
        }
    }

    /// Gives up requests that cannot wait for another attempt, and waits with
    /// the others.
    private func pause(after error: RedisError) {
        let now = ContinuousClock.now
        refuse(unsent.filter { error.isFinal || $0.deadline <= now }, with: error)
        unsent.removeAll(where: \.isFinished)
        guard let deadline = unsent.map(\.deadline).min(), inbox.beginWaiting() else { return }
        inbox.waker.wait(until: min(deadline, now + backoff.next()))
    }

    /// Sends what is unsent, waits once and hands out the replies.
    private func exchange(over link: RedisLink) throws(RedisError) {
        for request in unsent { link.enqueue(request.bytes) }
        unanswered += unsent.map { Question(request: $0) }
        unsent = []
        let deadline = unanswered.map(\.request.deadline).min() ?? .now
        let replies = try link.exchange(waker: inbox.waker, until: inbox.beginWaiting() ? deadline : .now)
        try handOut(replies)
        guard unanswered.allSatisfy({ $0.request.deadline > .now }) else {
            throw RedisError(.timedOut, "Redis at '\(url)' did not answer in time")
        }
    }

    private func handOut(_ replies: [RedisReply]) throws(RedisError) {
        var answered = 0
        var isDemoted = false
        defer { unanswered.removeFirst(answered) }
        for reply in replies {
            guard answered < unanswered.count else {
                throw RedisError(.protocolViolated, "Redis at '\(url)' sent an answer to no question")
            }
            unanswered[answered].replies.append(reply)
            let question = unanswered[answered]
            if question.replies.count == question.request.replyCount {
                question.request.finish(.success(question.replies))
                answered += 1
            }
            isDemoted = isDemoted || reply.showsDemotion
        }
        guard !isDemoted || !url.hasSentinels else {
            // The sentinels know by now who is the master instead.
            throw RedisError(.connectionLost, "Redis at '\(url)' is no master any more")
        }
    }

    /// Gives up the link and what was asked over it.
    private func lose(_ error: RedisError) {
        link = nil
        let requests = unanswered.map(\.request)
        unanswered = []
        guard error.code == .replyTooLarge else { return refuse(requests, with: error) }
        // Only one asked for that much: the first, for answers come in the order of the questions.
        refuse(Array(requests.prefix(1)), with: error)
        refuse(
            Array(requests.dropFirst()),
            with: RedisError(.connectionLost, "Redis at '\(url)' answered another command too largely"))
    }

    private func refuse(_ requests: [RedisRequest], with error: RedisError) {
        for request in requests { request.finish(.failure(error)) }
    }
}

import JobKit

// None of these may run in the actor's place: its queue is blocked while answers are awaited,
// so that neither another question nor a cancellation would get through.
extension RedisConnection {
    /// The replies, none of them an error.
    nonisolated func ask(_ commands: [[RedisArgument]], timeout: Duration = .seconds(5))
        async throws(QueueError)
        -> [RedisReply]
    {
        do throws(RedisError) {
            let replies = try await pipeline(commands, timeout: timeout)
            for reply in replies { _ = try checked(reply) }
            return replies
        } catch {
            throw QueueError(error.description)
        }
    }

    /// The replies, errors among them.
    nonisolated func replies(to commands: [[RedisArgument]]) async throws(QueueError) -> [RedisReply] {
        do throws(RedisError) {
            return try await pipeline(commands)
        } catch {
            throw QueueError(error.description)
        }
    }

    /// The answers about agents' own keys; nil where an agent has made its key
    /// unreadable.
    ///
    /// An agent may write into its keys what it likes: another type, or more
    /// than an answer can hold. That must not keep the panel from all others.
    nonisolated func askEach(
        _ commands: [[RedisArgument]], timeout: Duration = .seconds(5)
    ) async throws(QueueError) -> [RedisReply?] {
        do throws(RedisError) {
            var answers: [RedisReply?] = []
            for reply in try await pipeline(commands, timeout: timeout) {
                if RedisStream.isSpoilt(reply) {
                    answers.append(nil)
                } else {
                    answers.append(try checked(reply))
                }
            }
            return answers
        } catch {
            guard error.code == .replyTooLarge else { throw QueueError(error.description) }
        }
        guard commands.count > 1 else { return [nil] }
        let middle = commands.count / 2
        return try await askEach(Array(commands[..<middle]), timeout: timeout)
            + askEach(Array(commands[middle...]), timeout: timeout)
    }

    /// What came of adding entries to streams; other commands may follow.
    ///
    /// A key that is no stream is dropped, and its entries are added once more: its writer is the one who may.
    nonisolated func additions(
        _ entries: [(key: RedisArgument, entry: StreamEntry)], then others: [[RedisArgument]] = [],
        timeout: Duration = .seconds(5)
    ) async throws(QueueError) -> [Addition] {
        let commands = entries.map { RedisStream.add($0.entry, to: $0.key) }
        do throws(RedisError) {
            let replies = try await pipeline(commands + others, timeout: timeout)
            let spoilt = entries.indices.filter { RedisStream.isSpoilt(replies[$0]) }
            var additions: [Addition] = []
            for index in entries.indices {
                additions.append(
                    spoilt.contains(index) ? .outOfOrder : try RedisStream.addition(replies[index], on: self))
            }
            guard !spoilt.isEmpty else { return additions }
            let drops = Set(spoilt.map { entries[$0].key }).map { ["DEL", $0] }
            let repeated = drops + spoilt.map { commands[$0] }
            let again = try await pipeline(repeated, timeout: timeout).dropFirst(drops.count)
            for (index, reply) in zip(spoilt, again) where !RedisStream.isSpoilt(reply) {
                additions[index] = try RedisStream.addition(reply, on: self)
            }
            return additions
        } catch {
            throw QueueError(error.description)
        }
    }
}

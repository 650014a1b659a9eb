import JobKit

/// How a server took commands that can have no effect.
package struct RedisTrial: Sendable {
    /// How it refused what the user may not do; nil where the user may do all.
    package let denial: String?
    /// How it failed at something else, as a copy or a full server does.
    package let failure: String?

    /// Whether it would have done all of it.
    package var isFine: Bool { denial == nil && failure == nil }

    /// An entry that Redis refuses before it looks for the stream.
    static let entry = StreamEntry(position: StreamPosition(epoch: 0, number: 0), bytes: [])

    init(_ replies: [RedisReply], by url: RedisURL) {
        let errors = replies.compactMap { reply -> RedisError? in
            guard case .error(let text) = reply, !Self.isExpected(text) else { return nil }
            return RedisError.refusal(text, by: url)
        }
        denial = errors.first { $0.word == "NOPERM" }?.message
        failure = errors.first { $0.word != "NOPERM" }?.message
    }

    // An ID and a time that there cannot be are all it minds: it would have taken others.
    private static func isExpected(_ text: String) -> Bool {
        text.contains("must be greater than 0-0") || text.contains("invalid expire time")
    }
}

/// Why Redis did not do what it was asked, or did not say so.
///
/// The message names the server without its credentials. Except for the codes
/// ``Code/refused``, ``Code/unreachable``, ``Code/addressInvalid``,
/// ``Code/trustUnusable`` and ``Code/untrusted``, the command may have been
/// executed all the same.
package struct RedisError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for code that decides on it.
    package enum Code: String, Sendable, CaseIterable {
        /// The address is not one of a Redis server.
        case addressInvalid
        /// A file that encryption needs cannot be used.
        case trustUnusable
        /// The server has not proven who it is, or does not take our proof.
        case untrusted
        /// No connection came about.
        case unreachable
        /// The connection broke before the answer came.
        case connectionLost
        /// The answer did not come in time; the connection was given up.
        case timedOut
        /// What the server sent is no answer; the connection was given up.
        case protocolViolated
        /// The answer was too large to take in; the connection was given up.
        case replyTooLarge
        /// Redis answered with an error; ``RedisError/word`` is its first word.
        case refused
        /// The waiting task was cancelled.
        case cancelled
        /// This side has closed the connection for good.
        case closed
    }

    /// What went wrong.
    package let code: Code
    /// One sentence for people.
    package let message: String
    /// The first word of Redis's own error, such as `READONLY` or `NOAUTH`.
    package let word: String?

    init(_ code: Code, _ message: String, word: String? = nil) {
        self.code = code
        self.message = message
        self.word = word
    }

    /// Whether another attempt would come to the same.
    var isFinal: Bool { [.refused, .untrusted, .trustUnusable].contains(code) }

    /// The code and the sentence.
    package var description: String { "\(code.rawValue): \(message)" }
}

extension RedisError {
    /// An error reply as a thrown error.
    static func refusal(_ text: String, by address: RedisURL) -> RedisError {
        let shown = printable(text)
        let word = shown.prefix { $0 != " " }
        return RedisError(.refused, "Redis at '\(address)' answered '\(shown)'", word: String(word))
    }

    /// The error of a connection that is no more.
    static func lost(_ address: RedisURL, _ reason: String) -> RedisError {
        RedisError(.connectionLost, "the connection to Redis at '\(address)' broke: \(reason)")
    }

    // The text comes from the other side: no control characters for a log, and no endless lines.
    private static func printable(_ text: String) -> String {
        let characters = text.unicodeScalars.prefix(200).map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "?" : Character(scalar)
        }
        return String(characters)
    }
}

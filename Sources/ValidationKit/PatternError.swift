/// Why a pattern is not used.
public struct PatternError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of reasons.
    public enum Code: String, Sendable {
        /// The pattern is not well-formed.
        case malformed
        /// The pattern is well-formed and uses what is not allowed.
        case unsupported
    }

    /// The kind of reason.
    public let code: Code
    /// How many characters of the pattern stand before the place.
    public let offset: Int
    /// The rest of a sentence that begins with the pattern.
    public let predicate: String

    init(_ code: Code, at offset: Int, _ predicate: String) {
        self.code = code
        self.offset = offset
        self.predicate = predicate
    }

    /// The reason on one line.
    public var description: String { "the pattern \(predicate)" }
}

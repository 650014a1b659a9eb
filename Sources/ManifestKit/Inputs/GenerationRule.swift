/// How a value is made where none is given: once, and kept for every later run.
public struct GenerationRule: Sendable, Hashable {
    /// What is made.
    public enum Kind: String, Sendable, CaseIterable {
        /// Characters of an alphabet.
        case password
        /// Hexadecimal digits.
        case hex
        /// Base64 without padding, in the alphabet for addresses.
        case base64
        /// A random UUID, version 4.
        case uuid
        /// A port's number.
        case port

        /// The characters that are made unless the manifest says how many.
        package var standardLength: Int {
            switch self {
            case .password: 24
            case .hex, .base64: 32
            case .uuid: 36
            case .port: 5
            }
        }

        /// Whether the manifest may say how many characters are made.
        package var takesLength: Bool { self == .password || self == .hex || self == .base64 }
    }

    /// What is made.
    public let kind: Kind
    /// How many characters.
    public let length: Int
    /// The characters that a password is made of.
    public let alphabet: String

    /// Letters and digits that no reader takes for one another.
    package static let standardAlphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
}

/// The name of an input: `server_name`.
///
/// A lower-case letter or underscore, then up to 62 lower-case letters, digits
/// and underscores.
public struct InputName: Hashable, Sendable, CustomStringConvertible {
    /// The name's text.
    public let description: String

    /// The name if `text` is one, or nil.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= 63, Self.isLetter(first),
            bytes.allSatisfy({ Self.isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        description = text
    }

    /// The rest of a sentence that begins with a text that is none.
    static let predicate =
        "is not lower-case letters, digits and underscores, at most 63, a letter or underscore first"

    /// The variable a script finds the input in, unless the manifest names another.
    public var environmentName: String { description.uppercased() }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
    }
}

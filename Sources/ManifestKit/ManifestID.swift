/// The name of an application, which is also its folder's: `nginx`.
///
/// Lower-case letters and digits with single hyphens between them, at most 63.
public struct ManifestID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name's text.
    public let description: String

    /// The name if `text` is one, or nil.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard text.utf8.count <= 63, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isAlphanumeric) })
        else { return nil }
        description = text
    }

    /// Whether the first name sorts before the second.
    public static func < (first: ManifestID, second: ManifestID) -> Bool {
        first.description < second.description
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

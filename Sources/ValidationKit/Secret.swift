/// A text that is never shown: it prints as `••••`, cannot be encoded, and reveals itself only when told to.
///
/// - Important: every use of ``reveal()`` and ``withUnsafeBytes(_:)`` is a place
///   where the secret leaves the house's care; there should be few of them.
public struct Secret: Sendable {
    private let storage: Storage

    /// A secret that holds `text`.
    public init(_ text: String) { storage = Storage(Array(text.utf8)) }

    /// The text.
    public func reveal() -> String { String(decoding: storage.bytes, as: UTF8.self) }

    /// The size in bytes, which is no secret.
    public var count: Int { storage.bytes.count }

    /// Lends the text's bytes in UTF-8.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
    {
        try storage.bytes.withUnsafeBytes(body)
    }

    /// Keeps the bytes behind a reference: a value that is dumped or mirrored shows nothing of them.
    private final class Storage: Sendable, CustomReflectable, CustomStringConvertible {
        let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        var description: String { Secret.mask }
        var customMirror: Mirror { Mirror(self, children: []) }
    }

    private static let mask = "••••"
}

extension Secret: Equatable {
    /// Whether both hold the same bytes; the time this takes depends on their number alone.
    public static func == (first: Secret, second: Secret) -> Bool {
        let (left, right) = (first.storage.bytes, second.storage.bytes)
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Four dots, whatever the secret.
    public var description: String { Self.mask }

    /// Four dots, whatever the secret.
    public var debugDescription: String { Self.mask }

    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

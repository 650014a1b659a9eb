public import JobKit

/// The record could not be opened, read or written.
///
/// Codes are for programs, the message is for people. Neither holds a value
/// that was to be stored; the cause may, and is printed only on demand.
public struct StoreError: StoreFailure, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public struct Code: Hashable, Sendable, CaseIterable, CustomStringConvertible {
        private enum Value: String {
            case inUse = "in_use"
            case damaged
            case newerVersion = "newer_version"
            case cannotOpen = "cannot_open"
            case diskFull = "disk_full"
            case diskFailed = "disk_failed"
            case refused
            case unavailable
        }

        private let value: Value

        /// Another process works with the file.
        public static let inUse = Code(value: .inUse)
        /// What the file holds is not what was written there; a backup is needed.
        public static let damaged = Code(value: .damaged)
        /// A newer version of the panel has changed the file's form.
        public static let newerVersion = Code(value: .newerVersion)
        /// The file cannot be opened or is another program's.
        public static let cannotOpen = Code(value: .cannotOpen)
        /// There is no room; nothing was written, and the store goes on once there is.
        public static let diskFull = Code(value: .diskFull)
        /// The disk refused to read or write; the store takes no more writes.
        public static let diskFailed = Code(value: .diskFailed)
        /// A rule of the schema refused the change: our own bug.
        public static let refused = Code(value: .refused)
        /// Anything else; trying again may help.
        public static let unavailable = Code(value: .unavailable)

        /// Every code there is.
        public static let allCases: [Code] = [
            inUse, damaged, newerVersion, cannotOpen, diskFull, diskFailed, refused, unavailable,
        ]

        /// The code's stable name.
        public var description: String { value.rawValue }
    }

    /// What kind of failure it is.
    public let code: Code
    /// One sentence for people.
    public let message: String
    /// What SQLite or the system said, or nil; not part of the description.
    public let underlying: (any Error)?

    init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// Whether trying again later may help: the disk was full, or busy.
    public var isPassing: Bool { code == .diskFull || code == .unavailable }

    /// Whether what was to be written is to blame: a rule of the record refused it.
    public var isOfContent: Bool { code == .refused }

    /// `code: message`.
    public var description: String { "\(code): \(message)" }
}

import Glibc

/// An operation of ExecKit that did not happen.
public struct ExecKitError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of operation it was.
    public enum Code: String, Sendable, CaseIterable {
        /// The kernel refused a call; the message holds its reason.
        case system
        /// A file of ours does not hold what we write into it.
        case damaged
        /// The server has no writable cgroup v2.
        case noControlGroup
    }

    /// What kind of operation it was.
    public let code: Code
    /// One sentence for people, without any secret.
    public let message: String
    /// The kernel's number for the reason, where there is one.
    package let number: Int32?

    package init(_ code: Code, _ message: String, number: Int32? = nil) {
        self.code = code
        self.message = message
        self.number = number
    }

    /// The kernel's refusal of `operation` ("open"), from `errno` as it stands.
    package static func system(_ operation: String, _ path: String, number: Int32 = errno) -> ExecKitError {
        ExecKitError(
            .system, "cannot \(operation) '\(path)': \(String(cString: strerror(number)))", number: number)
    }

    /// The sentence.
    public var description: String { message }
}

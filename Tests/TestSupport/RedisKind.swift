import Glibc
import Testing

/// Which program a ``RedisServer`` is.
package enum RedisKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// The distribution's Redis.
    case installed = "redis-server"
    /// The oldest Redis that panel and agent work with, and which knows no rights by key.
    case oldest = "redis-server-6.2"
    /// Valkey.
    case valkey = "valkey-server"

    package var testDescription: String { rawValue }

    /// What starts it; `scripts/packages test` brings those that the distribution lacks.
    var program: String { self == .installed ? rawValue : "\(Self.folder)/\(rawValue)" }

    /// Whether it is on this machine.
    package var isThere: Bool { self == .installed || access(program, X_OK) == 0 }

    /// Those that are on this machine.
    package static var present: [RedisKind] { allCases.filter(\.isThere) }

    private static let folder =
        #filePath.split(separator: "/", omittingEmptySubsequences: false)
        .dropLast(3).joined(separator: "/") + "/.build/servers"
}

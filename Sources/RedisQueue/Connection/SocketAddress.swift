internal import Glibc

/// An address as connect(2) takes it.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length: socklen_t

    /// AF_UNIX, AF_INET or AF_INET6.
    var family: CInt { CInt(storage.ss_family) }

    init(copying source: UnsafeRawBufferPointer) {
        length = socklen_t(source.count)
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.prefix($0.count)))
        }
    }

    /// The addresses of a server, the preferred one first.
    static func all(
        of url: RedisURL, until deadline: ContinuousClock.Instant
    ) throws(RedisError) -> [SocketAddress] {
        switch url.endpoint {
        case .unix(let path): [socket(at: path)]
        case .tcp(let host, let port): try resolved(host, port: port, for: url, until: deadline)
        case .master: preconditionFailure("a master has an address only where a sentinel has named it")
        }
    }

    /// Calls the body with the address and its length.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>?, socklen_t) -> Result) -> Result {
        withUnsafeBytes(of: storage) { body($0.baseAddress?.assumingMemoryBound(to: sockaddr.self), length) }
    }

    // The parser of addresses has seen to it that the path and its zero byte fit.
    private static func socket(at path: String) -> SocketAddress {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafeBytes(of: address) { SocketAddress(copying: $0) }
    }

    private static func resolved(
        _ host: String, port: UInt16, for url: RedisURL, until deadline: ContinuousClock.Instant
    ) throws(RedisError) -> [SocketAddress] {
        do throws(NameLookup.Failure) {
            return try NameLookup.addresses(of: host, port: port, until: deadline)
        } catch {
            switch error {
            case .refused(let reason):
                throw RedisError(.unreachable, "Redis at '\(url)' cannot be reached: \(reason)")
            case .timedOut:
                throw RedisError(
                    .timedOut,
                    "Redis at '\(url)' cannot be reached: the name '\(host)' was not looked up in time")
            }
        }
    }
}

/// Where a Redis server is, and as whom to speak to it.
///
/// - `redis://[[user]:password@]host[:port][/database]`, a host in brackets
///   where it is an IPv6 address
/// - `rediss://…`, the same with TLS
/// - `unix://[[user]:password@]/path[?db=database]`
///
/// User, password, host and path may be percent-encoded. It prints without its
/// credentials.
package struct RedisURL: Sendable, CustomStringConvertible {
    /// What a socket is connected to.
    package enum Endpoint: Hashable, Sendable {
        /// A host's name or number, and its port.
        case tcp(host: String, port: UInt16)
        /// The path of a socket.
        case unix(path: String)
    }

    /// What a socket is connected to.
    package let endpoint: Endpoint
    /// Whether the connection is to be encrypted.
    package let isEncrypted: Bool
    /// The number of the database; 0 where none is given.
    package let database: Int
    /// The user of Redis's access list; nil for the default one.
    package let user: String?
    let password: RedisPassword?
    /// The files by which both ends know each other, where it is encrypted.
    package var trust = RedisTrust()

    /// The address that the text spells.
    package init(_ text: String, trust: RedisTrust = RedisTrust()) throws(RedisError) {
        self = try RedisURLParser.parse(text)
        self.trust = trust
    }

    init(endpoint: Endpoint, isEncrypted: Bool, database: Int, credentials: RedisURLParser.Credentials) {
        self.endpoint = endpoint
        self.isEncrypted = isEncrypted
        self.database = database
        self.user = credentials.user
        self.password = credentials.password
    }

    /// The host that a server's certificate has to be for; empty for a socket.
    var host: String {
        if case .tcp(let host, _) = endpoint { host } else { "" }
    }

    /// The address without user and password.
    package var description: String {
        switch endpoint {
        case .tcp(let host, let port):
            let host = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
            return "\(isEncrypted ? "rediss" : "redis")://\(host):\(port)/\(database)"
        case .unix(let path):
            return "unix://\(path)?db=\(database)"
        }
    }
}

/// Where a Redis server is, as whom to speak to it, and whom to trust there.
///
/// - `redis://[[user]:password@]host[:port][/database]`, a host in brackets
///   where it is an IPv6 address
/// - `rediss://…`, the same with TLS
/// - `redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/master`
///   `[/database]`: the master that these sentinels name, its user and password
/// - `rediss+sentinel://…`, the same with TLS to sentinels and master
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
        /// Whatever server the sentinels say is the master of this name.
        case master(name: String, sentinels: [RedisPlace])
    }

    /// What a socket is connected to.
    package let endpoint: Endpoint
    /// Whether the connection is to be encrypted.
    package let isEncrypted: Bool
    /// The number of the database; 0 where none is given.
    package let database: Int
    private let credentials: RedisCredentials
    /// The files by which both ends know each other, where it is encrypted.
    package var trust = RedisTrust()
    /// As whom to speak to the sentinels; the address's own are the master's.
    package var sentinelCredentials: RedisCredentials?

    /// The user of Redis's access list; nil for the default one.
    package var user: String? { credentials.user }
    var password: RedisPassword? { credentials.password }

    /// The address that the text spells.
    package init(_ text: String, trust: RedisTrust = RedisTrust()) throws(RedisError) {
        self = try RedisURLParser.parse(text)
        self.trust = trust
    }

    init(endpoint: Endpoint, isEncrypted: Bool, database: Int, credentials: RedisCredentials) {
        self.endpoint = endpoint
        self.isEncrypted = isEncrypted
        self.database = database
        self.credentials = credentials
    }

    /// Whether sentinels are asked where the server is.
    package var hasSentinels: Bool {
        if case .master = endpoint { true } else { false }
    }

    /// Whether no network is between this machine and the server.
    package var isOfThisMachine: Bool {
        switch endpoint {
        case .unix: true
        case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        case .master: false
        }
    }

    /// The host that a server's certificate has to be for; empty where no
    /// single host is named.
    var host: String {
        if case .tcp(let host, _) = endpoint { host } else { "" }
    }

    /// The address of one of the sentinels.
    func sentinel(at place: RedisPlace) -> RedisURL {
        at(place, database: 0, sentinelCredentials ?? RedisCredentials())
    }

    /// The address of the server that a sentinel has named.
    func master(at place: RedisPlace) -> RedisURL { at(place, database: database, credentials) }

    private func at(_ place: RedisPlace, database: Int, _ credentials: RedisCredentials) -> RedisURL {
        var url = RedisURL(
            endpoint: .tcp(host: place.host, port: place.port), isEncrypted: isEncrypted,
            database: database, credentials: credentials)
        url.trust = trust
        return url
    }

    /// The address with a user of Redis's access list, whose name and password
    /// need no escape.
    package func description(user: String, password: String) -> String {
        description.replacing("://", with: "://\(user):\(password)@", maxReplacements: 1)
    }

    /// The address without user and password.
    package var description: String {
        let scheme = isEncrypted ? "rediss" : "redis"
        switch endpoint {
        case .tcp(let host, let port):
            return "\(scheme)://\(RedisPlace(host: host, port: port))/\(database)"
        case .unix(let path):
            return "unix://\(path.percentEncoded)?db=\(database)"
        case .master(let name, let sentinels):
            let places = sentinels.map(\.description).joined(separator: ",")
            return "\(scheme)+sentinel://\(places)/\(name)/\(database)"
        }
    }
}

/// As whom to speak to a server.
package struct RedisCredentials: Sendable {
    /// The user of the server's access list; nil for the default one.
    package let user: String?
    let password: RedisPassword?

    /// Nobody: a server without a password.
    init() { (user, password) = (nil, nil) }

    init(user: String?, password: RedisPassword) {
        self.user = user
        self.password = password
    }

    /// A user, or the default one, by a password.
    package init(user: String?, password: String) {
        self.init(user: user, password: RedisPassword(bytes: Array(password.utf8)))
    }
}

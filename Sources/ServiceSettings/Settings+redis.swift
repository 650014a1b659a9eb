package import RedisQueue

extension Settings {
    /// Where Redis is, and how both ends know each other.
    ///
    /// From `REDIS_URL`; for TLS also `REDIS_CA_FILE`, `REDIS_CERT_FILE` and
    /// `REDIS_KEY_FILE`; for sentinels `REDIS_SENTINEL_USER` and
    /// `REDIS_SENTINEL_PASSWORD`.
    package func redis() throws -> RedisURL {
        var url = try redisURL()
        url.trust = try trust(where: url.isEncrypted)
        url.sentinelCredentials = try sentinelCredentials(where: url.hasSentinels)
        return url
    }

    /// What the names of keys begin with, from `REDIS_PREFIX`; the same for panel and agents.
    package func redisPrefix() throws -> String {
        guard let text = text("REDIS_PREFIX") else { return RedisJobQueue.defaultPrefix }
        // Nothing that means something to a pattern of Redis's access list.
        guard (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0.isLetterOrDigit || ":_.-".utf8.contains($0) })
        else {
            throw StartupProblem(
                "REDIS_PREFIX is '\(text.prefix(80))'; it takes 1 to 64 letters, digits, ':', '_', '.' and '-'"
            )
        }
        return text
    }

    private func redisURL() throws -> RedisURL {
        let text = try secret("REDIS_URL") ?? "redis://localhost:6379/0"
        do throws(RedisError) {
            return try RedisURL(text)
        } catch {
            throw StartupProblem("REDIS_URL cannot be used: \(error.message)")
        }
    }

    /// The files are read once here, so that one that cannot be used is told before anything starts.
    private func trust(where isEncrypted: Bool) throws -> RedisTrust {
        let trust = RedisTrust(
            authorityFile: try file("REDIS_CA_FILE"), certificateFile: try file("REDIS_CERT_FILE"),
            keyFile: try file("REDIS_KEY_FILE"))
        guard isEncrypted else {
            if trust.isEmpty { return trust }
            throw StartupProblem(
                "REDIS_CA_FILE, REDIS_CERT_FILE and REDIS_KEY_FILE are for TLS; let REDIS_URL begin with 'rediss', or leave them out"
            )
        }
        do throws(RedisError) {
            try trust.check()
        } catch {
            throw StartupProblem(error.message)
        }
        return trust
    }

    private func sentinelCredentials(where hasSentinels: Bool) throws -> RedisCredentials? {
        let user = text("REDIS_SENTINEL_USER")
        let password = try secret("REDIS_SENTINEL_PASSWORD")
        guard hasSentinels || user == nil && password == nil else {
            throw StartupProblem(
                "REDIS_SENTINEL_USER and REDIS_SENTINEL_PASSWORD are for sentinels; let REDIS_URL begin with 'redis+sentinel' or 'rediss+sentinel', or leave them out"
            )
        }
        guard let password else {
            if user == nil { return nil }
            throw StartupProblem(
                "REDIS_SENTINEL_PASSWORD is missing: REDIS_SENTINEL_USER names a user without it")
        }
        return RedisCredentials(user: user, password: password)
    }

    private func file(_ name: String) throws -> String? {
        let path = try path(name, default: "")
        return path.isEmpty ? nil : path
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }
}

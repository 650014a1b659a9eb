package import RedisQueue

extension Settings {
    /// Where Redis is and how both ends know each other.
    ///
    /// From `REDIS_URL`, and `REDIS_CA_FILE`, `REDIS_CERT_FILE` and
    /// `REDIS_KEY_FILE`. The files are read once here, so that one that cannot
    /// be used is told before anything starts.
    package func redis() throws -> RedisURL {
        let text = try secret("REDIS_URL") ?? "redis://localhost:6379/0"
        var url: RedisURL
        do throws(RedisError) {
            url = try RedisURL(text)
        } catch {
            throw StartupProblem("REDIS_URL cannot be used: \(error.message)")
        }
        url.trust = try trust()
        guard url.isEncrypted || url.trust.isEmpty else {
            throw StartupProblem(
                "REDIS_CA_FILE, REDIS_CERT_FILE and REDIS_KEY_FILE are for TLS; let REDIS_URL begin with 'rediss', or leave them out"
            )
        }
        guard url.isEncrypted else { return url }
        do throws(RedisError) {
            try url.trust.check()
        } catch {
            throw StartupProblem(error.message)
        }
        return url
    }

    private func trust() throws -> RedisTrust {
        RedisTrust(
            authorityFile: try file("REDIS_CA_FILE"), certificateFile: try file("REDIS_CERT_FILE"),
            keyFile: try file("REDIS_KEY_FILE"))
    }

    private func file(_ name: String) throws -> String? {
        let path = try path(name, default: "")
        return path.isEmpty ? nil : path
    }
}

package import RedisQueue

extension Doctor {
    /// Clients that a Redis for thousands of agents takes at once; each agent is three.
    private static let clientCount = 25_000

    /// Looks at a panel's Redis: what it is, how it is set, and what the panel's user may do there.
    package mutating func examineRedis(at url: RedisURL, prefix: String) async {
        do throws(RedisError) {
            let checkup = try await RedisCheckup(of: url, prefix: prefix)
            examineProgram(checkup, url)
            if let refusal = checkup.refusal {
                fault(
                    "the panel's user of Redis may not do what it has to on '\(prefix)*': \(refusal)")
            } else {
                good("the panel's user of Redis may use '\(prefix)*'")
            }
            examineSettings(checkup.settings)
            examineDefaultUser(checkup.defaultUserFlags)
            examineWay(to: url)
        } catch {
            fault(error.message)
        }
    }

    /// Says where passwords travel in clear.
    package func examineWay(to url: RedisURL) {
        guard !url.isEncrypted, !url.isOfThisMachine else { return }
        advise("who listens on the way to Redis reads its passwords; begin REDIS_URL with 'rediss'")
    }

    private mutating func examineProgram(_ checkup: RedisCheckup, _ url: RedisURL) {
        guard let program = checkup.program, let version = checkup.version else {
            return advise(
                "Redis answers at '\(url)', but does not say its version (INFO); it has to be 6.2 or newer")
        }
        if version.lexicographicallyPrecedes(RedisCheckup.oldestVersion) {
            fault("\(program) answers at '\(url)'; it has to be 6.2 or newer, or Valkey")
        } else {
            good("\(program) answers at '\(url)'")
        }
    }

    private func examineSettings(_ settings: [String: String]) {
        examine(
            "maxmemory-policy", settings, is: "noeviction", or: "a full Redis forgets, and all is sent again")
        let clients = settings["maxclients"].flatMap { Int($0) } ?? 0
        examine(
            "maxclients", settings, is: "\(max(Self.clientCount, clients))",
            or: "each agent takes three clients, the panel three more")
        examine(
            "appendonly", settings, is: "yes", or: "a Redis that starts anew is empty, and all is sent again")
        if settings["appendonly"] != "no" {
            examine("appendfsync", settings, is: "everysec", or: "panel and agents keep on disk what counts")
        }
    }

    private func examine(_ name: String, _ settings: [String: String], is advised: String, or reason: String)
    {
        switch settings[name] {
        case advised?: good("Redis's \(name) is \(advised)")
        case let value?: advise("Redis's \(name) is \(value), '\(advised)' is advised: \(reason)")
        case nil: advise("Redis's \(name) cannot be seen (CONFIG GET), '\(advised)' is advised: \(reason)")
        }
    }

    private func examineDefaultUser(_ flags: [String]?) {
        guard let flags else {
            return advise("whether Redis's default user is off cannot be seen (ACL GETUSER); it should be")
        }
        if !flags.contains("on") {
            good("Redis's default user is off")
        } else {
            let password = flags.contains("nopass") ? ", without a password" : ""
            advise(
                "Redis's default user is on\(password): give the panel a user of its own, and turn that one off "
                    + "(ACL SETUSER default off)")
        }
    }
}

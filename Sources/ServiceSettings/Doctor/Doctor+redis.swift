package import RedisQueue

extension Doctor {
    /// Clients that each agent is of Redis, and the panel too.
    private static let clientsOfOne = 3

    /// Looks at a panel's Redis: what it is, how it is set, what it lets it do.
    package mutating func examineRedis(at url: RedisURL, prefix: String) async {
        do throws(RedisError) {
            let checkup = try await RedisCheckup(of: url, prefix: prefix)
            examineProgram(checkup, url)
            examine(checkup.trial, by: "the panel's user of Redis", doing: "use '\(prefix)*'")
            if let denial = checkup.floodDenial { advise("floods cannot be shut out: \(denial)") }
            examineSettings(checkup.settings)
            examineDefaultUser(checkup.defaultUserFlags)
            examineWay(to: url)
        } catch {
            fault(error.message)
        }
    }

    /// Says how Redis took a service's work.
    ///
    /// - Parameters:
    ///   - user: who tried it: the beginning of a sentence.
    ///   - work: what was tried: the sentence's end, behind `may` or `may not`.
    package mutating func examine(_ trial: RedisTrial, by user: String, doing work: String) {
        if trial.isFine { good("\(user) may \(work)") }
        if let denial = trial.denial { fault("\(user) may not \(work): \(denial)") }
        if let failure = trial.failure { fault("Redis takes no writes: \(failure)") }
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
        examineClients(settings["maxclients"].flatMap { Int($0) })
        examine(
            "appendonly", settings, is: "yes", or: "a Redis that starts anew is empty, and all is sent again")
        if settings["appendonly"] != "no" {
            examine("appendfsync", settings, is: "everysec", or: "panel and agents keep on disk what counts")
        }
    }

    /// Says how many agents a Redis has room for; one for a thousand will do.
    private func examineClients(_ count: Int?) {
        let need = "each takes \(Self.clientsOfOne) clients, the panel \(Self.clientsOfOne) more"
        guard let count else {
            return advise(
                "for how many agents Redis's maxclients is enough cannot be seen (CONFIG GET): \(need)")
        }
        let agents = max(0, count / Self.clientsOfOne - 1)
        let text = "Redis's maxclients is \(count), enough for \(agents) agents"
        if agents < 1000 {
            advise("\(text): \(need); for thousands 25000 is advised")
        } else {
            good(text)
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

/// The first commands of a connection: who speaks, in which database, under
/// which name.
struct RedisGreeting {
    /// What a server has to be.
    enum Part {
        /// Whatever answers at the address.
        case server
        /// The one that the others copy from.
        case master
        /// One that knows where the master is.
        case sentinel
    }

    let url: RedisURL
    let name: String
    let part: Part

    /// Sends the commands and judges the answers.
    func exchange(over link: RedisLink, until deadline: ContinuousClock.Instant) throws(RedisError) {
        try link.ask(commands, until: deadline) { (command, reply) throws(RedisError) in
            try judge(reply, to: command)
        }
    }

    private var commands: [[RedisArgument]] {
        var commands: [[RedisArgument]] = []
        if let password = url.password {
            let user = url.user.map { [RedisArgument($0)] } ?? []
            commands.append(["AUTH"] + user + [RedisArgument(password.bytes)])
        }
        // A sentinel has no databases, and is asked one thing only.
        if part == .sentinel { return commands }
        if url.database != 0 { commands.append(["SELECT", RedisArgument(url.database)]) }
        commands.append(["CLIENT", "SETNAME", RedisArgument(name)])
        if part == .master { commands.append(["ROLE"]) }
        return commands
    }

    private func judge(_ reply: RedisReply, to command: [RedisArgument]) throws(RedisError) {
        guard case .error(let text) = reply else {
            if command[0] == "ROLE" { try judgeRole(reply) }
            return
        }
        let refusal = RedisError.refusal(text, by: url)
        if text.hasPrefix("ERR max number of clients") {
            // A full server may have room in a moment; nothing else that it refuses here passes by itself.
            throw RedisError(.unreachable, refusal.message)
        }
        switch command[0] {
        case "AUTH":
            // Only the word: a server that does not know the command quotes the password.
            let word = refusal.word ?? ""
            throw RedisError(.refused, "Redis at '\(url)' refused the password with '\(word)'", word: word)
        case "CLIENT" where refusal.word == "NOPERM":
            // A name is a courtesy; a user confined to its keys may not have the right to it.
            return
        default:
            throw refusal
        }
    }

    private func judgeRole(_ reply: RedisReply) throws(RedisError) {
        guard case .array(let parts) = reply, parts.first == .string(Array("master".utf8)) else {
            throw RedisError(.unreachable, "Redis at '\(url)' is no master, but a copy of one")
        }
    }
}

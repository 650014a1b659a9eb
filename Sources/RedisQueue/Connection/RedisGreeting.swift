/// The first commands of a connection: who speaks, in which database, under
/// which name.
struct RedisGreeting {
    let url: RedisURL
    let name: String

    /// Sends the commands and judges the answers.
    func exchange(over link: RedisLink, until deadline: ContinuousClock.Instant) throws(RedisError) {
        let commands = commands
        link.enqueue(RedisCommandFormat.bytes(of: commands))
        var answered = 0
        while answered < commands.count {
            for reply in try link.exchange(waker: nil, until: deadline) {
                guard answered < commands.count else {
                    throw RedisError(.protocolViolated, "Redis at '\(url)' sent an answer to no question")
                }
                try judge(reply, to: commands[answered])
                answered += 1
            }
            guard answered == commands.count || deadline > .now else {
                throw RedisError(.timedOut, "Redis at '\(url)' did not answer its greeting in time")
            }
        }
    }

    private var commands: [[RedisArgument]] {
        var commands: [[RedisArgument]] = []
        if let password = url.password {
            let user = url.user.map { [RedisArgument($0)] } ?? []
            commands.append(["AUTH"] + user + [RedisArgument(password.bytes)])
        }
        if url.database != 0 { commands.append(["SELECT", RedisArgument(url.database)]) }
        commands.append(["CLIENT", "SETNAME", RedisArgument(name)])
        return commands
    }

    private func judge(_ reply: RedisReply, to command: [RedisArgument]) throws(RedisError) {
        guard case .error(let text) = reply else { return }
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
}

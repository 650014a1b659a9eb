// An agent with its own valid key and access may still fill the wire for all others.
extension PresenceSweep {
    /// Bytes of one agent that wait on the wire at most while the panel takes them in.
    ///
    /// A log is 16 MiB at most, a third more in base64, twice; while the panel is away nothing new is started.
    static let bearableBytes = 64 << 20
    /// Bytes that wait at most at any time.
    ///
    /// Pieces of a few bytes take many times their size on the wire, and pile up while the panel is away.
    static let unbearableBytes = 512 << 20
    /// By how many bytes what is over the limit has to become less within some looks, and how many those are.
    static let decrease = 1 << 20
    static let looksWithoutDecrease = 2
    /// Looks that may find too much, however it becomes less: half an hour of them.
    static let mostLooks = 360
    /// Looks in a row that find a bearable amount, until what was before is forgotten: an agent may take away what it laid.
    static let looksToForget = 24
    /// Rings of one agent in a second at most; an honest one rings some times.
    static let bearableRings = 1000.0

    /// Shuts out who lays more on the wire than anybody needs: its stream is dropped, and its access is taken away.
    ///
    /// What it still has to tell lies in its journal. It is not quarantined: where agents have no access of their own,
    /// the flood may be anyone's.
    func relieveWire(of agents: [AgentID], at moment: Timestamp) async throws {
        let look = elapsed()
        let seconds = max(look - lookedForFloodsAt, Self.interval) / .seconds(1)
        lookedForFloodsAt = look
        for (agent, burden) in try await link.burdens(of: agents) {
            let isFlood =
                isPersistent(burden.byteCount, of: agent)
                || Double(burden.ringCount) > Self.bearableRings * seconds
            guard isFlood else {
                flooding.remove(agent)
                continue
            }
            let isShutOut = try await link.shutOut(agent)
            guard !flooding.contains(agent) else { continue }
            try await store.write { store in
                try store.record(
                    AuditDraft(
                        at: moment, actor: "panel", action: "agent.flood", agent: agent,
                        detail: [
                            "bytes": String(burden.byteCount), "rings": String(burden.ringCount),
                            "shut_out": isShutOut ? "true" : "false",
                        ]))
            }
            // Not before that is written down: else it is tried again.
            flooding.insert(agent)
            onEvent(.flooded(agent, burden, isShutOut: isShutOut))
        }
    }

    /// Whether more of an agent waits than is bearable, and does not become less though it is taken in.
    private func isPersistent(_ byteCount: Int, of agent: AgentID) -> Bool {
        guard byteCount > Self.bearableBytes else {
            backlogs[agent]?.bearableLooks += 1
            if backlogs[agent]?.bearableLooks ?? 0 >= Self.looksToForget { backlogs[agent] = nil }
            return false
        }
        if byteCount > Self.unbearableBytes { return true }
        var backlog = backlogs[agent] ?? Backlog(least: .max)
        backlog.looks += 1
        backlog.bearableLooks = 0
        if byteCount <= backlog.least - Self.decrease {
            backlog.least = byteCount
            backlog.looksWithoutDecrease = 0
        } else {
            backlog.looksWithoutDecrease += 1
        }
        backlogs[agent] = backlog
        return backlog.looksWithoutDecrease >= Self.looksWithoutDecrease || backlog.looks >= Self.mostLooks
    }

    /// More than is bearable, of one agent.
    struct Backlog {
        /// The least that waited so far.
        var least: Int
        /// How many looks since then found no less.
        var looksWithoutDecrease = 0
        /// How many looks found too much.
        var looks = 0
        /// How many looks in a row have found a bearable amount.
        var bearableLooks = 0
    }
}

// An agent with its own valid key and access may still fill the wire for all others.
extension PresenceSweep {
    /// Bytes of one agent that wait on the wire at most while the panel takes them in.
    ///
    /// A log is 16 MiB at most, a third more in base64, twice; while the panel is away nothing new is started.
    static let bearableBytes = 64 << 20
    /// Bytes that wait at most at any time.
    ///
    /// Pieces of a few bytes take many times their size on the wire, and pile up while the panel is away.
    static let unbearableBytes = 1 << 30
    /// By how many bytes what is over the limit has to become less within some looks, and how many those are.
    static let decrease = 1 << 20
    static let looksWithoutDecrease = 2
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
            backlogs[agent] = nil
            return false
        }
        if byteCount > Self.unbearableBytes { return true }
        guard let least = backlogs[agent], byteCount > least.byteCount - Self.decrease else {
            backlogs[agent] = (byteCount, 0)
            return false
        }
        backlogs[agent] = (least.byteCount, least.looks + 1)
        return least.looks + 1 >= Self.looksWithoutDecrease
    }
}

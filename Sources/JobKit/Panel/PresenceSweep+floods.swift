// An agent with its own valid key and access may still fill the wire for all others.
extension PresenceSweep {
    /// Bytes of one agent that wait on the wire at most.
    ///
    /// A log is 16 MiB at most, a third more in base64, twice; while the panel is away nothing new is started.
    static let bearableBytes = 64 << 20
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
                burden.byteCount > Self.bearableBytes
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
}

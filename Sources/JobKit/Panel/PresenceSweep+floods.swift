// An agent with its own valid key and access may still fill the wire for all others.
extension PresenceSweep {
    /// Bytes of one agent that wait on the wire at most.
    ///
    /// A log is 16 MiB at most, a third more in base64, twice; while the panel is away nothing new is started.
    static let bearableBytes = 64 << 20
    /// Rings of one agent between two sweeps at most; an honest one rings some times in a second.
    static let bearableRings = 1000 * Int(interval / .seconds(1))

    /// Shuts out who lays more on the wire than anybody needs: its stream is dropped, and its access is taken away.
    ///
    /// What it still has to tell lies in its journal. It is not quarantined: where agents have no access of their own,
    /// the flood may be anyone's.
    func relieveWire(of agents: [AgentID], at moment: Timestamp) async throws {
        for (agent, burden) in try await link.burdens(of: agents) {
            guard burden.byteCount > Self.bearableBytes || burden.ringCount > Self.bearableRings else {
                flooding.remove(agent)
                continue
            }
            let isShutOut = try await link.shutOut(agent)
            guard flooding.insert(agent).inserted else { continue }
            onEvent(.flooded(agent, burden, isShutOut: isShutOut))
            try await store.write { store in
                try store.record(
                    AuditDraft(
                        at: moment, actor: "panel", action: "agent.flood", agent: agent,
                        detail: [
                            "bytes": String(burden.byteCount), "rings": String(burden.ringCount),
                            "shut_out": isShutOut ? "true" : "false",
                        ]))
            }
        }
    }
}

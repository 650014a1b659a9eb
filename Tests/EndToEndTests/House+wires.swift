import TestSupport

extension House {
    /// Puts a wire of its own between the programs and Redis, and has panel and agent work.
    func wire(
        _ programs: [Program], translating translate: FaultyWire.Translation? = nil
    ) async throws -> FaultyWire {
        let wire = try FaultyWire(to: redis.port, translating: translate)
        try await reach(wire.url, from: programs)
        return wire
    }

    /// Has the programs reach Redis at another address, and panel and agent work; the agent is not started yet.
    func reach(_ url: String, from programs: [Program]) async throws {
        for program in programs { program.change(["REDIS_URL": url]) }
        if programs.contains(where: { $0 === panel }) {
            try await panel.stop()
            try await startPanel()
        }
        try await startAgent()
    }
}

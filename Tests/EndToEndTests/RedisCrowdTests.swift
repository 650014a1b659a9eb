import Glibc
import ManifestKit
import TestSupport
import Testing

@Suite(
    "Redis is started again under many agents", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(5)))
struct RedisCrowdTests {
    /// F21: all agents are back within a minute, and nobody was taken for unreachable.
    @Test func f21HasAllAgentsBackSoon() async throws {
        try await House.run([.greeting]) { house in
            let crowd = try AgentCrowd(House.isLongRun ? 1000 : 100, url: house.redis.url)
            defer { crowd.end() }
            let count = crowd.agents.count + 1
            try await eventually("all agents at the panel", within: .seconds(120)) {
                try await house.statuses() == ["online": count]
            }
            for number in 1...3 { _ = try await house.install(number: number, "greeting") }
            house.redis.kill()
            for number in 4...6 { _ = try await house.install(number: number, "greeting") }
            try await throughout("nobody is given up", for: .seconds(House.isLongRun ? 20 : 3)) {
                try await house.statuses()["unreachable"] == nil
            }
            try await house.redis.restart()
            let (start, time) = (ContinuousClock.now, Double(Glibc.time(nil) + 1))
            try await eventually("all agents, back again", within: .seconds(60)) {
                let statuses = try await house.statuses(since: time)
                #expect(statuses["unreachable"] == nil)
                return statuses == ["online": count] && crowd.isHeard(since: start)
            }
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

extension House {
    /// How many servers stand how; `before` are those that were not seen since that time.
    fileprivate func statuses(since time: Double = 0) async throws -> [String: Int] {
        let servers = try await api.get("/api/servers").json["servers"]?.array?.compactMap(\.object) ?? []
        return servers.reduce(into: [:]) { counts, server in
            let status = server["status"]?.string ?? "?"
            guard case .number(let text)? = server["last_seen_at"], let seen = Double(text) else { return }
            counts[status == "online" && seen < time ? "before" : status, default: 0] += 1
        }
    }
}

import ManifestKit
import OpenSSLCrypto
import RedisQueue
import SQLiteStore
import TestSupport
import Testing

@testable import JobKit

@Suite(
    "More messages than an agent holds", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(5)))
struct ManyMessagesTests {
    private static let count = 10_000

    /// J23: messages that all wait when the agent comes are taken in one portion after the other, in little memory, and
    /// what comes behind them is done.
    @Test func j23TakesInTenThousandMessages() async throws {
        try await House.run([.greeting]) { house in
            _ = try await house.end(of: house.install("greeting", ["who": "first"]))
            let before = try ProcessTable.peakMemory(of: house.agent.pid)
            house.agent.kill()
            try await house.panel.stop()
            try await house.withRecord { store in
                try await store.write { store in
                    for _ in 1...Self.count {
                        // Larger than an honest one, so that all of them together would be seen.
                        let nobody = JobID(at: Fixtures.time, random: try RandomBytes.generate(10))
                        try store.post(
                            .cancel(nobody, actor: String(repeating: "x", count: 1000)), to: Fixtures.agent,
                            keyring: Fixtures.keyring)
                    }
                }
            }
            try await house.startPanel()
            let id = try await house.install("greeting", ["who": "last"])
            let redis = try house.redisConnection()
            try await eventually("all messages on the wire") {
                guard
                    case .integer(let length) = try await redis.command(
                        "XLEN", "provision:down:agent-001")
                else { return false }
                return length > Self.count
            }
            try await house.startAgent()
            #expect(try await house.end(of: id)["status"] == "succeeded")
            let peak = try ProcessTable.peakMemory(of: house.agent.pid)
            #expect(peak < before + (16 << 10), "it took \(peak) KiB, and \(before) KiB before")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

import JobKit
import ManifestKit
import OpenSSLCrypto
import SQLiteStore
import TestSupport
import Testing

@Suite(
    "Installing, from request to result", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct InstallationTests {
    @Test func runsAJobToItsEnd() async throws {
        try await House.run([.greeting]) { house in
            let id = try await house.install("greeting", ["who": "world $(touch x); `id`", "code": 0])
            let job = try await house.end(of: id)
            #expect(job["status"] == "succeeded")
            #expect(job["exit_code"] == 0)
            #expect(job["reason"] == .null)
            #expect(job["attempt"] == 1)
            #expect(job["output"] == "hello world $(touch x); `id`\nand again\n")
            let attempts = try #require(job["attempts"]?.array)
            let result = try #require(attempts.first?.object?["result"]?.object)
            #expect(attempts.count == 1)
            #expect(result["ending"] == "exited")
            #expect(result["leftovers"] == 0)
            #expect(house.witness == ["began \(id) 1", "done \(id) 1"])

            let output = try await house.output(of: id)
            #expect(result["log"]?.object?["bytes"] == .integer(output.utf8.count))
            #expect(result["log"]?.object?["digest"] == .string(Hex.encode(SHA256.digest(Array(output.utf8)))))
            let plain = try await house.api.get("/api/jobs/\(id)/log", headers: ["accept": "text/plain"])
            #expect(plain.text == output)
            #expect(plain.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(plain.headers["x-content-type-options"] == "nosniff")
        }
    }

    @Test(arguments: [(1, "exit"), (3, "exit"), (124, "exit"), (255, "exit")])
    func tellsTheScriptsOwnExitCode(code: Int, reason: String) async throws {
        try await House.run([.greeting]) { house in
            let job = try await house.end(of: house.install("greeting", ["who": "you", "code": .integer(code)]))
            #expect(job["status"] == "failed")
            #expect(job["exit_code"] == .integer(code))
            #expect(job["reason"] == .string(reason))
            #expect(house.witness.count == 2)
        }
    }

    @Test func keepsAnAuditTrailThatHolds() async throws {
        try await House.run([.greeting]) { house in
            let secret = "an audited secret"
            let id = try await house.install("greeting", ["who": "auditor", "secret": .string(secret)])
            _ = try await house.end(of: id)
            #expect(try await house.panel.stop() == 0)
            let trail = try await house.withRecord { store in try await store.read { try $0.audit(after: 0, limit: 1000) } }
            #expect(AuditEntry.firstBreak(in: trail) == nil)
            let lines = trail.filter { $0.draft.job?.description == id }
            #expect(
                lines.map(\.draft.action) == ["job.accepted", "job.claimed", "job.began", "job.finished"])
            let accepted = try #require(lines.first?.draft)
            #expect(accepted.actor == "token:panel")
            #expect(accepted.detail["input.who"] == "auditor")
            #expect(accepted.detail["input.secret"] == "sealed")
            #expect(accepted.detail["content_digest"]?.count == 64)
            #expect(lines.last?.draft.detail["state"] == "succeeded")
            #expect(!trail.contains { "\($0)".contains(secret) })
        }
    }

    @Test func runsOneScriptAtATimeInTheOrderAsked() async throws {
        try await House.run([.greeting]) { house in
            var ids: [String] = []
            for number in 1...5 { ids.append(try await house.install("greeting", ["who": .string("number \(number)")])) }
            for id in ids { #expect(try await house.end(of: id)["status"] == "succeeded") }
            #expect(house.witness == ids.flatMap { ["began \($0) 1", "done \($0) 1"] })
        }
    }
}

import Glibc
import JobKit
import ManifestKit
import OpenSSLCrypto
import SQLiteStore
import TestSupport
import Testing
import ValidationKit

/// What is wrong with an authentic order, or with the server that it comes to.
enum Obstacle: String, CaseIterable, Sendable {
    case scriptChanged, applicationMissing
    case tooLate, foreignSeal, secretInClear, invalidInput, otherScript, noTime

    var reason: String {
        switch self {
        case .scriptChanged: "digest_mismatch"
        case .applicationMissing, .otherScript: "not_listed"
        case .tooLate: "expired"
        case .foreignSeal: "seal_invalid"
        case .secretInClear, .invalidInput: "inputs_invalid"
        case .noTime: "limits"
        }
    }

    /// Makes an order what no panel of today would sign.
    fileprivate func spoil(_ order: inout JobOrder) {
        switch self {
        case .scriptChanged, .applicationMissing: break
        case .tooLate:
            order.issuedAt = order.issuedAt.advanced(bySeconds: -2 * 24 * 3600)
            order.expiresAt = order.issuedAt.advanced(bySeconds: 24 * 3600)
        case .foreignSeal: order.sealed = ["secret": SealedInput(bytes: [UInt8](repeating: 7, count: 60))]
        case .secretInClear: order.inputs["secret"] = "in clear"
        case .invalidInput: order.inputs["who"] = "you & me"
        case .otherScript: order.script = "manifest.yml"
        case .noTime: order.timeoutSeconds = 0
        }
    }
}

@Suite(
    "Authentic orders that are turned away", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(5)))
struct RefusalTests {
    /// J09, J18, J19, J21, J27.
    @Test(arguments: Obstacle.allCases) func refusesWithItsReasonAndGoesOn(_ obstacle: Obstacle) async throws
    {
        try await House.run([.greeting, .patient]) { house in
            let id: String
            switch obstacle {
            case .scriptChanged:
                let script = "\(house.agentInstallers)/greeting/install.sh"
                try Fixtures.write(Fixtures.read(script) + "# one line more\n", to: script, mode: 0o755)
                id = try await house.install("greeting", ["who": "you"])
            case .applicationMissing:
                #expect(rename("\(house.agentInstallers)/greeting", "\(house.agentFolder)/greeting") == 0)
                id = try await house.install("greeting", ["who": "you"])
            default: id = try await house.commit(obstacle.spoil)
            }
            let job = try await house.end(of: id)
            #expect(job["status"] == "refused")
            #expect(job["reason"] == .string(obstacle.reason), "\(job)")
            #expect(job["began_at"] == .null)
            #expect(job["exit_code"] == .null)
            #expect(job["attempts"]?.array?.count == 1)
            #expect(house.witness.isEmpty)

            // Only this order was turned away, not the one behind it.
            try house.openGate("go")
            let next = try await house.install("patient")
            #expect(try await house.end(of: next)["exit_code"] == 3)
            #expect(house.witness == ["began \(next) 1", "done \(next) 1"])
        }
    }
}

extension House {
    /// Puts an order into the stopped panel's record as the panel itself would have, and starts the panel again.
    fileprivate func commit(_ spoil: @escaping @Sendable (inout JobOrder) -> Void) async throws -> String {
        try await panel.stop()
        let catalog = ApplicationCatalog.load(folder: agentInstallers)
        let application = try #require(catalog.applications.first { $0.id.description == "greeting" })
        let digest = Hex.encode(SHA256.digest(try application.installer.contentDigestInput()))
        let now = Self.now
        let job = JobRecord(
            id: JobID(at: now, random: try RandomBytes.generate(10)), agent: Fixtures.agent,
            application: ApplicationStamp(
                id: "greeting", revision: 1, contentDigest: digest, script: "install.sh"),
            action: "install", inputs: ["who": "you"], sealed: [:], actor: "token:test", createdAt: now,
            expiresAt: now.advanced(bySeconds: 24 * 3600),
            terms: JobTerms(timeoutSeconds: 60, isIdempotent: false))
        var order = JobOrder(
            attempt: job.attempt.id, application: "greeting", revision: 1, contentDigest: digest,
            action: "install",
            script: "install.sh", inputs: job.inputs, sealed: [:], actor: job.actor, issuedAt: now,
            expiresAt: job.expiresAt, timeoutSeconds: 60, graceSeconds: 10)
        spoil(&order)
        let content = Downlink.Content.job(order)
        try await withRecord { store in
            try await store.write { store in
                guard var agent = try store.agent(Fixtures.agent) else {
                    throw SystemFailure("no agent in the record")
                }
                let position = StreamPosition(epoch: agent.epoch, number: agent.lastSent + 1)
                let envelope = Downlink(
                    audience: agent.id, position: position, previous: agent.downHead, content: content
                ).signed(with: Fixtures.keys[0])
                agent.lastSent = position.number
                agent.downHead = ChainHead(after: envelope.payload)
                try store.insert(job)
                try store.append(OutboxEntry(agent: agent.id, position: position, envelope: envelope.bytes))
                try store.save(agent)
            }
        }
        try await startPanel()
        return job.id.description
    }

    private static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

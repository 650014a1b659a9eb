import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

@Suite(
    "No descriptors left", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(House.isLongRun ? 20 : 5)))
struct DescriptorFaultTests {
    /// What the row asks for.
    private static let limit = "--nofile=64"

    /// F64: a crowd takes all that a panel has for clients; it goes on, and answers others when the crowd goes.
    @Test func f64ThePanelGoesOnUnderACrowd() async throws {
        try await House.run([.greeting, .patient]) { house in
            try await house.panel.stop()
            house.panel.run(under: ["/usr/bin/prlimit", Self.limit])
            try await house.startPanel()
            let panel = house.panel.pid
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            let known = try await house.knownClients(4)
            let crowd = try (0..<24).map { _ in
                // Half a request each: the panel waits for the rest, and has no room for anybody else.
                let socket = try ClientSocket(port: house.api.port)
                socket.send("GET /api/health HTTP/1.1\r\nhost: panel\r\n")
                return socket
            }
            for client in known { client.ask("/api/jobs") }
            for client in known { try await client.waitForAnswer(200, 503) }
            try house.openGate("go")
            // Meanwhile, because the panel hangs up on a client that asks nothing for 10 s.
            async let restart: Void = house.redis.restart()
            try await eventually("the job's end at the panel") {
                known[0].ask("/api/jobs/\(id)")
                return try await known[0].waitForAnswer(200, 503).contains("\"status\":\"failed\"")
            }
            try await restart
            // The crowd is hung up on, wave by wave; then there is room.
            try await house.expectWholeRun(of: id)
            #expect(crowd.contains { $0.isReady && !$0.receive() })
            _ = try await house.install(number: 2, "greeting")
            #expect(house.panel.pid == panel && !house.panel.isOver)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F64: where a panel can open nothing at all, a request is done with what is open, or told to come again.
    @Test func f64ThePanelSaysToComeAgain() async throws {
        try await House.run([.greeting]) { house in
            try await house.panel.stop()
            try await house.startPanel()
            let known = try await house.knownClients(12)
            let giveBack = try house.panel.takeAwayDescriptors()
            for client in known { client.ask("/api/jobs") }
            for client in known { try await client.waitForAnswer(200, 503) }
            try giveBack()
            for client in known { client.ask("/api/jobs") }
            for client in known { try await client.waitForAnswer(200) }
            _ = try await house.install(number: 1, "greeting")
            try await house.expectTruth()
        }
    }

    /// F64: with whatever little a panel may open, it starts with all its applications, or says why it does not.
    @Test func f64ThePanelStartsWholeOrNotAtAll() async throws {
        try await House.run([.greeting, .patient]) { house in
            try await house.panel.stop()
            for limit in stride(from: 8, through: 64, by: House.isLongRun ? 1 : 7) {
                house.panel.run(under: ["/usr/bin/prlimit", "--nofile=\(limit)"])
                do {
                    try await house.startPanel()
                    #expect(try await house.api.get("/api/apps").json["total"] == 2, "\(limit)")
                    try await house.panel.stop()
                } catch let end as UnexpectedEnd {
                    #expect(end.code == 1, "\(limit): \(end)")
                    #expect(end.output.contains("LimitNOFILE"), "\(limit): \(end)")
                    #expect(limit < 64)
                }
                #expect(!house.panel.output.contains("application left out"), "\(limit)")
            }
            house.panel.run(under: [])
            try await house.startPanel()
            _ = try await house.install(number: 1, "greeting")
            try await house.expectTruth()
        }
    }

    /// F64: with whatever little an agent may open, it takes no script for lost that it only cannot see.
    @Test func f64TheAgentTakesNothingForLost() async throws {
        try await House.run([.patient]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            var works = 0
            for limit in stride(from: 8, through: 64, by: House.isLongRun ? 1 : 7) {
                house.agent.kill()
                house.agent.run(under: ["/usr/bin/prlimit", "--nofile=\(limit)"])
                try house.agent.start()
                do {
                    _ = try await house.agent.line(with: "agent works")
                    works = limit
                } catch let end as UnexpectedEnd {
                    #expect(end.code == 1, "\(limit): \(end)")
                    #expect(end.output.contains("LimitNOFILE"), "\(limit): \(end)")
                }
                #expect(!house.scripts(of: id).isEmpty, "\(limit)")
            }
            #expect(works == 64)
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
            try await house.expectTruth()
        }
    }

    /// F64: an agent that has no descriptors left loses no script that runs, and no result.
    @Test func f64TheAgentFindsTheResultLater() async throws {
        try await House.run([.patient, .greeting]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            _ = try await house.install("greeting", ["who": "number 2"])
            let giveBack = try house.agent.takeAwayDescriptors()
            try house.openGate("go")
            try await eventually("an end of the script") {
                house.told("done", of: id) == 1 && house.scripts(of: id).isEmpty
            }
            try await house.redis.restart()
            try await throughout("nothing is made up", for: .seconds(House.isLongRun ? 120 : 4)) {
                // The connections that Redis closed may have given it enough: then it is the true end.
                let job = try await house.job(id)
                return job["status"] == "running" || job["exit_code"] == 3
            }
            try giveBack()
            try await house.reviveAgentIfOver()
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F64: a job that the agent cannot start for want of descriptors waits, and is not refused.
    @Test func f64TheAgentPutsAStartOff() async throws {
        try await House.run([.greeting]) { house in
            _ = try await house.end(of: house.install(number: 1, "greeting"))
            let giveBack = try house.agent.takeAwayDescriptors()
            let id = try await house.install(number: 2, "greeting")
            _ = try await house.agent.line(with: "start put off")
            try await throughout("it waits", for: .seconds(House.isLongRun ? 120 : 6)) {
                let state = try await house.job(id)["status"]
                return (state == "queued" || state == "running") && house.told("began", of: id) == 0
            }
            // One that waits can be cancelled as ever.
            let other = try await house.install(number: 3, "greeting")
            #expect(try await house.api.send("POST", "/api/jobs/\(other)/cancel").status / 100 == 2)
            try giveBack()
            try await house.reviveAgentIfOver()
            #expect(try await house.end(of: id)["status"] == "succeeded")
            #expect(try await house.end(of: other)["status"] == "cancelled")
            // And an agent that is started anew does not hold it against the job that it was put off.
            try await house.agent.stop()
            try await house.startAgent()
            _ = try await house.install(number: 4, "greeting")
            try await house.expectTruth()
            #expect(house.told("began", of: id) == 1)
        }
    }
}

/// A client that keeps its connection from one request to the next.
private final class KnownClient {
    private let socket: ClientSocket
    private var taken = 0

    init(port: UInt16) throws {
        socket = try ClientSocket(port: port)
        ask("/api/health")
    }

    func ask(_ path: String) {
        socket.send(
            "GET \(path) HTTP/1.1\r\nhost: panel\r\nauthorization: Bearer \(PanelClient.token)\r\n\r\n")
    }

    /// Waits for an answer; it has to be one of these, and to say when to come again where it is 503.
    @discardableResult
    func waitForAnswer(_ allowed: Int...) async throws -> String {
        let text = try await eventually("an answer") {
            guard socket.receive() else { throw SystemFailure("the panel hung up") }
            let text = String(decoding: socket.received[taken...], as: UTF8.self)
            // Each of them ends with an object.
            return text.contains("\r\n\r\n") && text.hasSuffix("}") ? text : nil
        }
        taken = socket.received.count
        let status = Int(text.dropFirst("HTTP/1.1 ".count).prefix(3))
        #expect(status.map(allowed.contains) == true, "\(text)")
        if status == 503 { #expect(text.lowercased().contains("retry-after: 10"), "\(text)") }
        return text
    }
}

extension House {
    /// Clients that are connected already.
    fileprivate func knownClients(_ count: Int) async throws -> [KnownClient] {
        let clients = try (0..<count).map { _ in try KnownClient(port: api.port) }
        for client in clients { try await client.waitForAnswer(200) }
        return clients
    }

    /// Starts the agent anew where it has ended meanwhile, as systemd does.
    ///
    /// The system's own libraries end a process that cannot open anything at all (libdispatch looks into /proc).
    fileprivate func reviveAgentIfOver() async throws {
        if agent.isOver { try await startAgent() }
    }
}

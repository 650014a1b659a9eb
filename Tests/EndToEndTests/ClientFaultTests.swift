import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

@Suite(
    "Clients that are slow, or many", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(House.isLongRun ? 20 : 5)))
struct ClientFaultTests {
    /// How long any other request may take meanwhile.
    private static let patience = Duration.seconds(House.isLongRun ? 10 : 3)

    /// F62: clients that say nothing, or send their head or body byte by byte, are hung up on; nobody else has to wait.
    @Test func f62AnswersOthersWhileClientsAreSlow() async throws {
        try await House.run([.greeting]) { house in
            let count = House.isLongRun ? 10_000 : 500
            ClientSocket.allowMany()
            try await house.panel.stop()
            try await house.startPanel()
            // It has all the connections of its own that it needs by then.
            _ = try await house.end(of: house.install("greeting", ["who": "the first"]))
            let (sockets, memory) = (house.panel.openSockets, house.panel.peakMemory)
            var clients: [SlowClient] = []
            for number in 0..<count {
                clients.append(
                    try SlowClient(SlowClient.Habit.allCases[number % 3], port: house.api.port))
                // The first have to go on while the last are on their way.
                if number.isMultiple(of: 100) { for client in clients { client.advance() } }
            }
            var number = 0
            var slowest = Duration.zero
            let start = ContinuousClock.now
            try await eventually("an end of all slow clients", within: .seconds(120)) {
                for client in clients { client.advance() }
                let before = ContinuousClock.now
                #expect(try await house.api.get("/api/jobs").status == 200)
                if ContinuousClock.now - start > .seconds(5 * number) {
                    number += 1
                    _ = try await house.install(number: number, "greeting")
                }
                slowest = max(slowest, .now - before)
                return clients.allSatisfy { $0.span != nil }
            }
            #expect(slowest < Self.patience)
            // A head has 10 s, a body 30; some more is ours, until we look.
            for (habit, limit) in [(SlowClient.Habit.everything, 10), (.head, 10), (.body, 30)] {
                let spans = clients.filter { $0.habit == habit }.compactMap(\.span)
                let (least, most) = (try #require(spans.min()), try #require(spans.max()))
                #expect(least > .seconds(limit - 2), "\(habit)")
                #expect(most < .seconds(limit + (House.isLongRun ? 30 : 8)), "\(habit)")
            }
            try await eventually("an end of all connections") { house.panel.openSockets <= sockets + 2 }
            #expect(house.panel.peakMemory - memory < 64 << 10 + count * 64)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// Says a line every now and then; nothing that reads its log can hold it up.
    private static let steady = TestApplication(
        id: "steady",
        script: """
            for ((n = 1; n <= 60; n++)); do
                echo "line $n"
                sleep 0.05
            done
            end 3
            """)

    /// F63: many follow one log: each has all of it, in bounded memory, and the script does not notice.
    @Test func f63LetsManyFollowOneLog() async throws {
        try await House.run([Self.steady]) { house in
            let count = House.isLongRun ? 500 : 50
            ClientSocket.allowMany()
            let alone = try Self.duration(of: await house.end(of: house.install("steady")))
            let memory = house.panel.peakMemory
            let id = try await house.install("steady")
            let followers = try (0..<count).map { _ in try LogFollower(id, port: house.api.port) }
            try await eventually("an end of all followers", within: .seconds(120)) {
                for follower in followers { try follower.advance() }
                return followers.allSatisfy(\.isComplete)
            }
            let text = (1...60).map { "line \($0)\n" }.joined()
            for follower in followers { #expect(follower.text == text) }
            #expect(try Self.duration(of: await house.job(id)) < 2 * alone + 1000)
            #expect(house.panel.peakMemory - memory < 64 << 10)
            try await house.expectTruth()
        }
    }

    private static func duration(of job: JSONObject) throws -> Int64 {
        let result = job["attempts"]?.array?.last?.object?["result"]?.object
        return try #require(result?["duration_ms"]?.integer)
    }

    /// Says more than connections hold by themselves.
    private static let wordy = TestApplication(
        id: "wordy", script: "seq -f 'this is line %012.0f' 1 200000; end 0")

    /// F63: who takes nothing of a log is hung up on, and goes on later from the last record that it had.
    @Test func f63HangsUpOnReadersThatStall() async throws {
        try await House.run([Self.wordy, .greeting]) { house in
            let count = House.isLongRun ? 500 : 50
            ClientSocket.allowMany()
            let id = try await house.install("wordy")
            _ = try await house.end(of: id)
            let whole = try await house.output(of: id)
            #expect(whole.utf8.count == 200_000 * 26)

            let first = try await house.api.get("/api/jobs/\(id)/log")
            // An answer is bounded, whatever the script wrote.
            #expect(first.body.count < 512 << 10)
            let last = try #require(try first.json["next_after"]?.integer)
            let (sockets, memory) = (house.panel.openSockets, house.panel.peakMemory)
            var readers: [StalledReader] = []
            for _ in 0..<count { readers.append(try StalledReader(id, after: last, port: house.api.port)) }
            try await eventually("some bytes for everyone") { readers.allSatisfy { $0.hasSome() } }
            #expect(house.panel.openSockets >= sockets + count)
            var slowest = Duration.zero
            var number = 0
            try await eventually("an end of all connections", within: .seconds(90)) {
                let before = ContinuousClock.now
                #expect(try await house.api.get("/api/jobs").status == 200)
                if number == 0 {
                    number += 1
                    _ = try await house.install(number: number, "greeting")
                }
                slowest = max(slowest, .now - before)
                return house.panel.openSockets <= sockets + 2
            }
            #expect(slowest < Self.patience)
            #expect(house.panel.peakMemory - memory < 64 << 10 + count * 512)
            // What each gets now is what was on its way; the end of it is not there.
            for reader in readers { #expect(try await !reader.rest().hasSuffix("0\r\n\r\n")) }
            let records = try first.json["records"]?.array?.compactMap { $0.object?["text"]?.string }
            let begin = try #require(records).joined()
            #expect(try await begin + house.output(of: id, after: Int(last)) == whole)
            try await house.expectTruth()
        }
    }
}

/// A client that asks for all of a log, takes a little of it, and then nothing more.
private final class StalledReader {
    private let socket: ClientSocket

    init(_ id: String, after record: Int64, port: UInt16) throws {
        socket = try ClientSocket(port: port, window: 4096)
        socket.send(
            "GET /api/jobs/\(id)/log?after=\(record) HTTP/1.1\r\nhost: panel\r\nconnection: close\r\n"
                + "accept: text/plain\r\nauthorization: Bearer \(PanelClient.token)\r\n\r\n")
    }

    /// Whether some of the answer has come; takes no more than that.
    func hasSome() -> Bool {
        _ = socket.receive(atMost: 1024)
        return !socket.received.isEmpty
    }

    /// The end of what still comes.
    func rest() async throws -> String {
        try await eventually("an end of the connection") { socket.isReady && !socket.receive() }
        return String(decoding: socket.received.suffix(64), as: UTF8.self)
    }
}

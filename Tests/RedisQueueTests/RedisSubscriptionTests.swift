import RedisQueue
import TestSupport
import Testing

@Suite("Subscriptions", .timeLimit(.minutes(1))) struct RedisSubscriptionTests {
    @Test func carriesMessagesInOrder() async throws {
        let server = try await RedisServer.start()
        let publisher = try server.connection()
        let messages = try RedisSubscription.messages(on: "bell", at: RedisURL(server.socketURL), name: "ear")
        { $1 }
        try await waitForListeners(1, publisher)
        let sent = (0..<100).map { [UInt8]("message \($0)\r\n\0".utf8) }
        _ = try await publisher.pipeline(sent.map { ["PUBLISH", "bell", RedisArgument($0)] })
        _ = try await publisher.command("PUBLISH", "other", "not this")
        var iterator = messages.makeAsyncIterator()
        for message in sent { #expect(await iterator.next() == message) }
    }

    @Test func comesBackAfterTheServer() async throws {
        let server = try await RedisServer.start(password: "secret")
        let url = try RedisURL(server.url.replacing("redis://", with: "redis://:secret@"))
        let publisher = try RedisConnection(to: url, name: "mouth")
        let messages = try RedisSubscription.messages(on: "bell", at: url, name: "ear") { $1 }
        var iterator = messages.makeAsyncIterator()
        for round in 0..<3 {
            try await waitForListeners(1, publisher)
            _ = try await publisher.command("PUBLISH", "bell", RedisArgument(round))
            #expect(await iterator.next() == Array("\(round)".utf8))
            try await server.restart()
        }
    }

    @Test func listensAsSoonAsThereIsAServer() async throws {
        let server = try await RedisServer.start()
        server.kill()
        let messages = try RedisSubscription.messages(on: "bell", at: RedisURL(server.url), name: "ear") {
            $1
        }
        try await server.restart()
        let publisher = try server.connection()
        try await waitForListeners(1, publisher)
        _ = try await publisher.command("PUBLISH", "bell", "hello")
        var iterator = messages.makeAsyncIterator()
        #expect(await iterator.next() == Array("hello".utf8))
    }

    @Test func letsGoOfTheServerWhenNobodyListens() async throws {
        let server = try await RedisServer.start()
        let publisher = try server.connection()
        let url = try RedisURL(server.socketURL)
        let listening = Task {
            let messages = try RedisSubscription.messages(on: "bell", at: url, name: "ear") { $1 }
            for await _ in messages {}
        }
        try await waitForListeners(1, publisher)
        listening.cancel()
        try await waitForListeners(0, publisher)
    }

    @Test func keepsTheNewestOfTooManyMessages() async throws {
        let server = try await RedisServer.start()
        let publisher = try server.connection()
        let last = RedisSubscription.bufferedCount * 2
        let (isRead, readLast) = AsyncStream<Void>.makeStream()
        let numbers = try RedisSubscription.messages(on: "bell", at: RedisURL(server.socketURL), name: "ear")
        {
            let number = Int(String(decoding: $1, as: UTF8.self))
            if number == last { readLast.finish() }
            return number
        }
        try await waitForListeners(1, publisher)
        _ = try await publisher.pipeline((1...last).map { ["PUBLISH", "bell", RedisArgument($0)] })
        for await _ in isRead {}
        // The last one is decoded but perhaps not yet put in the buffer: it pushes one more out, or not.
        let first = await numbers.first { _ in true }
        #expect(first == last / 2 || first == last / 2 + 1)
    }

    @Test func leavesOutWhatIsNoneOfOurs() async throws {
        let server = try await RedisServer.start()
        let publisher = try server.connection()
        let numbers = try RedisSubscription.messages(on: "bell", at: RedisURL(server.socketURL), name: "ear")
        {
            Int(String(decoding: $1, as: UTF8.self))
        }
        try await waitForListeners(1, publisher)
        _ = try await publisher.pipeline(["x", "", "7"].map { ["PUBLISH", "bell", $0] })
        #expect(await numbers.first { _ in true } == 7)
    }

    private func waitForListeners(_ count: Int, _ publisher: RedisConnection) async throws {
        while try await publisher.command("PUBSUB", "NUMPAT") != .integer(count) {}
    }
}

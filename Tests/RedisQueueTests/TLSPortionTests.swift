import TestSupport
import Testing

@testable import RedisQueue

/// The system takes and gives as much as it likes; what is encrypted must not depend on it.
@Suite("Portions over TLS", .timeLimit(.minutes(1))) struct TLSPortionTests {
    /// A socket that takes and gives a few bytes at a time.
    private final class StingySocket: RedisTransport {
        private let socket: RedisSocket
        private let portion: Int
        private var isGenerous = false
        private var kept: [UInt8] = []

        init(_ socket: RedisSocket, portion: Int) {
            self.socket = socket
            self.portion = portion
        }

        var hasUnsentBytes: Bool { socket.hasUnsentBytes }
        var isEnded: Bool { socket.isEnded }
        var isStale: Bool { socket.isStale }

        func wait(
            until deadline: ContinuousClock.Instant, isWriting: Bool, waker: RedisWaker?
        ) -> RedisReadiness {
            var readiness = socket.wait(
                until: kept.isEmpty ? deadline : .now, isWriting: isWriting, waker: waker)
            readiness.isReadable = readiness.isReadable || !kept.isEmpty
            return readiness
        }

        // Every other time there is no room at all.
        func write(_ bytes: ArraySlice<UInt8>) throws(RedisError) -> Int {
            isGenerous.toggle()
            return isGenerous ? try socket.write(bytes.prefix(portion)) : 0
        }

        func read<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(RedisError) -> Result? {
            if kept.isEmpty { kept = try socket.read { Array($0) } ?? [] }
            guard !kept.isEmpty else { return nil }
            defer { kept.removeFirst(min(portion, kept.count)) }
            return kept.prefix(portion).withUnsafeBytes(body)
        }
    }

    @Test(arguments: ["TLSv1.2", "TLSv1.3"], [1, 2, 5, 16, 1_000])
    func ofAnySizeCarryEverything(version: String, portion: Int) async throws {
        let certificates = try TestCertificates()
        let server = try await RedisServer.start(
            identity: try certificates.issue("server"), settings: ["--tls-protocols", version])
        let url = try RedisURL(server.tlsURL, trust: RedisTrust(authorityFile: certificates.authority))
        let deadline = ContinuousClock.now + .seconds(20)
        let socket = try RedisSocket.connected(to: url, until: deadline)
        let secured = try RedisTLSSocket.secured(
            StingySocket(socket, portion: portion), to: url, until: deadline)
        let link = RedisLink(transport: secured, url: url)
        for count in [0, 1, 100, portion * 100] {
            let word = RedisArgument([UInt8](repeating: 7, count: count))
            var answers: [RedisReply] = []
            try link.ask([["ECHO", word], ["PING"]], until: deadline) { (_, reply) in answers.append(reply) }
            #expect(answers == [.string(word.bytes), .status("PONG")])
        }
        #expect(!secured.hasUnsentBytes)
        #expect(!secured.isStale)
        _ = try await server.connection().command("CLIENT", "KILL", "TYPE", "normal")
        try await eventually("a stream that is seen to have ended") { secured.isStale }
    }
}

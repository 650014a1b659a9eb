import Glibc
import TestSupport
import Testing

@testable import RedisQueue

@Suite("Connecting a socket", .timeLimit(.minutes(1))) struct RedisSocketTests {
    private let full: FullListener

    init() throws { full = try FullListener() }

    /// A socket connected to one of these ports, within two seconds.
    private func socket(at ports: UInt16...) throws -> RedisSocket {
        let deadline = ContinuousClock.now + .seconds(2)
        var addresses: [SocketAddress] = []
        for port in ports {
            addresses += try SocketAddress.all(of: RedisURL("redis://127.0.0.1:\(port)"), until: deadline)
        }
        return try RedisSocket.connected(
            to: RedisURL("redis://name.invalid"), at: addresses, until: deadline)
    }

    @Test func anAddressThatDropsLeavesTimeForTheNextOne() async throws {
        let server = try ScriptedServer(.silence)
        let connected = try socket(at: full.port, server.port)
        try await eventually("a client of the one that answers") { server.connections == 1 }
        #expect(!connected.isEnded)
    }

    @Test func theLastFailureIsTold() {
        #expect(code { _ = try socket(at: full.port, 1) } == .unreachable)
        #expect(code { _ = try socket(at: 1, full.port) } == .timedOut)
        #expect(code { _ = try socket(at: full.port, full.port) } == .timedOut)
        #expect(code { _ = try socket() } == .unreachable)
    }
}

/// A port of the loopback address whose queue is full: the system drops whoever else comes.
private final class FullListener: Sendable {
    let port: UInt16
    private let descriptors: [CInt]

    init() throws {
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let (listener, client) = (Glibc.socket(AF_INET, kind, 0), Glibc.socket(AF_INET, kind, 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isFull = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            // A queue of no length takes one client.
            return bind(listener, pointer, size) == 0 && listen(listener, 0) == 0
                && getsockname(listener, pointer, &size) == 0 && connect(client, pointer, size) == 0
        }
        port = UInt16(bigEndian: address.sin_port)
        descriptors = [listener, client]
        try #require(isFull)
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}

import Glibc
import TestSupport
import Testing

@Suite(
    "A name server that says nothing", .enabled(if: House.hasRoot, House.needsRoot),
    .enabled(if: NetworkLink.isPossible, NetworkLink.needs), .timeLimit(.minutes(5)))
struct NameServerTests {
    /// The resolver would wait for minutes: the agent says what is wrong in the time it has for an answer, and works
    /// once the name is known.
    @Test func holdsUpNoAgent() async throws {
        try await House.run([.greeting], withAgent: false) { house in
            let (link, folder) = (try NetworkLink(), try TemporaryDirectory())
            let (servers, hosts) = (folder.path("resolv.conf"), folder.path("hosts"))
            try FileTree.write(
                Array("nameserver \(link.address)\noptions timeout:30 attempts:5\n".utf8), to: servers)
            try FileTree.write([], to: hosts)
            let mount =
                #"mount --bind "$0" /etc/resolv.conf && mount --bind "$1" /etc/hosts && shift && exec "$@""#
            let agent = try house.anotherAgent(
                under: link.wrapper + [
                    "unshare", "--mount", "--propagation", "private", "sh", "-c", mount, servers, hosts,
                ])
            let wire = try FaultyWire(to: house.redis.port, on: "0.0.0.0")
            agent.change(["REDIS_URL": "redis://redis.test:\(wire.port)"])
            try agent.start()
            try await link.connect(agent.pid)
            let silence = try SilentNameServer(at: link.address)
            _ = try await agent.line(with: "the name 'redis.test' was not looked up in time")
            try FileTree.write(Array("\(link.address) redis.test\n".utf8), to: hosts)
            _ = try await agent.line(with: "redis answers again")
            withExtendedLifetime((silence, folder)) {}
        }
    }
}

/// Takes questions, and answers none.
private final class SilentNameServer {
    private let socket: CInt

    init(at address: String) throws {
        socket = Glibc.socket(AF_INET, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = in_port_t(53).bigEndian
        inet_pton(AF_INET, address, &place.sin_addr)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeBytes(of: place) {
            bind(socket, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), size)
        }
        guard result == 0 else { throw SystemFailure("no name server at \(address)") }
    }

    deinit { close(socket) }
}

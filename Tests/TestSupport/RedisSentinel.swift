import Glibc
import Synchronization

/// A real sentinel of a test's own, which watches one master on the loopback address.
///
/// It ends with the last reference to it, and with the test's process in any case.
package final class RedisSentinel: Sendable {
    /// The master's name.
    package static let master = "mymaster"

    /// The port on 127.0.0.1.
    package let port: UInt16
    private let folder: TemporaryDirectory
    private let process: Mutex<ChildProcess?>

    /// Starts one and waits until it answers.
    ///
    /// - Parameters:
    ///   - quorum: how many sentinels have to miss the master.
    ///   - identity: its certificate; with one it speaks TLS, and only that.
    package static func start(
        watching master: UInt16, quorum: Int = 1, identity: TestCertificates.Identity? = nil,
        authority: String? = nil, settings: [String] = []
    ) async throws -> RedisSentinel {
        for _ in 0..<20 {
            let port = try RedisServer.freePort()
            var lines = [
                "bind 127.0.0.1", "sentinel monitor \(Self.master) 127.0.0.1 \(master) \(quorum)",
                "sentinel down-after-milliseconds \(Self.master) 300",
                "sentinel failover-timeout \(Self.master) 3000",
            ]
            if let identity, let authority {
                lines += [
                    "port 0", "tls-port \(port)", "tls-cert-file \(identity.certificate)",
                    "tls-key-file \(identity.key)", "tls-ca-cert-file \(authority)", "tls-auth-clients no",
                    "tls-replication yes",
                ]
            } else {
                lines.append("port \(port)")
            }
            if let sentinel = try await launch(port, lines + settings) { return sentinel }
        }
        throw SystemFailure("the sentinel found no free port")
    }

    private static func launch(_ port: UInt16, _ lines: [String]) async throws -> RedisSentinel? {
        let folder = try TemporaryDirectory()
        let path = folder.path("sentinel.conf")
        try Fixtures.write((lines + ["dir \(folder.path)", ""]).joined(separator: "\n"), to: path)
        let process = try ChildProcess(
            ["redis-server", path, "--sentinel"], output: folder.path("log"), folder: folder.path)
        let sentinel = RedisSentinel(port: port, folder: folder, process: process)
        let isUp = try await eventually("a sentinel that listens", within: .seconds(10)) { () -> Bool? in
            if process.ending() != nil { return false }
            return RedisServer.isListening(on: port) ? true : nil
        }
        if !isUp { sentinel.process.withLock { $0 = nil } }
        return isUp ? sentinel : nil
    }

    private init(port: UInt16, folder: TemporaryDirectory, process: ChildProcess) {
        self.port = port
        self.folder = folder
        self.process = Mutex(process)
    }

    deinit { kill() }

    /// Ends it without warning (kill -9).
    package func kill() { process.withLock { $0.take() }?.end(SIGKILL) }
}

extension RedisServer {
    static func isListening(on port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        return withUnsafeBytes(of: address) { bytes in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return connect(descriptor, pointer, socklen_t(bytes.count)) == 0
        }
    }
}

package import Glibc
import Synchronization

/// A real Redis server of a test's own, on a socket in a fresh folder and on a free port of the loopback address.
///
/// It ends with the last reference to it, and with the test's process in any case. Many of them can run side by side.
package final class RedisServer: Sendable {
    /// The port on 127.0.0.1.
    package let port: UInt16
    /// The port on 127.0.0.1 that speaks TLS; 0 where none does.
    package let tlsPort: UInt16
    /// The path of the socket.
    package let socketPath: String

    /// Where its own log and its socket are.
    package var folderPath: String { folder.path }

    private let folder: TemporaryDirectory
    private let settings: [String]
    private let kind: RedisKind
    private let hasOwnNetwork: Bool
    private let process: Mutex<ChildProcess?>

    /// The address over the network.
    package var url: String { "redis://127.0.0.1:\(port)" }
    /// The address of what speaks TLS.
    package var tlsURL: String { "rediss://127.0.0.1:\(tlsPort)" }
    /// The address of the socket.
    package var socketURL: String { "unix://\(socketPath)" }

    /// Starts a server and waits until it answers.
    ///
    /// - Parameters:
    ///   - kind: which program it is.
    ///   - identity: its certificate; with one it speaks TLS on a port of its own, besides.
    ///   - settings: more of `redis.conf`, as flags: `["--maxclients", "5"]`.
    ///   - hasOwnNetwork: whether nobody reaches its port but over a ``cable()``; its socket is where it is.
    package static func start(
        _ kind: RedisKind = .installed, password: String? = nil, identity: TestCertificates.Identity? = nil,
        settings: [String] = [], hasOwnNetwork: Bool = false
    ) async throws -> RedisServer {
        let folder = try TemporaryDirectory()
        let secrets = password.map { ["--requirepass", $0] } ?? []
        // Between finding a free port and Redis's taking it, another test may take it.
        for _ in 0..<20 {
            let port = try freePort()
            var tlsPort: UInt16 = 0
            var tls: [String] = []
            if let identity {
                tlsPort = try freePort()
                tls = [
                    "--tls-port", "\(tlsPort)", "--tls-cert-file", identity.certificate, "--tls-key-file",
                    identity.key, "--tls-auth-clients", "no",
                ]
            }
            let server = RedisServer(
                kind, folder: folder, ports: (port, tlsPort), settings: secrets + tls + settings,
                hasOwnNetwork: hasOwnNetwork)
            if try await server.launch() { return server }
        }
        throw SystemFailure("redis-server found no free port")
    }

    private init(
        _ kind: RedisKind, folder: TemporaryDirectory, ports: (plain: UInt16, tls: UInt16),
        settings: [String],
        hasOwnNetwork: Bool
    ) {
        self.kind = kind
        self.folder = folder
        self.hasOwnNetwork = hasOwnNetwork
        port = ports.plain
        tlsPort = ports.tls
        self.settings = settings
        socketPath = folder.path("redis.sock")
        process = Mutex(nil)
    }

    deinit {
        kill()
    }

    /// Ends it without warning (kill -9).
    package func kill() {
        process.withLock { $0.take() }?.end(SIGKILL)
    }

    /// Ends it in order.
    package func stop() {
        process.withLock { $0.take() }?.end(SIGTERM)
    }

    /// Ends it without warning and starts it again on the same port; what it held is gone.
    package func restart() async throws {
        kill()
        // A client of another test may have the port for a moment, at its own end of a connection.
        try await eventually("redis-server on port \(port) again", within: .seconds(20)) {
            try await launch()
        }
    }

    /// Its number; 0 where it does not run.
    package var pid: pid_t { process.withLock { $0?.pid ?? 0 } }

    /// Whether it has ended, as ``kill()`` or somebody else had it do.
    package var isOver: Bool {
        process.withLock { process in
            if process?.ending() != nil { process = nil }
            return process == nil
        }
    }

    /// Lets it hold still: it keeps its connections and answers nothing.
    package func pause() {
        process.withLock { $0?.signal(SIGSTOP) }
    }

    /// Lets a paused server go on.
    package func resume() {
        process.withLock { $0?.signal(SIGCONT) }
    }

    /// A cable into the network of a server that has its own, and the address at its end.
    package func cable() throws -> (cable: NetworkCable, url: String) {
        let cable = try NetworkCable(to: process.withLock { $0?.pid ?? 0 })
        return (cable, "redis://\(cable.address):\(port)")
    }

    // MARK: - Starting

    // Whether it came up; a taken port makes Redis end at once.
    private func launch() async throws -> Bool {
        let place = hasOwnNetwork ? ["unshare", "--net"] : []
        let access = hasOwnNetwork ? ["0.0.0.0", "--protected-mode", "no"] : ["127.0.0.1"]
        let arguments =
            place + [kind.program, "--bind"] + access + [
                "--port", "\(port)", "--unixsocket", socketPath,
                "--save", "", "--appendonly", "no", "--dir", folder.path, "--logfile",
                folder.path("redis.log"),
            ] + settings
        unlink(socketPath)
        let started = try ChildProcess(arguments, folder: folder.path)
        process.withLock { $0 = started }
        for _ in 0..<2_000 {
            if started.ending() != nil {
                process.withLock { $0 = nil }
                return false
            }
            // Redis makes its socket after it has its port, and the socket's folder is nobody else's.
            if answers() { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw SystemFailure("redis-server did not answer on '\(socketPath)' within 10 s")
    }

    private func answers() -> Bool {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: socketPath.utf8.prefix($0.count - 1))
        }
        let isConnected = withUnsafeBytes(of: address) { bytes in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return connect(descriptor, pointer, socklen_t(bytes.count)) == 0
        }
        guard isConnected, send(descriptor, "PING\r\n", 6, CInt(MSG_NOSIGNAL)) == 6 else { return false }
        var answer = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &answer, answer.count, 0)
        // Where there is a password it is an error; where a file is still read everything is refused.
        return count > 0 && !answer.starts(with: "-LOADING".utf8)
    }

    static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return bind(descriptor, pointer, size) == 0 && getsockname(descriptor, pointer, &size) == 0
        }
        guard isBound else { throw SystemFailure("no free port on 127.0.0.1") }
        return UInt16(bigEndian: address.sin_port)
    }
}

import Glibc
import Synchronization
import TestSupport
import Testing

/// The program that looks: against real sockets, and the answers that servers give.
@Suite("Looks at an application's health", .timeLimit(.minutes(1))) struct HealthProbeTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func look(_ words: String..., settings: [String: String] = [:]) async throws
        -> (code: Int, output: String)
    {
        let own = try TemporaryDirectory()
        let probe = Program("HealthProbe", settings: settings, folder: own.path)
        try probe.start(words)
        return (try await probe.end(), probe.output)
    }

    /// A server that gives every client this answer, and then waits for it to go where it `lingers`.
    private func server(_ answer: String, lingers: Bool = false) throws -> (LoopbackListener, Requests) {
        let listener = try LoopbackListener()
        let requests = Requests()
        listener.serve { client in
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(client, &buffer, buffer.count)
            requests.add(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
            for piece in answer.split(separator: "|", omittingEmptySubsequences: false) {
                _ = send(client, String(piece), piece.utf8.count, CInt(MSG_NOSIGNAL))
            }
            if lingers { _ = read(client, &buffer, buffer.count) }
        }
        return (listener, requests)
    }

    private final class Requests: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    // MARK: - HTTP

    @Test func asksAsHTTPWants() async throws {
        let (server, requests) = try server("HTTP/1.1 204 No Content\r\n\r\n")
        let it = try await look("http", "http://localhost:\(server.port)/a b?c=ü#d", "200,204")
        #expect(it.code == 0 && it.output.isEmpty)
        #expect(
            requests.all == [
                "GET /a%20b?c=%C3%BC HTTP/1.1\r\nHost: localhost:\(server.port)\r\nUser-Agent: HealthProbe\r\n"
                    + "Accept: */*\r\nConnection: close\r\n\r\n"
            ])
    }

    @Test func tellsTheStatusThatIsNotWanted() async throws {
        let (server, _) = try server("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        let address = "http://127.0.0.1:\(server.port)/"
        let it = try await look("http", address, "200,204")
        #expect(it.code == 1)
        #expect(it.output == "\(address) answered 503, not 200 or 204\n")
    }

    /// However the body's end is told, and in whatever pieces it comes; without its end where that is not needed.
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nall |well", true),
        ("HTTP/1.1 200 OK\r\n\r\nall well and more", false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nall |\r\n5;x=y\r\nwell!\r\n0\r\n\r\n",
            true
        ),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding:CHUNKED\r\n\r\n8\r\nall well\r\n", false),
        ("HTTP/1.0 200\r\nContent-Length: 99\r\n\r\nall well", false),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n|HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nall well",
            true
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\nall well", false),
    ])
    func findsATextInTheBody(_ row: (answer: String, lingers: Bool)) async throws {
        let (server, _) = try server(row.answer, lingers: row.lingers)
        let address = "http://localhost:\(server.port)/"
        // The length of the first row says that the last letter is no part of the body.
        let text = row.answer.contains(": 7") ? "all wel" : "all well"
        #expect(try await look("http", address, "200", text).code == 0)
        let other = try await look("http", address, "200", "all ill")
        #expect(other.code == 1 && other.output.contains("'all ill' is not in the"), "\(other.output)")
    }

    @Test(arguments: [
        ("", "it ended the connection"), ("SSH-2.0-OpenSSH_9.2\r\n", "what it says is not HTTP"),
        ("HTTP/1.1 abc\r\n\r\n", "what it says is not HTTP"), ("HTTP/1.1 2", "what it says is not HTTP"),
        ("HTTP/1.1 200 OK\r\nServer: x\r\n", "what it says is not HTTP"),
    ])
    func whatIsNoAnswerIsTold(_ row: (answer: String, words: String)) async throws {
        let (server, _) = try server(row.answer)
        let it = try await look("http", "http://localhost:\(server.port)/", "200")
        #expect(it.code == 1)
        #expect(it.output == "http://localhost:\(server.port)/ does not answer: \(row.words)\n")
    }

    /// More than is read of any answer.
    @Test func anEndlessBodyIsReadToABound() async throws {
        let listener = try LoopbackListener()
        listener.serve { client in
            var buffer = Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + [UInt8](repeating: 0x61, count: 65536)
            while send(client, buffer, buffer.count, CInt(MSG_NOSIGNAL)) > 0 {
                buffer = [UInt8](repeating: 0x61, count: 65536)
            }
        }
        let it = try await look("http", "http://localhost:\(listener.port)/", "200", "b")
        #expect(it.code == 1 && it.output.contains("'b' is not in the 10"), "\(it.output)")
    }

    @Test func aNameThatLeadsNowhereIsTold() async throws {
        let it = try await look("http", "http://nowhere.invalid/", "200")
        #expect(it.code == 1)
        #expect(it.output.hasPrefix("http://nowhere.invalid/ does not answer: "))
    }

    // MARK: - TLS

    /// A server of OpenSSL's own that shows a page about itself.
    private func encrypted(_ identity: TestCertificates.Identity, _ certificates: TestCertificates)
        async throws -> (ChildProcess, port: String)
    {
        let log = certificates.path("s_server")
        let process = try ChildProcess(
            [
                "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", identity.certificate,
                "-key",
                identity.key,
            ], output: log, folder: folder.path)
        let port = try await eventually("a port of s_server") {
            (try? Fixtures.read(log))?.split(separator: "\n").first { $0.hasPrefix("ACCEPT ") }?
                .split(separator: ":").last.map { String($0) }
        }
        return (process, port)
    }

    @Test func aCertificateHasToHold() async throws {
        let certificates = try TestCertificates()
        let (process, port) = try await encrypted(try certificates.issue("own"), certificates)
        defer { process.end(SIGKILL) }
        let trusting = ["SSL_CERT_FILE": certificates.authority]
        let address = "https://localhost:\(port)/"
        let held = try await look("http", address, "200", "Ciphers", settings: trusting)
        #expect(held.code == 0, "\(held.output)")
        let stranger = try await look("http", address, "200")
        #expect(stranger.code == 1)
        #expect(
            stranger.output
                == "\(address) does not answer: its certificate does not hold: unable to get local issuer certificate\n"
        )
        let plain = try await look("http", "http://localhost:\(port)/", "200")
        #expect(plain.code == 1)
    }

    @Test func aCertificateForOthersDoesNotHold() async throws {
        let certificates = try TestCertificates()
        let identity = try certificates.issue("other", for: "DNS:other.example")
        let (process, port) = try await encrypted(identity, certificates)
        defer { process.end(SIGKILL) }
        let it = try await look(
            "http", "https://127.0.0.1:\(port)/", "200", settings: ["SSL_CERT_FILE": certificates.authority])
        #expect(it.code == 1 && it.output.contains("IP address mismatch"), "\(it.output)")
    }

    @Test func aServerWithoutTLSIsTold() async throws {
        let (server, _) = try server("HTTP/1.1 400 Bad Request\r\n\r\n")
        let it = try await look("http", "https://localhost:\(server.port)/", "200")
        #expect(it.code == 1 && it.output.contains("does not answer: "), "\(it.output)")
    }

    // MARK: - The others

    @Test func looksAtPorts() async throws {
        let listener = try LoopbackListener()
        #expect(try await look("tcp", "\(listener.port)").code == 0)
        #expect(
            try await look("tcp", "1") == (
                1, "port 1 of this server takes no connection: Connection refused\n"
            ))
    }

    /// Where nobody listens on a port that connections may come from, one may meet itself.
    @Test(.enabled(if: House.hasRoot, House.needsRoot)) func aPortThatMeetsItselfIsClosed() async throws {
        let own = try TemporaryDirectory()
        let range = "/proc/sys/net/ipv4/ip_local_port_range"
        let probe = Program(
            "HealthProbe", settings: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], folder: own.path,
            under: [
                "unshare", "-n", "sh", "-c", "ip link set lo up && echo 40000 40000 >\(range) && exec \"$@\"",
                "sh",
            ])
        try probe.start(["tcp", "40000"])
        #expect(try await probe.end() == 1)
        #expect(probe.output == "port 40000 of this server takes no connection: Connection refused\n")
    }

    @Test func looksAtProcesses() async throws {
        // Of such a long name the kernel keeps the beginning alone.
        let name = "probed-process-\(getpid())"
        symlink("/bin/sleep", folder.path(name))
        let process = try ChildProcess([folder.path(name), "1000"], folder: folder.path)
        try await eventually("its program") { try await look("process", name).code == 0 }
        process.end(SIGKILL)
        #expect(try await look("process", name + "-shim").code == 1)
        #expect(try await look("process", name) == (1, "no process is called '\(name)'\n"))
    }

    @Test func looksAtFiles() async throws {
        try Fixtures.write("", to: folder.path("there"))
        #expect(try await look("file", folder.path("there")).code == 0)
        #expect(
            try await look("file", "/nowhere") == (1, "'/nowhere': No such file or directory\n"))
    }

    @Test(arguments: [
        [], ["http"], ["http", "ftp://a/", "200"], ["http", "http://a/", "200,"],
        ["http", "http:///", "200"],
        ["http", "http://a:0/", "200"], ["http", "http://a:99999/", "200"], ["http", "http://a b/", "200"],
        ["tcp", "0"], ["tcp", "65536"], ["process"], ["file", "/a", "/b"], ["other", "1"],
    ])
    func whatItIsNotMadeForShowsHowItIsCalled(_ words: [String]) async throws {
        let own = try TemporaryDirectory()
        let probe = Program("HealthProbe", settings: [:], folder: own.path)
        try probe.start(words)
        #expect(try await probe.end() == 2)
        #expect(probe.output.hasPrefix("usage: HealthProbe http URL"))
    }
}

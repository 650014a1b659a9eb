import Glibc
import ManifestKit
import TestSupport

/// A connection to the panel that never makes its thread wait.
final class ClientSocket {
    private let descriptor: CInt
    /// All that came so far.
    private(set) var received: [UInt8] = []

    /// - Parameter window: bytes that may be on their way to it, or nil for as many as the system likes.
    init(port: UInt16, window: CInt? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var window {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &window, socklen_t(MemoryLayout<CInt>.size))
        }
        try PanelClient.connect(descriptor, to: port)
    }

    deinit { close(descriptor) }

    /// Sends what the system takes; what it does not is lost.
    func send(_ text: String) {
        _ = Glibc.send(descriptor, text, text.utf8.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT))
    }

    /// Takes what has come; false once the panel has hung up.
    func receive(atMost limit: Int = .max) -> Bool {
        var buffer = [UInt8](repeating: 0, count: min(limit, 65_536))
        while received.count < limit {
            let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN { return true }
            guard count > 0 else { return false }
            received += buffer[..<count]
        }
        return true
    }

    /// Whether there is something to take, or nothing more will come.
    var isReady: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Lets this process have as many connections open as the system allows.
    static func allowMany() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// A client that sends one byte after another.
final class SlowClient {
    /// What it is slow with.
    enum Habit: CaseIterable {
        case everything, head, body
    }

    let habit: Habit
    /// How long the panel bore it; nil while it does.
    private(set) var span: Duration?
    private let socket: ClientSocket
    private let start = ContinuousClock.now
    private var sent = 0

    init(_ habit: Habit, port: UInt16) throws {
        self.habit = habit
        socket = try ClientSocket(port: port)
        switch habit {
        case .everything: break
        case .head: socket.send("GET /api/jobs HTTP/1.1\r\nhost: panel\r\nx-slow: ")
        case .body:
            socket.send(
                "POST /api/apps/greeting/install HTTP/1.1\r\nhost: panel\r\n"
                    + "authorization: Bearer \(PanelClient.token)\r\n"
                    + "content-type: application/json\r\ncontent-length: 1000\r\n\r\n{")
        }
    }

    /// Sends a byte where a second has passed since the last one, and looks whether the panel has hung up.
    func advance() {
        guard span == nil else { return }
        if socket.isReady, !socket.receive() { return span = .now - start }
        if habit != .everything, ContinuousClock.now - start > .seconds(sent + 1) {
            socket.send(" ")
            sent += 1
        }
    }
}

/// A client that follows a job's log to its end, page by page.
final class LogFollower {
    /// The output as far as it came.
    private(set) var text = ""
    private(set) var isComplete = false
    private let port: UInt16
    private let id: String
    private var after = 0
    private var socket: ClientSocket

    init(_ id: String, port: UInt16) throws {
        self.id = id
        self.port = port
        socket = try ClientSocket(port: port)
        ask()
    }

    /// Takes what has come, and asks for more where an answer is whole.
    func advance() throws {
        guard !isComplete, socket.isReady, !socket.receive() else { return }
        let page = try PanelClient.answer(in: socket.received).json
        for record in page["records"]?.array ?? [] {
            guard record.object?["n"]?.integer == Int64(after + 1) else {
                throw SystemFailure("the log has a gap after record \(after)")
            }
            after += 1
            text += record.object?["text"]?.string ?? ""
        }
        isComplete = page["complete"] == true
        guard !isComplete else { return }
        socket = try ClientSocket(port: port)
        ask()
    }

    private func ask() {
        socket.send(
            "GET /api/jobs/\(id)/log?after=\(after)&wait=30 HTTP/1.1\r\nhost: panel\r\nconnection: close\r\n"
                + "authorization: Bearer \(PanelClient.token)\r\n\r\n")
    }
}

extension Program {
    /// How many sockets it has open.
    var openSockets: Int {
        ProcessTable.numbers(in: "/proc/\(pid)/fd").count { number in
            var target = [CChar](repeating: 0, count: 64)
            let count = readlink("/proc/\(pid)/fd/\(number)", &target, target.count)
            return count > 6 && memcmp(target, "socket", 6) == 0
        }
    }

    /// The most memory that it ever had, in KiB.
    var peakMemory: Int {
        let line = FileTree.text("/proc/\(pid)/status").split(separator: "\n").first {
            $0.hasPrefix("VmHWM:")
        }
        return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
            ?? 0
    }
}

import Dispatch
import Glibc
import Synchronization

/// Stands between a program and its server on the loopback address, and passes on what a test lets it.
///
/// One thread serves all of its connections. It ends with the last reference to it.
package final class FaultyWire: Sendable {
    /// What goes wrong on the wire.
    package enum Fault: Sendable {
        /// Everything arrives so much later, in both directions.
        case delay(milliseconds: Int)
        /// Connections are taken and kept, and nothing goes through them, whatever comes later.
        case blackHole
        /// The first request that holds this text is passed on; when its reply comes back, the connection is cut.
        case lostReply(to: String)
        /// The connection is cut after so many more bytes of requests have gone through.
        case cut(afterBytes: Int)
        /// The program is told that the server says nothing more, on every connection that there is.
        case halfClose
        /// Every request is answered with this, and after it with zero bytes for as long as the program takes them.
        case answer([UInt8], floods: Bool)
    }

    /// What the thread and the tests share.
    private struct State {
        var fault: Fault?
        var holes: Set<Int> = []
        var latest = 0
        var cuts = 0
        var server: UInt16
    }

    /// Where programs connect to.
    package let port: UInt16
    /// The address as `REDIS_URL` takes it.
    package var url: String { "redis://\(host):\(port)" }

    private let host: String
    private let listener: CInt
    fileprivate let translate: Translation?
    private let state: Mutex<State>
    private let isOver = Atomic(false)

    /// Makes another command of each that comes.
    package typealias Translation = @Sendable ([[UInt8]]) -> [[UInt8]]

    /// A wire to a server on 127.0.0.1.
    ///
    /// - Parameters:
    ///   - host: the address of this machine that programs connect to.
    ///   - translate: what is passed on in the place of each command, word by word.
    package init(
        to server: UInt16, on host: String = "127.0.0.1", translating translate: Translation? = nil
    ) throws {
        self.host = host
        self.translate = translate
        state = Mutex(State(server: server))
        (listener, port) = try Loopback.listen(on: host)
        let loop = WireLoop(listener: listener)
        // A serial queue of its own: its thread waits in the kernel.
        DispatchQueue(label: "TestSupport.FaultyWire").async { [weak self] in
            while let self, !self.isOver.load(ordering: .relaxed) { loop.turn(self) }
            loop.end()
        }
    }

    deinit { isOver.store(true, ordering: .relaxed) }

    /// Has something go wrong from now on; what is cut or closed once goes wrong once.
    package func inject(_ fault: Fault) {
        state.withLock { state in
            state.fault = fault
            if case .blackHole = fault { state.holes = Set(0...state.latest) }
        }
    }

    /// Has new connections go to another server on 127.0.0.1.
    package func lead(to server: UInt16) { state.withLock { $0.server = server } }

    /// Lets new connections be as they should.
    package func heal() { state.withLock { $0.fault = nil } }

    /// How many connections were cut or closed by a fault so far.
    package var cuts: Int { state.withLock(\.cuts) }

    /// How many connections there have been.
    package var connections: Int { state.withLock(\.latest) }

    // MARK: - Asked by the thread

    fileprivate var fault: Fault? { state.withLock(\.fault) }

    fileprivate var server: UInt16 { state.withLock(\.server) }

    fileprivate func admit() -> Int {
        state.withLock { state in
            state.latest += 1
            if case .blackHole = state.fault { state.holes.insert(state.latest) }
            return state.latest
        }
    }

    fileprivate func isHole(_ connection: Int) -> Bool { state.withLock { $0.holes.contains(connection) } }

    fileprivate func noteCut(keepingFault: Bool = false) {
        state.withLock { state in
            state.cuts += 1
            if !keepingFault { state.fault = nil }
        }
    }

    fileprivate func change(_ fault: Fault?) { state.withLock { $0.fault = fault } }
}

/// The connections of a wire, and what is on its way through them; touched by one thread.
private final class WireLoop: @unchecked Sendable {
    private struct Piece {
        let due: ContinuousClock.Instant
        let target: CInt
        let bytes: ArraySlice<UInt8>
    }

    private struct Connection {
        let number: Int
        let program: CInt
        let server: CInt
        var pieces: [Piece] = []
        /// Its next reply is the one to be lost.
        var losesReply = false
        var isHalfClosed = false
        /// It is given bytes for as long as it takes them.
        var isFlooded = false
        var reader = CommandReader()
    }

    private let listener: CInt
    private var connections: [Connection] = []
    private var buffer = [UInt8](repeating: 0, count: 65_536)
    private let zeros = [UInt8](repeating: 0, count: 65_536)

    init(listener: CInt) { self.listener = listener }

    func end() {
        for connection in connections { drop(connection) }
        close(listener)
    }

    /// Waits for a moment at most, and passes on what has come and is due.
    func turn(_ wire: FaultyWire) {
        if case .halfClose? = wire.fault { halfClose(wire) }
        var entries = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
        for connection in connections {
            let isHole = wire.isHole(connection.number)
            for end in [connection.program, connection.server] {
                entries.append(pollfd(fd: isHole ? -1 : end, events: Int16(POLLIN), revents: 0))
            }
        }
        poll(
            &entries, nfds_t(entries.count),
            connections.contains { !$0.pieces.isEmpty || $0.isFlooded } ? 1 : 10)
        let isReady = entries.map { $0.revents != 0 }
        connections = connections.enumerated().compactMap { index, connection in
            var connection = connection
            guard (!isReady[2 * index + 1] || takeRequest(&connection, wire)),
                (!isReady[2 * index + 2] || takeReply(&connection, wire)), deliver(&connection),
                flood(connection)
            else {
                drop(connection)
                return nil
            }
            return connection
        }
        if isReady[0] { accept(wire) }
    }

    private func accept(_ wire: FaultyWire) {
        let program = Glibc.accept(listener, nil, nil)
        guard program >= 0 else { return }
        guard let server = Loopback.connect(to: wire.server) else {
            close(program)
            return
        }
        for end in [program, server] { Loopback.hurry(end) }
        connections.append(Connection(number: wire.admit(), program: program, server: server))
    }

    /// Whether the connection goes on.
    private func takeRequest(_ connection: inout Connection, _ wire: FaultyWire) -> Bool {
        guard let bytes = read(connection.program) else { return false }
        var rest = bytes
        var goesOn = true
        switch wire.fault {
        case .answer(let answer, let floods)?:
            connection.isFlooded = floods
            return Loopback.write(answer[...], to: connection.program)
        case .lostReply(let text)? where bytes.contains(Array(text.utf8)):
            connection.losesReply = true
            // Only the first.
            wire.change(nil)
        case .cut(let count)?:
            wire.change(.cut(afterBytes: max(0, count - bytes.count)))
            if bytes.count >= count {
                rest = bytes.prefix(count)
                goesOn = false
                wire.noteCut()
            }
        default: break
        }
        if let translate = wire.translate {
            rest =
                connection.reader.commands(with: rest).flatMap { CommandReader.bytes(of: translate($0)) }[...]
        }
        send(rest, to: connection.server, &connection, wire)
        return goesOn
    }

    private func takeReply(_ connection: inout Connection, _ wire: FaultyWire) -> Bool {
        guard let bytes = read(connection.server) else { return false }
        if connection.losesReply {
            wire.noteCut()
            return false
        }
        if !connection.isHalfClosed { send(bytes, to: connection.program, &connection, wire) }
        return true
    }

    private func send(
        _ bytes: ArraySlice<UInt8>, to target: CInt, _ connection: inout Connection, _ wire: FaultyWire
    ) {
        var delay = 0
        if case .delay(let milliseconds)? = wire.fault { delay = milliseconds }
        connection.pieces.append(Piece(due: .now + .milliseconds(delay), target: target, bytes: bytes))
        if delay == 0 { _ = deliver(&connection) }
    }

    /// Whether the connection goes on.
    private func deliver(_ connection: inout Connection) -> Bool {
        let now = ContinuousClock.now
        while let piece = connection.pieces.first, piece.due <= now {
            connection.pieces.removeFirst()
            guard Loopback.write(piece.bytes, to: piece.target) else { return false }
        }
        return true
    }

    /// Whether the connection goes on; it is given no more than it takes.
    private func flood(_ connection: Connection) -> Bool {
        guard connection.isFlooded else { return true }
        let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
        while Glibc.send(connection.program, zeros, zeros.count, flags) > 0 {}
        return errno == EAGAIN || errno == EWOULDBLOCK
    }

    private func halfClose(_ wire: FaultyWire) {
        for index in connections.indices {
            shutdown(connections[index].program, CInt(SHUT_WR))
            connections[index].isHalfClosed = true
            wire.noteCut(keepingFault: true)
        }
        wire.heal()
    }

    private func read(_ descriptor: CInt) -> ArraySlice<UInt8>? {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? buffer[..<count] : nil
    }

    private func drop(_ connection: Connection) {
        close(connection.program)
        close(connection.server)
    }
}

/// Sockets of the loopback address.
enum Loopback {
    static func listen(on host: String = "127.0.0.1") throws -> (descriptor: CInt, port: UInt16) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = address(0)
        address.sin_addr.s_addr = inet_addr(host)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return bind(descriptor, pointer, size) == 0 && getsockname(descriptor, pointer, &size) == 0
                && Glibc.listen(descriptor, 64) == 0
        }
        guard isBound else { throw SystemFailure("no free port on \(host)") }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    static func connect(to port: UInt16) -> CInt? {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let isConnected = withUnsafeBytes(of: address(port)) { bytes in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return Glibc.connect(descriptor, pointer, socklen_t(bytes.count)) == 0
        }
        guard isConnected else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Small pieces go out at once.
    static func hurry(_ descriptor: CInt) {
        var yes: CInt = 1
        setsockopt(
            descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Writes all of it; whether that worked.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: CInt) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        return address
    }
}

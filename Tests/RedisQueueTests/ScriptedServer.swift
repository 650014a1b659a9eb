import Glibc
import Synchronization
import TestSupport

/// A server on a free port of the loopback address that follows a script instead of Redis's protocol.
final class ScriptedServer: Sendable {
    /// What it does with a client's first command.
    enum Script: Sendable {
        /// Reads on and says nothing.
        case silence
        /// Says this, then nothing.
        case answer([UInt8])
        /// Says this once so many bytes of commands have come, then nothing.
        case answerLate([UInt8], after: Int)
        /// Says this, then zero bytes for as long as the client takes them.
        case flood([UInt8])
        /// Ends the stream.
        case hangUp
    }

    let port: UInt16
    private let listener: LoopbackListener
    private let clientCount = Mutex(0)
    private let floodSize = Mutex(0)

    var url: String { "redis://127.0.0.1:\(port)" }
    /// How many clients have connected.
    var connections: Int { clientCount.withLock { $0 } }
    /// How many bytes of a flood the clients have taken, the kernel's buffers included.
    var flooded: Int { floodSize.withLock { $0 } }

    /// Starts it.
    ///
    /// - Parameter greets: whether it first answers a client's greeting as Redis does.
    init(_ script: Script, greets: Bool = true) throws {
        listener = try LoopbackListener()
        port = listener.port
        listener.serve { [weak self] client in
            guard let self else { return }
            self.clientCount.withLock { $0 += 1 }
            self.follow(script, with: client, greets: greets)
        }
    }

    private func follow(_ script: Script, with client: CInt, greets: Bool) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        if greets {
            guard recv(client, &buffer, buffer.count, 0) > 0 else { return }
            _ = send(client, "+OK\r\n", 5, CInt(MSG_NOSIGNAL))
        }
        var taken = recv(client, &buffer, buffer.count, 0)
        guard taken > 0 else { return }
        switch script {
        case .silence:
            break
        case .answer(let bytes):
            _ = send(client, bytes, bytes.count, CInt(MSG_NOSIGNAL))
        case .answerLate(let bytes, let count):
            while taken < count {
                let more = recv(client, &buffer, buffer.count, 0)
                guard more > 0 else { return }
                taken += more
            }
            _ = send(client, bytes, bytes.count, CInt(MSG_NOSIGNAL))
        case .flood(let bytes):
            _ = send(client, bytes, bytes.count, CInt(MSG_NOSIGNAL))
            let zeros = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let sent = send(client, zeros, zeros.count, CInt(MSG_NOSIGNAL))
                guard sent > 0 else { return }
                floodSize.withLock { $0 += sent }
            }
        case .hangUp:
            return
        }
        while recv(client, &buffer, buffer.count, 0) > 0 {}
    }
}

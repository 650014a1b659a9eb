import Dispatch
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
        /// Says this, then zero bytes for as long as the client takes them.
        case flood([UInt8])
        /// Ends the stream.
        case hangUp
    }

    let url: String
    private let listener: CInt
    private let clientCount = Mutex(0)
    private let floodSize = Mutex(0)

    /// How many clients have connected.
    var connections: Int { clientCount.withLock { $0 } }
    /// How many bytes of a flood the clients have taken, the kernel's buffers included.
    var flooded: Int { floodSize.withLock { $0 } }

    /// Starts it.
    ///
    /// - Parameter greets: whether it first answers a client's greeting as Redis does.
    init(_ script: Script, greets: Bool = true) throws {
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return bind(descriptor, pointer, size) == 0 && listen(descriptor, 16) == 0
                && getsockname(descriptor, pointer, &size) == 0
        }
        guard isListening else { throw SystemFailure("no listener on 127.0.0.1") }
        url = "redis://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        DispatchQueue(label: "scripted server").async { [weak self] in
            while true {
                let client = accept(descriptor, nil, nil)
                guard client >= 0, let self else { return }
                self.clientCount.withLock { $0 += 1 }
                DispatchQueue(label: "scripted client").async {
                    self.follow(script, with: client, greets: greets)
                }
            }
        }
    }

    deinit {
        // Ends the accept; every client's thread ends with its client.
        shutdown(listener, CInt(SHUT_RDWR))
        close(listener)
    }

    private func follow(_ script: Script, with client: CInt, greets: Bool) {
        defer { close(client) }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        if greets {
            guard recv(client, &buffer, buffer.count, 0) > 0 else { return }
            _ = send(client, "+OK\r\n", 5, CInt(MSG_NOSIGNAL))
        }
        guard recv(client, &buffer, buffer.count, 0) > 0 else { return }
        switch script {
        case .silence:
            break
        case .answer(let bytes):
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

import Dispatch
import Glibc
import TestSupport

/// A free port of the loopback address, and a thread for each client that comes to it.
final class LoopbackListener: Sendable {
    let port: UInt16
    private let descriptor: CInt

    init() throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutableBytes(of: &address) { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return bind(descriptor, pointer, size) == 0 && listen(descriptor, 16) == 0
                && getsockname(descriptor, pointer, &size) == 0
        }
        guard isListening else { throw SystemFailure("no listener on 127.0.0.1") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        // Ends the accept; every client's thread ends with its client.
        shutdown(descriptor, CInt(SHUT_RDWR))
        close(descriptor)
    }

    /// Calls the body with each client on a thread of its own, and closes the client after it.
    func serve(_ body: @escaping @Sendable (CInt) -> Void) {
        let descriptor = descriptor
        DispatchQueue(label: "loopback listener").async {
            while true {
                let client = accept(descriptor, nil, nil)
                guard client >= 0 else { return }
                DispatchQueue(label: "loopback client").async {
                    body(client)
                    // A process that another test started in this moment may hold the client as well.
                    shutdown(client, CInt(SHUT_RDWR))
                    close(client)
                }
            }
        }
    }
}

import Dispatch
import Glibc

/// A free port of the loopback address, and a thread for each client that comes to it.
package final class LoopbackListener: Sendable {
    package let port: UInt16
    private let descriptor: CInt

    package init() throws { (descriptor, port) = try Loopback.listen() }

    deinit {
        // Ends the accept; every client's thread ends with its client.
        shutdown(descriptor, CInt(SHUT_RDWR))
        close(descriptor)
    }

    /// Calls the body with each client on a thread of its own, and closes the client after it.
    package func serve(_ body: @escaping @Sendable (CInt) -> Void) {
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

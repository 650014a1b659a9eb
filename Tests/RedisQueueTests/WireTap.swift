import Dispatch
import Glibc
import Synchronization
import TestSupport

/// A wire between a client and a port of the loopback address that writes down what clients say.
///
/// It can be cut in the middle of what the server says.
final class WireTap: Sendable {
    let port: UInt16
    private let listener: LoopbackListener
    private let said = Mutex<[[UInt8]]>([])
    private let budget = Mutex<Int?>(nil)
    private let isSpoilt = Mutex(false)

    /// What each client has said so far.
    var spoken: [[UInt8]] { said.withLock { $0 } }

    init(to upstream: UInt16) throws {
        listener = try LoopbackListener()
        port = listener.port
        listener.serve { [weak self] client in self?.carry(client, upstream) }
    }

    /// Lets this many more bytes of the server's through and then cuts every wire.
    func cut(after count: Int) { budget.withLock { $0 = count } }

    /// Turns over a bit in the last byte of all that the server says from now on.
    func spoil() { isSpoilt.withLock { $0 = true } }

    private func carry(_ client: CInt, _ upstream: UInt16) {
        let server = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(server) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = upstream.bigEndian
        let isConnected = withUnsafeBytes(of: address) { bytes in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return connect(server, pointer, socklen_t(bytes.count)) == 0
        }
        guard isConnected else { return }
        let number = said.withLock { said in
            said.append([])
            return said.count - 1
        }
        let back = DispatchGroup()
        DispatchQueue(label: "wire tap").async(group: back) {
            Self.pump(server, client) { bytes in
                if self.isSpoilt.withLock({ $0 }) { bytes[bytes.endIndex - 1] ^= 1 }
                return self.allowance(for: bytes)
            }
        }
        Self.pump(client, server) { bytes in
            self.said.withLock { $0[number] += bytes }
            return bytes.count
        }
        back.wait()
    }

    private func allowance(for bytes: ArraySlice<UInt8>) -> Int {
        budget.withLock { budget in
            guard let left = budget else { return bytes.count }
            budget = max(0, left - bytes.count)
            return min(left, bytes.count)
        }
    }

    // Until either side ends, or the judge lets less through than there is.
    private static func pump(_ source: CInt, _ sink: CInt, _ judge: (inout ArraySlice<UInt8>) -> Int) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            var bytes = buffer[..<count]
            let allowed = judge(&bytes)
            var rest = bytes.prefix(allowed)
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { send(sink, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
                guard sent > 0 else { break }
                rest = rest.dropFirst(sent)
            }
            if allowed < count || !rest.isEmpty { break }
        }
        shutdown(source, CInt(SHUT_RDWR))
        shutdown(sink, CInt(SHUT_RDWR))
    }
}

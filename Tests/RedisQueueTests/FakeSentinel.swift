import Glibc
import Synchronization
import TestSupport

/// A sentinel that names whatever port it is told to, and never tires of it.
final class FakeSentinel: Sendable {
    let port: UInt16
    private let listener: LoopbackListener
    private let named: Mutex<[UInt8]>
    private let asked = Mutex(0)

    /// How often it was asked.
    var questions: Int { asked.withLock { $0 } }

    init(naming master: UInt16) throws {
        named = Mutex(Self.answer(master))
        listener = try LoopbackListener()
        port = listener.port
        listener.serve { [weak self] client in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while recv(client, &buffer, buffer.count, 0) > 0, let self {
                self.asked.withLock { $0 += 1 }
                let answer = self.named.withLock { $0 }
                _ = send(client, answer, answer.count, CInt(MSG_NOSIGNAL))
            }
        }
    }

    /// Names another port from now on.
    func name(_ master: UInt16) { named.withLock { $0 = Self.answer(master) } }

    /// Answers this from now on, whatever it is.
    func say(_ answer: String) { named.withLock { $0 = Array(answer.utf8) } }

    private static func answer(_ port: UInt16) -> [UInt8] {
        Array("*2\r\n$9\r\n127.0.0.1\r\n$\(String(port).utf8.count)\r\n\(port)\r\n".utf8)
    }
}

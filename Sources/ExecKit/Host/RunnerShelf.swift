import CGatedSpawn
import Dispatch
import Glibc
import Synchronization

/// A runner process that waits for its order, and ends with the agent if none comes.
struct IdleRunner: Sendable {
    let process: GatedProcess
    /// The agent's end of the connection that is the runner's descriptor 0.
    let socket: Descriptor

    /// - Parameter attempts: The folder of all attempts, which makes room for the one's name in lists of processes.
    init(program: String, attempts: String, queue: DispatchQueue) throws(ExecKitError) {
        let (ours, theirs) = try Descriptor.connectedPair()
        let nowhere = try Directory("/dev").open("null", O_RDWR)
        process = try GatedProcess(
            GatedProcess.Order(
                arguments: [program, "\(attempts)/\(String(repeating: ".", count: 40))"], environment: [],
                directory: "/", mask: 0o077, input: theirs,
                output: nowhere,
                error: nowhere))
        socket = ours
        reapAtEnd(on: queue)
    }

    var isAlive: Bool { !process.hasEnded(within: 0) }

    /// Hands down an attempt's lock; from here on the attempt is the runner's.
    func give(_ lock: RunnerLock) { _ = gated_hand(socket.number, lock.file.number) }

    /// Tells the order, and waits for the runner's word: `began`, `refused:` with a reason, or nothing.
    func tell(_ order: RunnerOrder) -> String {
        _ = socket.send(order.bytes)
        shutdown(socket.number, Int32(SHUT_WR))
        return String(decoding: socket.readAll(limit: 65536) ?? [], as: UTF8.self)
    }

    private func reapAtEnd(on queue: DispatchQueue) {
        let end = DispatchSource.makeReadSource(fileDescriptor: process.descriptor.number, queue: queue)
        end.setEventHandler { [process] in
            process.reap()
            end.cancel()
        }
        // The descriptor has to stay open for as long as it is watched.
        end.setCancelHandler { [process] in withExtendedLifetime(process) {} }
        end.resume()
    }
}

/// Keeps one runner ready: loading a program takes longer than all else that a start does.
final class RunnerShelf: Sendable {
    private let program: String
    private let attempts: String
    private let queue: DispatchQueue
    private let ready = Mutex<IdleRunner?>(nil)

    init(program: String, attempts: String, queue: DispatchQueue) {
        self.program = program
        self.attempts = attempts
        self.queue = queue
    }

    /// The runner that is ready, or a new one.
    func take() throws(ExecKitError) -> IdleRunner {
        let runner = ready.withLock { runner in
            defer { runner = nil }
            return runner
        }
        if let runner, runner.isAlive { return runner }
        return try IdleRunner(program: program, attempts: attempts, queue: queue)
    }

    /// Makes the next one, while the caller goes on.
    func refill() {
        queue.async { [self] in
            ready.withLock { runner in
                if runner?.isAlive != true {
                    runner = try? IdleRunner(program: program, attempts: attempts, queue: queue)
                }
            }
        }
    }
}

import CGatedSpawn
import Dispatch
import Glibc
import Synchronization

/// A new runner, which waits for its order and ends where none comes.
struct NewRunner: Sendable {
    /// The agent's end of the connection that is the runner's descriptor 0.
    let socket: Descriptor

    /// Hands down an attempt's lock; from here on the attempt is the runner's.
    func give(_ lock: RunnerLock) { _ = gated_hand(socket.number, lock.file.number) }

    /// Tells the order, and waits for the runner's word: `began`, `refused:` with a reason, or nothing.
    ///
    /// - Parameters:
    ///   - milliseconds: how long the word may take.
    ///   - giveUp: called when it has not come by then; has to end whoever might still take the order.
    func tell(
        _ order: RunnerOrder, within milliseconds: Int = AttemptLimits.standardStartPatience,
        orElse giveUp: () -> Void = {}
    ) -> String {
        _ = socket.send(order.bytes)
        shutdown(socket.number, Int32(SHUT_WR))
        var word = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        if poll(&word, 1, Int32(clamping: milliseconds)) == 0 { giveUp() }
        var (said, portion) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        // What a runner had said before it was killed counts.
        while said.count < 65536, case .bytes(let count) = socket.read(into: &portion) {
            said += portion[..<count]
        }
        return String(decoding: said, as: UTF8.self)
    }
}

/// Makes runners from a process that has loaded their program: that takes longer than all else that a start does.
///
/// The process ends with this agent, or is ended by somebody, and the runners
/// that it has made live on; another one is started when the next is wanted.
final class RunnerTemplate: Sendable {
    private struct Loaded: Sendable {
        let process: GatedProcess
        /// The agent's end of the connection that is the process's descriptor 0.
        let socket: Descriptor
    }

    private let program: String
    private let attempts: String
    private let queue: DispatchQueue
    private let loaded = Mutex<Loaded?>(nil)

    /// - Parameter attempts: The folder of all attempts, which makes room for the one's name in lists of processes.
    init(program: String, attempts: String, queue: DispatchQueue) {
        self.program = program
        self.attempts = attempts
        self.queue = queue
    }

    /// The process, where there is one.
    var process: GatedProcess? { loaded.withLock { $0?.process } }

    /// A new runner.
    func runner() throws(ExecKitError) -> NewRunner {
        let (ours, theirs) = try Descriptor.connectedPair()
        let runner = NewRunner(socket: ours)
        let failure = try loaded.withLock { loaded throws(ExecKitError) in
            // Its newest runner may still hold a copy of its connection: that takes what nobody reads any more.
            if let loaded, !loaded.process.hasEnded(within: 0),
                gated_hand(loaded.socket.number, theirs.number) == 0
            {
                return Int32(0)
            }
            let new = try load()
            loaded = new
            return gated_hand(new.socket.number, theirs.number)
        }
        guard failure == 0 else { throw failureToStart ?? .system("start", program, number: failure) }
        return runner
    }

    /// Loads the program while the caller goes on, where it is not.
    func prepare() {
        queue.async { [self] in
            loaded.withLock { loaded in
                if loaded?.process.hasEnded(within: 0) != false { loaded = try? load() }
            }
        }
    }

    /// Ends the process, and with it what it has not yet made a runner for.
    func end() { process?.signal(SIGKILL) }

    /// Why the program could not be started the last time, or nil.
    var failureToStart: ExecKitError? {
        process?.failure(toStart: program).map { ExecKitError(.system, $0) }
    }

    private func load() throws(ExecKitError) -> Loaded {
        let (ours, theirs) = try Descriptor.connectedPair()
        let nowhere = try Directory("/dev").open("null", O_RDWR)
        let process = try GatedProcess(
            GatedProcess.Order(
                arguments: [program, "\(attempts)/\(String(repeating: ".", count: 40))"], environment: [],
                directory: "/", mask: 0o077, input: theirs, output: nowhere, error: nowhere))
        reapAtEnd(process)
        return Loaded(process: process, socket: ours)
    }

    private func reapAtEnd(_ process: GatedProcess) {
        // A thread of its own waits: libdispatch's watch of a descriptor was seen to end a process.
        DispatchQueue(label: "ExecKit.RunnerTemplate").async {
            while !process.hasEnded(within: -1) {}
            process.reap()
        }
    }
}

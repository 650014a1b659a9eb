import Glibc
import Synchronization
import TestSupport

/// One of the shipped programs, started and ended as often as a test likes.
final class Program: Sendable {
    private struct State {
        var settings: [String: String]
        var home = Program.folder
        var wrapper: [String]
        var process: ChildProcess?
        /// How the last run ended by itself.
        var code: Int?
        var runs = 0
    }

    private let name: String
    private let folder: String
    private let state: Mutex<State>

    /// A program that is not started yet.
    ///
    /// - Parameters:
    ///   - settings: its whole environment.
    ///   - folder: where its output goes, a file for each run.
    ///   - wrapper: a command that becomes the program, which is told behind it, by `exec`.
    init(_ name: String, settings: [String: String], folder: String, under wrapper: [String] = []) {
        self.name = name
        self.folder = folder
        state = Mutex(State(settings: settings, wrapper: wrapper))
    }

    deinit { kill() }

    /// The number of the process that runs, or 0.
    var pid: pid_t { state.withLock { $0.process?.pid ?? 0 } }

    /// What the last run has written so far.
    var output: String { FileTree.text(outputPath) }

    private var outputPath: String { "\(folder)/\(name)-\(state.withLock(\.runs)).out" }

    /// Changes some of its settings for later runs; nil takes one away.
    func change(_ settings: [String: String?]) {
        state.withLock { state in
            for (name, value) in settings { state.settings[name] = value }
        }
    }

    /// Has later runs take the program from another folder.
    func move(to home: String) { state.withLock { $0.home = home } }

    /// Has later runs start under another command, as it is told to ``init(_:settings:folder:under:)``.
    func run(under wrapper: [String]) { state.withLock { $0.wrapper = wrapper } }

    /// Starts it, with words behind its name on the command line.
    func start(_ words: [String] = []) throws {
        let (settings, home, wrapper) = state.withLock { state in
            state.runs += 1
            state.code = nil
            return (state.settings, state.home, state.wrapper)
        }
        let process = try ChildProcess(
            wrapper + ["\(home)/\(name)"] + words, environment: settings, output: outputPath,
            folder: folder)
        state.withLock { $0.process = process }
    }

    /// Lets the running program open no more files, sockets and the like than it has open now.
    ///
    /// - Returns: what gives it back the limit that it had.
    func takeAwayDescriptors() throws -> () throws -> Void {
        let pid = pid
        let line = FileTree.text("/proc/\(pid)/limits").split(separator: "\n").first {
            $0.hasPrefix("Max open files")
        }
        guard let before = line?.split(separator: " ").dropFirst(3).first else {
            throw SystemFailure("no limit of \(pid)")
        }
        let open = Set(ProcessTable.numbers(in: "/proc/\(pid)/fd"))
        // The lowest number that is free is the next one to be given out.
        let free = (0...).first { !open.contains($0) } ?? 0
        func limit(to number: String) throws {
            let code = try ChildProcess.run(
                ["prlimit", "--pid", "\(pid)", "--nofile=\(number):"], output: "\(folder)/prlimit.out")
            guard code == 0 else { throw SystemFailure("no new limit of \(pid)") }
        }
        try limit(to: "\(free)")
        return { try limit(to: String(before)) }
    }

    /// Waits until the last run has written a line that holds `text`, and returns that line.
    func line(with text: String) async throws -> String {
        try await eventually("'\(text)' in the output of \(name)") {
            if let line = output.split(separator: "\n").first(where: { $0.contains(text) }) {
                return String(line)
            }
            if let code = ending() { throw UnexpectedEnd(name: name, code: code, output: output) }
            return nil
        }
    }

    /// Ends it without warning.
    func kill() { state.withLock { $0.process.take() }?.end(SIGKILL) }

    func pause() { state.withLock { $0.process?.signal(SIGSTOP) } }

    func resume() { state.withLock { $0.process?.signal(SIGCONT) } }

    /// Asks it to end, which it has to do soon and in good order.
    func stop(within limit: Duration = .seconds(5)) async throws {
        state.withLock { $0.process?.signal(SIGTERM) }
        let code = try await end(within: limit)
        guard code == 0 else { throw UnexpectedEnd(name: name, code: code, output: output) }
    }

    /// Waits for its end, and returns how it came: the exit code, or 128 and a signal's number.
    func end(within limit: Duration = .seconds(30)) async throws -> Int {
        try await eventually("an end of \(name)", within: limit) { ending() }
    }

    /// Whether the last run has ended by itself.
    var isOver: Bool { ending() != nil }

    private func ending() -> Int? {
        state.withLock { state in
            if let code = state.process?.ending() {
                state.process = nil
                state.code = code
            }
            return state.code
        }
    }

    /// Where the programs are: beside the program that runs the tests.
    static let folder: String = {
        guard let resolved = realpath("/proc/self/exe", nil) else { return "." }
        defer { free(resolved) }
        let path = String(cString: resolved)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }()
}

/// A program ended that should have gone on.
struct UnexpectedEnd: Error, CustomStringConvertible {
    let name: String
    let code: Int
    let output: String

    var description: String { "\(name) ended with \(code): \(output)" }
}

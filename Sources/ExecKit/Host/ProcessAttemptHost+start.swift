import CGatedSpawn
import Dispatch
import Glibc
import JobKit

extension ProcessAttemptHost {
    func examineNow(_ order: JobOrder) -> Refusal? {
        let name = order.attempt.description
        do throws(Refusal) {
            let scratch = try folder("scratch")
            scratch.removeTree(name)
            defer { scratch.removeTree(name) }
            let copy = try orRefuse { () throws(ExecKitError) in try scratch.makeDirectory(name) }
            _ = try examiner.plan(order, copyInto: copy, paths: paths(of: order, in: copy.path))
            return nil
        } catch {
            return error
        }
    }

    /// Makes the attempt's folder, takes its lock, and hands both to a new runner.
    ///
    /// Returns once `began` is on disk. Where it throws, the folder is gone and
    /// nothing ran.
    func startNow(_ order: JobOrder) throws(Refusal) {
        let attempts = try folder("attempts")
        let name = order.attempt.description
        let directory = try orRefuse { () throws(ExecKitError) in try attempts.makeDirectory(name) }
        do throws(Refusal) {
            try start(order, in: directory)
        } catch {
            attempts.removeTree(name)
            throw error
        }
    }

    private func start(_ order: JobOrder, in directory: Directory) throws(Refusal) {
        guard let lock = RunnerLock(taking: directory) else {
            throw Refusal(.policy, "the folder of attempt '\(order.attempt)' belongs to another runner")
        }
        let paths = paths(of: order, in: directory.path)
        let runnerOrder = try orRefuse { () throws(any Error) in
            _ = try Directory.ensured(paths.state)
            _ = try Directory.ensured(places.logs)
            _ = try directory.makeDirectory(AttemptFile.work)
            let copy = try directory.makeDirectory(AttemptFile.application)
            var plan = try examiner.plan(order, copyInto: copy, paths: paths)
            if let limits { plan.limits = limits }
            let runnerOrder = RunnerOrder(
                attempt: order.attempt, plan: plan, controlGroup: try controlGroup(of: order.attempt),
                bootID: bootID,
                plainLog: "\(places.logs)/\(order.attempt.job).log")
            try directory.create(AttemptFile.spec, runnerOrder.spec)
            return runnerOrder
        }
        try hand(runnerOrder, to: directory, lock)
    }

    /// Starts the runner, tells it its order, and waits for its word.
    private func hand(_ order: RunnerOrder, to directory: Directory, _ lock: RunnerLock) throws(Refusal) {
        var held: RunnerLock? = lock
        let (process, socket) = try orRefuse { () throws(ExecKitError) in
            let (ours, theirs) = try Descriptor.connectedPair()
            let nowhere = try Directory("/dev").open("null", O_RDWR)
            let process = try GatedProcess(
                GatedProcess.Order(
                    arguments: [places.runner, directory.path], environment: [], directory: "/", mask: 0o077,
                    input: theirs, output: nowhere, error: nowhere, extra: held?.file))
            return (process, ours)
        }
        held = nil
        _ = socket.send(order.bytes)
        shutdown(socket.number, Int32(SHUT_WR))
        let answer = String(decoding: socket.readAll(limit: 65536) ?? [], as: UTF8.self)
        // Without a word, what is on disk says whether the script may have run.
        if answer == "began" || answer.isEmpty && directory.has(AttemptFile.began) {
            return reapAtEnd(process)
        }
        process.reap()
        let prefix = "refused:"
        let reason = answer.hasPrefix(prefix) ? String(answer.dropFirst(prefix.count)) : failure(of: process)
        throw Refusal(.policy, "the script cannot be run as promised: \(reason)")
    }

    private func reapAtEnd(_ process: GatedProcess) {
        let end = DispatchSource.makeReadSource(fileDescriptor: process.descriptor.number, queue: queue)
        end.setEventHandler {
            process.reap()
            end.cancel()
        }
        end.resume()
    }

    /// Why a runner ended without a word.
    private func failure(of process: GatedProcess) -> String {
        var number = [UInt8](repeating: 0, count: MemoryLayout<Int32>.size)
        guard case .bytes(number.count) = process.report.read(into: &number) else {
            return "its runner was killed"
        }
        return ExecKitError.system(
            "start", places.runner, number: number.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
        )
        .message
    }

    func controlGroup(of attempt: AttemptID) throws(ExecKitError) -> String {
        "\(try ControlGroupPlace.own().path)/provision-\(attempt)"
    }

    private func paths(of order: JobOrder, in folder: String) -> ScriptPaths {
        ScriptPaths(
            state: "\(places.state)/apps/\(order.application)", work: "\(folder)/\(AttemptFile.work)",
            output: "\(folder)/\(AttemptFile.output)", progress: "\(folder)/\(AttemptFile.progress)")
    }

    private func folder(_ name: String) throws(Refusal) -> Directory {
        try orRefuse { () throws(ExecKitError) in try Directory.ensured("\(places.state)/\(name)") }
    }

    /// What cannot be done is a reason not to start.
    private func orRefuse<Value, Failure: Error>(_ work: () throws(Failure) -> Value) throws(Refusal) -> Value
    {
        do {
            return try work()
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(.policy, "\(error)")
        }
    }
}

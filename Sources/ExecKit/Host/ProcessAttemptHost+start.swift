import Glibc
import JobKit

extension ProcessAttemptHost {
    func examineNow(_ order: JobOrder) -> Refusal? {
        do throws(Refusal) {
            let folder = "\(places.state)/attempts/\(order.attempt)"
            _ = try examiner.plan(order, paths: paths(of: order, in: folder))
            return nil
        } catch {
            return error
        }
    }

    /// Makes the attempt's folder with its lock, both at once, where it is not there yet.
    func makePlace(for attempt: AttemptID) throws(Refusal) {
        let attempts = try folder("attempts")
        let (name, draft) = (attempt.description, Self.leavings + attempt.description)
        guard !attempts.has(name) else { return }
        try orRefuse { () throws(ExecKitError) in
            attempts.removeTree(draft)
            do throws(ExecKitError) {
                try attempts.makeDirectory(draft).create(AttemptFile.lock, [])
                try attempts.move(draft, to: name)
            } catch {
                attempts.removeTree(draft)
                throw error
            }
        }
    }

    /// Takes the lock of the attempt's folder, and hands both to a new runner.
    ///
    /// Returns once `began` is on disk. Where it throws, nothing ran.
    func startNow(_ order: JobOrder) throws(Refusal) {
        try makePlace(for: order.attempt)
        let attempts = try folder("attempts")
        let directory = try orRefuse { () throws(ExecKitError) in
            try attempts.folder(order.attempt.description)
        }
        // What another one has begun is not undone.
        guard let lock = RunnerLock(taking: directory) else {
            throw Refusal(.policy, "the folder of attempt '\(order.attempt)' belongs to another runner")
        }
        guard !directory.has(AttemptFile.began) else {
            throw Refusal(.policy, "the attempt '\(order.attempt)' has begun already")
        }
        do throws(Refusal) {
            try start(order, in: directory, lock)
        } catch {
            undo(order.attempt, in: attempts)
            throw error
        }
    }

    private func start(
        _ order: JobOrder, in directory: Directory, _ lock: RunnerLock
    ) throws(Refusal) {
        // Of a start that came to nothing.
        for name in directory.names() where name != AttemptFile.lock { directory.removeTree(name) }
        let paths = paths(of: order, in: directory.path)
        let runnerOrder = try orRefuse { () throws(any Error) in
            _ = try Directory.ensured(paths.state)
            _ = try Directory.ensured(places.logs)
            _ = try directory.makeDirectory(AttemptFile.work)
            var plan = try examiner.plan(order, paths: paths)
            if let limits { plan.limits = limits }
            let runnerOrder = RunnerOrder(
                attempt: order.attempt, folder: directory.path, plan: plan,
                controlGroup: try groups.path(of: order.attempt), bootID: bootID,
                plainLog: "\(places.logs)/\(order.attempt.job).log")
            try directory.create(AttemptFile.spec, runnerOrder.spec)
            return runnerOrder
        }
        try hand(runnerOrder, to: directory, lock)
    }

    /// Gives the order to a runner, and takes its word; to a second one where the first was never made.
    private func hand(
        _ order: RunnerOrder, to directory: Directory, _ lock: RunnerLock
    ) throws(Refusal) {
        var answer = try word(of: order, in: directory, lock)
        // A runner reserves its space before anything else.
        let wasTaken = !answer.isEmpty || directory.has(AttemptFile.reserve)
        let failure = answer.isEmpty ? template.failureToStart?.message : nil
        if !wasTaken, failure == nil { answer = try word(of: order, in: directory, lock) }
        // Without a word, what is on disk says whether the script may have run.
        if answer == "began" || answer.isEmpty && directory.has(AttemptFile.began) { return }
        let prefix = "refused:"
        let reason =
            answer.hasPrefix(prefix)
            ? String(answer.dropFirst(prefix.count))
            : failure ?? "its runner was killed"
        throw Refusal(.policy, "the script cannot be run as promised: \(reason)")
    }

    private func word(
        of order: RunnerOrder, in directory: Directory, _ lock: RunnerLock
    ) throws(Refusal) -> String {
        let runner = try orRefuse { () throws(ExecKitError) in try template.runner() }
        runner.give(lock)
        return runner.tell(order, within: order.plan.limits.startPatience) {
            template.end()
            RunnerLock.signal(SIGKILL, holderOf: directory)
        }
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

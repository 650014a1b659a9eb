internal import Dispatch

/// Runs an actor on a dispatch queue of its own, where it may block.
final class DispatchQueueExecutor: SerialExecutor {
    /// The queue; what runs on it is isolated to the actor.
    let queue: DispatchQueue

    init(label: String) {
        queue = DispatchQueue(label: label)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }
}

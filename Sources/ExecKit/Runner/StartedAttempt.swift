import Glibc
import JobKit
import ManifestKit

/// An attempt whose script has been let go.
///
/// 1. The cgroup is made, and space reserved for the result.
/// 2. The child is forked inside it, held at a gate before `execve`.
/// 3. `began` is durable on disk.
/// 4. The gate is opened.
///
/// A crash before 3 leaves an attempt that never began; the gate's end closes
/// with the runner, and the child ends without having run an instruction of the
/// script.
struct StartedAttempt: Sendable {
    let order: RunnerOrder
    let folder: Directory
    let group: ControlGroup
    let memory: OutOfMemoryCount
    let process: GatedProcess
    /// The reading end of the script's standard output and error.
    let output: Descriptor
    let log: Descriptor
    let plainLog: Descriptor?
    /// When the gate was opened, for people and for reckoning.
    let beganAt: Timestamp
    let beganElapsed: Int64

    init(order: RunnerOrder, folder: Directory, clock: RunnerClock) throws {
        self.order = order
        self.folder = folder
        try Self.reserveSpace(in: folder)
        (log, plainLog) = try LogWriter.files(in: folder, plainPath: order.plainLog)
        group = try ControlGroup.make(order.controlGroup)  // 1
        memory = OutOfMemoryCount(group: group.folder)
        var held: GatedProcess?
        do {
            let gate = try Descriptor.pipe()
            let pipe = try Descriptor.pipe()
            output = pipe.reading
            output.makeNonblocking()
            CrashPoint.spawnBeforeFork.pass()
            let process = try GatedProcess(
                GatedProcess.Order(
                    arguments: order.plan.arguments,
                    environment: order.plan.environment.map { ($0.name, $0.text) },
                    directory: order.plan.directory, mask: 0o022,
                    input: try Directory("/dev").open("null", O_RDONLY),
                    output: pipe.writing, error: pipe.writing, gate: gate.reading,
                    cgroup: group.folder.descriptor))  // 2
            CrashPoint.spawnAfterFork.pass()
            held = process
            self.process = process
            beganAt = clock.now
            try Self.record(
                AttemptBeginning(at: beganAt, script: process.pid, bootID: order.bootID), in: folder)  // 3
            beganElapsed = clock.elapsed
            CrashPoint.spawnAfterBegan.pass()
            guard gate.writing.write([1]) == 0 else { throw ExecKitError.system("open", "gate") }  // 4
        } catch {
            _ = group.empty()
            // Killed at the gate, it must not stay on the kernel's books either.
            held?.signal(SIGKILL)
            held?.reap()
            group.remove()
            throw error
        }
    }

    /// Writes how the attempt ended, durably, though the disk be full.
    func write(_ result: AttemptResult) throws(ExecKitError) {
        let bytes = result.json.canonicalBytes()
        guard bytes.count <= AttemptFile.resultReserveSize, folder.has(AttemptFile.reserve) else {
            return try folder.replace(AttemptFile.result, bytes)
        }
        try folder.replace(AttemptFile.result, bytes, intoSpaceOf: AttemptFile.reserve)
    }

    private static func record(_ beginning: AttemptBeginning, in folder: Directory) throws(ExecKitError) {
        CrashPoint.spawnBeforeBegan.pass()
        try folder.create(AttemptFile.began, beginning.bytes, synced: true)
        try folder.sync()
    }

    private static func reserveSpace(in folder: Directory) throws(ExecKitError) {
        let file = try folder.open(AttemptFile.reserve, O_WRONLY | O_CREAT | O_EXCL)
        try file.reserve(AttemptFile.reserveSize, of: folder.path)
    }
}

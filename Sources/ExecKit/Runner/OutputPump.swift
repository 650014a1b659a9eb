import JobKit

/// Carries a script's output from its pipe through the redactor into the log.
struct OutputPump: ~Copyable {
    /// Output rests here at most this long, so that a chatty script makes few records.
    private static let flushInterval: Int64 = 100
    private static let syncInterval: Int64 = 800
    private static let readSize = 65536

    private(set) var pipe: Descriptor?
    private var redactor: Redactor
    private var log: LogWriter
    private var buffer = [UInt8](repeating: 0, count: readSize)
    private var pending: [UInt8] = []
    private var pendingSince: Timestamp
    private var lastFlush: Int64 = .min
    private var dirtySince: Int64?
    private let clock: RunnerClock

    init(pipe: Descriptor, redactor: Redactor, log: consuming LogWriter, clock: RunnerClock) {
        self.pipe = pipe
        self.redactor = redactor
        self.log = log
        self.clock = clock
        pendingSince = clock.now
    }

    /// When ``tick()`` has something to do, by the boot clock.
    var deadline: Int64? {
        let flush = pending.isEmpty ? nil : lastFlush + Self.flushInterval
        let sync = dirtySince.map { $0 + Self.syncInterval }
        return [flush, sync].compactMap(\.self).min()
    }

    /// Takes in what the pipe has, up to one buffer; the number of bytes.
    @discardableResult
    mutating func read() -> Int {
        switch pipe?.read(into: &buffer) {
        case .bytes(let count):
            take(redactor.redact(buffer[..<count]))
            return count
        case .end:
            pipe = nil
            return 0
        case .wouldWait, nil: return 0
        }
    }

    /// Writes and syncs what has waited long enough.
    mutating func tick() {
        let now = clock.elapsed
        if !pending.isEmpty, now >= lastFlush + Self.flushInterval || pending.count >= LogFrame.maximumOutput
        {
            flush()
        }
        if let dirtySince, now >= dirtySince + Self.syncInterval {
            log.sync()
            self.dirtySince = nil
        }
    }

    /// Adds a line of our own.
    mutating func take(note: String) { take(Array("\n[provisioning: \(note)]\n".utf8)) }

    /// Takes in what the dead left in the pipe, and goes on with a new one; its writing end.
    mutating func turn() throws(ExecKitError) -> Descriptor {
        let next = try Descriptor.pipe()
        drain()
        next.reading.makeNonblocking()
        pipe = next.reading
        return next.writing
    }

    /// Takes in what is in the pipe, up to a bound.
    mutating func drain() {
        var room = 1 << 20
        while room > 0, case let count = read(), count > 0 { room -= count }
    }

    /// Takes in what the dead left in the pipe, and ends the log.
    ///
    /// It does not wait for the pipe's end: a process that is no longer ours may hold it for years.
    ///
    /// - Parameter makeRoom: called before what was held back is written, if anything was.
    mutating func finish(makingRoom makeRoom: () -> Void) -> AttemptResult.Log {
        drain()
        take(redactor.finish())
        flush()
        if log.isHoldingBack { makeRoom() }
        return log.finish(at: clock.now)
    }

    private mutating func take(_ output: [UInt8]) {
        guard !output.isEmpty else { return }
        if pending.isEmpty { pendingSince = clock.now }
        pending += output
        tick()
    }

    private mutating func flush() {
        log.append(pending, at: pendingSince)
        pending.removeAll(keepingCapacity: true)
        lastFlush = clock.elapsed
        if log.isDirty && dirtySince == nil { dirtySince = lastFlush }
    }
}

import JobKit
import TestSupport

/// A server: its disk, its processes, and an agent that may die and be started again at any step.
///
/// Drives the agent's machine as ``AgentWorker`` does, step by step of what it decides; anything may happen in between.
struct SimulatedServer {
    let agent: AgentID
    private(set) var name: String
    private(set) var sights: [Sight] = []

    private var machine: AgentMachine
    private var journal: [JournalEntry] = []
    private var archive: [AttemptSummary] = []
    private var runs: [AttemptID: Run] = [:]
    private var steps: [AgentMachine.Step] = []
    private var effects: [AgentMachine.Effect] = []
    /// The last event that was laid on the wire, until that is answered.
    private var laid: StreamPosition?
    private var written = StreamPosition(epoch: 1, number: 0)
    private var received = StreamPosition(epoch: 1, number: 0)
    private var hasFailed = false
    private var generator: SeededGenerator
    private let keys: [AgentKeys]
    private let clock: SimulatedClock
    private let wire: SimulatedWire
    /// By how much this server's clocks are ahead of the world's.
    private var skew: Int64
    private var bootedAt: Int64

    init(agent: AgentID, keys: [AgentKeys], seed: UInt64, clock: SimulatedClock, wire: SimulatedWire) {
        self.agent = agent
        self.keys = keys
        self.clock = clock
        self.wire = wire
        name = agent.description
        generator = SeededGenerator(seed: seed)
        skew = Int64.random(in: -100_000...100_000, using: &generator)
        bootedAt = clock.milliseconds - 1_000_000
        machine = AgentMachine(agent: agent, session: "", keys: keys)
        start()
    }

    /// A server with a copy of this one's disk, which nobody can tell from it; nil while a script is on its way.
    ///
    /// What becomes of a script that was on its way when its disk was copied is not told by the copy.
    func cloned(name: String, seed: UInt64) -> SimulatedServer? {
        guard runs.isEmpty, !machine.isAnythingUnderWay else { return nil }
        var copy = self
        copy.name = name
        copy.generator = SeededGenerator(seed: seed)
        copy.sights = []
        copy.reboot()
        return copy
    }

    var moment: Moment {
        Moment(
            wall: clock.timestamp.advanced(byMilliseconds: skew), boot: clock.milliseconds - bootedAt)
    }

    var halt: AgentMachine.Halt? { machine.halt }
    /// Whether everything that is known here is known to the panel.
    var isSettled: Bool { machine.cursor == machine.lastEvent && runs.isEmpty }
    /// Where it stands, for who reads of a violation.
    var standing: String {
        "\(name): messages through \(machine.received.number), events through \(machine.lastEvent), "
            + "the panel has \(machine.cursor), \(machine.obstacle ?? "no obstacle"), \(hasFailed ? "its journal failed" : "works"), "
            + "\(effects.count) effects, runs \(runs.map { "\($0.key): watched \($0.value.isWatched), result \($0.value.result != nil)" })"
    }

    mutating func takeSights() -> [Sight] {
        defer { sights = [] }
        return sights
    }

    // MARK: Dying and starting

    /// The agent is killed and started again; runners go on.
    mutating func crash() { start() }

    /// The whole server is.
    mutating func reboot() {
        for attempt in runs.keys.sorted(by: { $0.description < $1.description }) {
            endTree(attempt)
            if runs[attempt]?.isWatched == true { sights.append(.struck(attempt, isFolderGone: false)) }
            runs[attempt]?.isWatched = false
            if runs[attempt]?.result == nil, isMarked(attempt) {
                conclude(attempt, .interrupted(.hostRestarted))
            }
        }
        bootedAt = clock.milliseconds - Int64.random(in: 1...5_000, using: &generator)
        start()
    }

    /// A runner is killed, and its script goes on alone.
    mutating func killRunner() {
        let living = runs.keys.filter { runs[$0]?.isWatched == true }.sorted {
            $0.description < $1.description
        }
        guard let attempt = living.randomElement(using: &generator) else { return }
        runs[attempt]?.isWatched = false
        sights.append(.struck(attempt, isFolderGone: false))
    }

    /// A script took its own folder away and is over, and its agent dies before it has seen that.
    mutating func loseFolder() {
        let over = runs.keys.filter { runs[$0]?.hasBegun == true && runs[$0]?.isAlive == false }
            .sorted { $0.description < $1.description }
        if let attempt = over.randomElement(using: &generator) {
            runs[attempt] = nil
            sights.append(.struck(attempt, isFolderGone: true))
        }
        crash()
    }

    /// The clocks jump.
    mutating func setClock() { skew = Int64.random(in: -10_000_000...10_000_000, using: &generator) }

    private mutating func start() {
        let session = (0..<4).map { _ in
            String(UInt32.random(in: 0x1000_0000 ... .max, using: &generator), radix: 16)
        }.joined()
        machine = AgentMachine(agent: agent, session: session, keys: keys)
        (steps, effects, laid) = ([], [], nil)
        for attempt in runs.keys {
            runs[attempt]?.isFollowed = false
            runs[attempt]?.toldBegan = false
        }
        if journal.isEmpty { journal = [.identity(agent: agent, machine: "machine")] }
        do {
            try machine.replay(journal)
        } catch {
            hasFailed = true
        }
        written = machine.lastPosition
        received = machine.received
        machine.recover(survey(), at: moment)
    }

    /// What the traces of every attempt say; no attempt that is over has a living process afterwards.
    private mutating func survey() -> [AttemptID: AttemptStanding] {
        var standings: [AttemptID: AttemptStanding] = [:]
        for attempt in runs.keys.sorted(by: { $0.description < $1.description }) {
            guard let run = runs[attempt] else { continue }
            if run.isWatched {
                standings[attempt] = .running
            } else if let result = run.result {
                standings[attempt] = .ended(result)
            } else if isMarked(attempt) {
                endTree(attempt)
                standings[attempt] = .ended(conclude(attempt, .interrupted(.runnerDied)))
            } else {
                endTree(attempt)
                standings[attempt] = .neverBegan
            }
        }
        return standings
    }

    private func isMarked(_ attempt: AttemptID) -> Bool {
        runs[attempt]?.isMarked == true
    }

    private mutating func endTree(_ attempt: AttemptID) {
        guard runs[attempt]?.isAlive == true else { return }
        runs[attempt]?.isAlive = false
        sights.append(.ended(attempt))
    }

    @discardableResult
    private mutating func conclude(_ attempt: AttemptID, _ ending: AttemptResult.Ending) -> AttemptResult {
        let result = AttemptResult(ending: ending, beganAt: moment.wall, endedAt: moment.wall)
        runs[attempt]?.result = result
        return result
    }

    // MARK: The agent's steps

    /// One step of the agent or of a process, whichever the seed says.
    mutating func step() {
        guard !hasFailed else { return }
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<5: receive()
        case 5..<9: report()
        case 9..<11: beat()
        case 11..<15: commit()
        default: carryOut()
        }
        for attempt in runs.keys.sorted(by: { $0.description < $1.description })
        where Bool.random(using: &generator) { run(attempt) }
        follow()
    }

    /// All steps, one after another: what an idle server does in no time.
    mutating func turn() {
        guard !hasFailed else { return }
        receive()
        repeat { commit() } while !steps.isEmpty
        while !effects.isEmpty { carryOut() }
        for attempt in runs.keys.sorted(by: { $0.description < $1.description }) { run(attempt) }
        follow()
        repeat { commit() } while !steps.isEmpty
        repeat { report() } while laid != nil
        beat()
    }

    private mutating func receive() {
        let known = Set(machine.running)
        defer {
            // What a new epoch takes up again started long ago.
            for attempt in machine.running where !known.contains(attempt) && runs[attempt] == nil {
                if let order = machine.order(of: attempt) {
                    sights.append(.permitted(order, word: machine.permittedAt))
                }
            }
        }
        guard
            let delivery = try? wire.receive(
                for: agent, after: machine.received, acknowledgement: machine.mark)
        else { return }
        machine.take(delivery, at: moment)
    }

    /// Lays events on the wire, and at another step hears that they are there.
    private mutating func report() {
        if let last = laid {
            machine.noteReported(through: last)
            laid = nil
            return
        }
        if machine.isToReportAnew {
            guard (try? wire.restartUp(agent)) != nil else { return }
            machine.noteDropped()
        }
        let entries = machine.unreported(through: written, limit: 64)
        guard let last = entries.last, let additions = try? wire.report(entries, of: agent) else { return }
        for (entry, addition) in zip(entries, additions) where addition == .outOfOrder {
            if let known = try? wire.event(at: entry.position, of: agent) {
                machine.noteFound(known, at: entry.position)
            }
        }
        laid = last.position
    }

    private mutating func beat() {
        let envelope = machine.beat(
            received: received, at: moment, bootID: "boot", version: "1",
            facts: ["os_id": "debian"])
        if let envelope { try? wire.beat(envelope, of: agent) }
    }

    /// One step of what was decided; the power may go while lines are written.
    private mutating func commit() {
        if steps.isEmpty, machine.hasDecisions { steps = machine.takeDecisions().steps }
        guard !steps.isEmpty else { return }
        switch steps.removeFirst() {
        case .write(let lines):
            if wire.failures > 0, Int.random(in: 0..<60, using: &generator) == 0 {
                journal += lines.prefix(Int.random(in: 0...lines.count, using: &generator))
                return crash()
            }
            journal += lines
        case .tell(let event, let message): (written, received) = (event, message)
        case .carryOut(let decided): effects += decided
        }
        if steps.isEmpty, journal.count > 60, !machine.hasLines, Bool.random(using: &generator) {
            let (lines, past) = machine.compacted(machine: "machine")
            archive += past
            journal = lines
        }
    }

    private mutating func carryOut() {
        guard !effects.isEmpty else { return }
        switch effects.removeFirst() {
        case .start(let job):
            let attempt = job.order.attempt
            // Once an attempt has begun, or may, no other runner of it is started.
            if let run = runs[attempt], run.isWatched || run.isMarked || run.result != nil { return }
            guard machine.mayStart(attempt, at: moment) else {
                return machine.take([.neverBegan], of: attempt, at: moment)
            }
            machine.noteSetOut(attempt)
            journal.append(.starting(attempt))
            runs[attempt] = Run(
                order: job.order, steps: Int.random(in: 1...12, using: &generator),
                ending: [
                    .exited(code: 0), .exited(code: 0), .unhealthy, .exited(code: 75), .exited(code: 1),
                ].randomElement(using: &generator) ?? .unhealthy)
            runs[attempt]?.isFollowed = true
        case .follow(let attempt, let record):
            runs[attempt]?.isFollowed = true
            runs[attempt]?.toldRecords = record
            runs[attempt]?.toldBegan = false
            machine.noteFollowing(attempt, afterRecord: record)
        case .cancel(let attempt): runs[attempt]?.isCancelled = true
        case .discard(let attempt): runs[attempt] = nil
        case .recollect: machine.recollect(archive)
        }
    }

    // MARK: Processes

    /// One step of a runner and its script.
    private mutating func run(_ attempt: AttemptID) {
        guard let run = runs[attempt] else { return }
        guard run.isWatched else {
            // An orphan works on until somebody ends it.
            if run.isAlive { work(attempt) }
            return
        }
        if run.result != nil { return }
        if !run.hasBegun {
            if !run.isMarked {
                runs[attempt]?.isMarked = true
            } else {
                runs[attempt]?.hasBegun = true
                runs[attempt]?.isAlive = true
                sights.append(.began(attempt, run.order))
            }
            return
        }
        if run.isCancelled {
            if run.isAlive { sights.append(.ended(attempt)) }
            runs[attempt]?.isAlive = false
            conclude(attempt, .cancelled)
            runs[attempt]?.isWatched = false
            return
        }
        work(attempt)
        if runs[attempt]?.isAlive == false {
            conclude(attempt, run.ending)
            runs[attempt]?.isWatched = false
        }
    }

    private mutating func work(_ attempt: AttemptID) {
        guard let run = runs[attempt], run.isAlive else { return }
        if run.steps <= 0 {
            runs[attempt]?.isAlive = false
            sights.append(.done(attempt, run.ending))
            return
        }
        runs[attempt]?.steps -= 1
        // Only a runner writes down what its script says.
        guard run.isWatched else { return }
        let number = run.records.count + 1
        let record = LogRecord(number: number, at: moment.wall, bytes: Array("\(name) \(number)\n".utf8))
        runs[attempt]?.records.append(record)
        sights.append(.wrote(attempt, record))
    }

    /// Tells the agent what is new of the attempts it follows.
    private mutating func follow() {
        for attempt in runs.keys.sorted(by: { $0.description < $1.description }) {
            guard let run = runs[attempt], run.isFollowed else { continue }
            var events: [AttemptEvent] = []
            if run.hasBegun, !run.toldBegan {
                events.append(.began(at: moment.wall))
                runs[attempt]?.toldBegan = true
            }
            events += run.records.drop { $0.number <= run.toldRecords }.map(AttemptEvent.log)
            runs[attempt]?.toldRecords = run.records.count
            if let result = run.result {
                events.append(.ended(result))
                runs[attempt]?.isFollowed = false
            } else if !run.isWatched {
                // The lock is free and there is no result: the runner died.
                endTree(attempt)
                events.append(
                    isMarked(attempt) ? .ended(conclude(attempt, .interrupted(.runnerDied))) : .neverBegan)
                runs[attempt]?.isFollowed = false
            }
            if !events.isEmpty { machine.take(events, of: attempt, at: moment) }
        }
    }

}

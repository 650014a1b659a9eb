import OpenSSLCrypto

/// An agent at work: carries out what ``AgentMachine`` decides, the journal first.
///
/// One task writes lines, then lets effects and reports go; whatever arrives
/// while a line is being written shares the next write. Scripts that run are
/// not touched when the worker stops: their runners go on.
public actor AgentWorker {
    /// Seconds without a word of the panel after which the operator is told; it has one every 10 s.
    static let patience: Int64 = 35
    /// Lines after which the journal is rewritten with what is still needed.
    static let linesBeforeCompaction = 4096

    private let identity: Identity
    private let journal: any AgentJournal
    private let link: any AgentLink
    private let host: any AttemptHost
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Moment
    private let onEvent: @Sendable (Event) -> Void

    /// What this run looks at, should it die of it.
    private var caution: Caution
    private var machine: AgentMachine
    private var writtenEvent = StreamPosition(epoch: 1, number: 0)
    private var writtenDownlink = StreamPosition(epoch: 1, number: 0)
    private var linesSinceCompaction = 0
    /// How often each attempt was followed; the last one counts.
    private var followings: [AttemptID: Int] = [:]
    private var announcedHalt: AgentMachine.Halt?
    private var outage = Outage()
    private var announcedObstacle: String?
    private var isUnanswered = false
    private var beganAt: Int64 = 0

    private let commits = Doorbell()
    private let reports = Doorbell()
    private let writes = Doorbell()
    private let effects = AsyncStream.makeStream(of: AgentMachine.Effect.self)

    /// A worker with all its parts; nothing is read or written before ``run()``.
    ///
    /// - Parameters:
    ///   - identity: who the agent is.
    ///   - session: 16 random bytes in hexadecimal, new for every run.
    ///   - keys: the agent's keys, the one to sign with first.
    ///   - journal: the record on the agent's disk.
    ///   - link: the wire to the panel.
    ///   - host: where attempts run.
    ///   - clock: what waiting is measured with.
    ///   - now: reads both clocks.
    ///   - notes: where the next run finds what this one died of, should it.
    ///   - onEvent: told what happens, for the log.
    public init(
        identity: Identity, session: String, keys: [AgentKeys], journal: any AgentJournal,
        link: any AgentLink,
        host: any AttemptHost, clock: any Clock<Duration>, now: @escaping @Sendable () -> Moment,
        notes: any CrashNotes = MemoryCrashNotes(),
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.identity = identity
        self.journal = journal
        self.link = link
        self.host = host
        self.clock = clock
        self.now = now
        self.onEvent = onEvent
        caution = Caution(notes)
        machine = AgentMachine(agent: identity.agent, session: session, keys: keys)
    }

    /// Recovers, then works until cancelled.
    ///
    /// - Throws: ``JournalError`` where the journal cannot be trusted or written; the agent must not go on.
    public func run() async throws {
        beganAt = now().boot
        caution.begin()
        caution.take()
        // However it comes, an end of its own is no death.
        defer { caution.end() }
        try await recover()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.commitLoop() }
            group.addTask { await self.receiveLoop() }
            group.addTask { await self.reportLoop() }
            group.addTask { await self.beatLoop() }
            group.addTask { await self.effectLoop() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Returns when the worker has time for it: a sign that it is alive.
    public func answer() {}

    // MARK: - Recovery

    private func recover() async throws {
        let entries = try await journal.load()
        let standings = await host.survey()
        let lost = standings.filter(\.value.isLost).map(\.key)
        if !lost.isEmpty { onEvent(.cleared(lost)) }
        if entries.isEmpty {
            guard standings.count == lost.count else {
                throw JournalError(
                    "there are attempts on this server but no journal of them; move AGENT_STATE away and enrol it anew"
                )
            }
            try await journal.append([.identity(agent: identity.agent, machine: identity.machine)])
        } else {
            guard case .identity(_, let owner)? = entries.first, owner == identity.machine else {
                throw JournalError(
                    "the journal belongs to another machine; move AGENT_STATE away and enrol this server anew"
                )
            }
            var isAnySetAside = false
            try machine.replay(entries) { payload in
                let scrutiny = scrutiny(of: payload)
                isAnySetAside = isAnySetAside || scrutiny == .nameOnly
                return scrutiny
            }
            caution.take()
            linesSinceCompaction = entries.count
            if isAnySetAside {
                onEvent(.setAside)
                // The next run is not to look at it in whole either.
                linesSinceCompaction = Self.linesBeforeCompaction + 1
            }
        }
        writtenEvent = machine.lastPosition
        writtenDownlink = machine.received
        machine.recover(standings, at: now())
        onEvent(.recovered(session: machine.session, attempts: machine.running.count))
        commits.ring()
        reports.ring()
    }

    /// How closely a message may be looked at; it is noted first where a run before died with who knows what in hand.
    private func scrutiny(of message: [UInt8]) -> Scrutiny {
        guard caution.isNeeded else { return .whole }
        let name = Hex.encode(SHA256.digest(message))
        let scrutiny = Scrutiny(afterDeaths: caution.deaths[name] ?? 0)
        caution.take(scrutiny == .none ? "" : name)
        return scrutiny
    }

    // MARK: - Decisions: written, then carried out

    private func commitLoop() async throws {
        for await _ in commits.rings {
            while machine.hasDecisions {
                for step in machine.takeDecisions().steps { try await take(step) }
            }
            announceHalt()
            if linesSinceCompaction > Self.linesBeforeCompaction, machine.mayBeCompacted {
                linesSinceCompaction = 0
                let (lines, past) = machine.compacted(machine: identity.machine)
                try await journal.replace(with: lines, archiving: past)
            }
        }
    }

    private func take(_ step: AgentMachine.Step) async throws {
        switch step {
        case .write(let lines):
            CrashPoint.passBefore(writing: lines)
            if !lines.isEmpty { try await journal.append(lines) }
            CrashPoint.passAfter(writing: lines)
            linesSinceCompaction += lines.count
        case .tell(let event, let message):
            (writtenEvent, writtenDownlink) = (event, message)
            reports.ring()
            if caution.isNeeded { writes.ring() }
        case .carryOut(let effects): for effect in effects { self.effects.continuation.yield(effect) }
        }
    }

    private func announceHalt() {
        guard let halt = machine.halt, halt != announcedHalt else { return }
        announcedHalt = halt
        onEvent(.halted(halt))
    }

    private func effectLoop() async {
        await withDiscardingTaskGroup { group in
            for await effect in effects.stream {
                group.addTask { await self.carryOut(effect) }
            }
            group.cancelAll()
        }
    }

    private func carryOut(_ effect: AgentMachine.Effect) async {
        switch effect {
        case .start(let job): await start(job)
        case .follow(let attempt, let record): await follow(attempt, afterRecord: record)
        case .cancel(let attempt): await host.cancel(attempt)
        case .discard(let attempt): await host.discard(attempt)
        case .recollect: await recollect()
        }
    }

    private func start(_ job: VerifiedJob) async {
        let attempt = job.order.attempt
        do throws(Refusal) {
            guard try await isPrepared(attempt) else {
                // A permit is worth a minute: with the next claim comes a fresh one, or what was ordered meanwhile.
                machine.take([.neverBegan], of: attempt, at: now())
                return commits.ring()
            }
            onEvent(.starting(attempt, application: job.order.application))
            machine.noteSetOut(attempt)
            // Not worth a wait for the disk: it is the agent's own death that this outlives.
            try? await journal.note(.starting(attempt))
            CrashPoint.permit.pass()
            try await host.start(job)
        } catch {
            onEvent(.refused(attempt, error))
            machine.take(error, of: attempt, at: now())
            return commits.ring()
        }
        await follow(attempt, afterRecord: 0)
    }

    /// Whether the attempt may be started at once; else it has waited until it could be, or need not be any more.
    private func isPrepared(_ attempt: AttemptID) async throws(Refusal) -> Bool {
        if try await host.prepare(attempt) { return machine.mayStart(attempt, at: now()) }
        onEvent(.postponed(attempt))
        while !Task.isCancelled, machine.mayStart(attempt, at: now()), try await !host.prepare(attempt) {
            continue
        }
        return false
    }

    /// Reads the archive until it can be read: what a restored panel waits for.
    private func recollect() async {
        var isAnnounced = false
        while !Task.isCancelled {
            do throws(JournalError) {
                machine.recollect(try await journal.archive())
                return commits.ring()
            } catch {
                if !isAnnounced { onEvent(.historyUnreadable(error)) }
                isAnnounced = true
                try? await clock.sleep(for: .seconds(1))
            }
        }
    }

    /// Follows an attempt until it is over or is followed anew.
    private func follow(_ attempt: AttemptID, afterRecord record: Int) async {
        followings[attempt, default: 0] += 1
        let following = followings[attempt]
        machine.noteFollowing(attempt, afterRecord: record)
        defer { if followings[attempt] == following { followings[attempt] = nil } }
        for await event in host.events(of: attempt, afterRecord: record) {
            guard followings[attempt] == following else { return }
            machine.take([event], of: attempt, at: now())
            if case .ended(let result) = event { onEvent(.ended(attempt, result)) }
            commits.ring()
        }
    }

    // MARK: - The wire

    private func receiveLoop() async {
        var heardRun: Int?
        while !Task.isCancelled {
            let (place, mark) = (machine.received, machine.mark)
            guard
                let delivery = await attempt({ [link] () async throws(QueueError) in
                    try await link.receive(after: place, acknowledgement: mark, waiting: 10)
                })
            else {
                machine.forgetMark()
                continue
            }
            let isNews = await take(delivery)
            // The panel's word may make room for more.
            if isNews { reports.ring() }
            if machine.heardRun != heardRun {
                // A panel that has just started, or met this agent, believes no beat before it is answered.
                heardRun = machine.heardRun
                await beat()
            }
            let isStuck = !isNews && !delivery.entries.isEmpty
            announceObstacle(isStuck ? machine.obstacle ?? "no news" : machine.obstacle)
            if isStuck {
                await beat()
                try? await clock.sleep(for: .seconds(1))
            }
        }
    }

    /// Takes in what came; after a death one message at a time, which is in hand until it is written.
    private func take(_ delivery: Delivery) async -> Bool {
        defer { commits.ring() }
        guard caution.isNeeded, let first = delivery.entries.first else {
            return machine.take(delivery, at: now())
        }
        let scrutiny = scrutiny(of: first.bytes)
        var portion = delivery
        portion.entries = [first]
        let isNews = machine.take(portion, at: now(), scrutiny)
        commits.ring()
        if writtenDownlink != machine.received {
            for await _ in writes.rings where writtenDownlink == machine.received { break }
        }
        caution.take()
        if isNews, scrutiny == .nameOnly { onEvent(.setAside) }
        return isNews
    }

    /// Says once why messages cannot be taken in, not every time that one is tried again.
    private func announceObstacle(_ obstacle: String?) {
        if let obstacle, obstacle != announcedObstacle { onEvent(.stuck(reason: obstacle)) }
        announcedObstacle = obstacle
    }

    private func announceAnswer() {
        let silence = now().boot - max(beganAt, machine.permit?.receivedAt ?? 0)
        let wasUnanswered = isUnanswered
        isUnanswered = silence > Self.patience * 1000
        if isUnanswered, !wasUnanswered {
            onEvent(.unanswered(seconds: Int(silence / 1000), setBackTo: machine.setBackCursor))
        }
        if !isUnanswered, wasUnanswered { onEvent(.answered) }
    }

    private func reportLoop() async {
        for await _ in reports.rings {
            while !Task.isCancelled {
                if machine.isToReportAnew {
                    await persist { [link] () async throws(QueueError) in try await link.restartUp() }
                    machine.noteDropped()
                }
                let entries = machine.unreported(through: writtenEvent, limit: 64)
                guard let last = entries.last else { break }
                CrashPoint.eventBeforeXadd.pass()
                guard
                    let additions = await attempt({ [link] () async throws(QueueError) in
                        try await link.report(entries)
                    })
                else { continue }
                CrashPoint.eventAfterXadd.pass()
                for (entry, addition) in zip(entries, additions) where addition == .outOfOrder {
                    let known = await attempt { [link] () async throws(QueueError) in
                        try await link.event(at: entry.position)
                    }
                    if let known = known ?? nil { machine.noteFound(known, at: entry.position) }
                }
                machine.noteReported(through: last.position)
            }
            announceHalt()
        }
    }

    private func beatLoop() async {
        while !Task.isCancelled {
            await beat()
            announceAnswer()
            // Never in step with a copy of this agent: then the panel could see the beats of one of the two alone.
            try? await clock.sleep(for: .milliseconds(Int.random(in: 8_000...12_000)))
        }
    }

    private func beat() async {
        let envelope = machine.beat(
            received: writtenDownlink, at: now(), bootID: identity.bootID,
            version: identity.version, facts: identity.facts())
        if let envelope {
            CrashPoint.beatBefore.pass()
            _ = await attempt { [link] () async throws(QueueError) in try await link.beat(envelope) }
            CrashPoint.beatAfter.pass()
        }
    }

    /// Calls until it succeeds or the task is cancelled.
    private func persist(_ call: @Sendable () async throws(QueueError) -> Void) async {
        while !Task.isCancelled, await attempt(call) == nil {}
    }

    /// The call's value, or nil after it failed and a moment has passed.
    private func attempt<Value: Sendable>(_ call: @Sendable () async throws(QueueError) -> Value) async
        -> Value?
    {
        do throws(QueueError) {
            let value = try await call()
            if outage.end() { onEvent(.linkRestored) }
            return value
        } catch {
            if !Task.isCancelled, outage.isNews(error) { onEvent(.linkFailed(error)) }
            // Many agents may have lost it in the same moment.
            try? await clock.sleep(for: .milliseconds(Int.random(in: 0...1000)))
            return nil
        }
    }
}

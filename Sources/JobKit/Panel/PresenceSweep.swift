/// Watches over agents: who is there, who lacks something, whose retry is due.
///
/// It never guesses what became of a job: a silent agent is shown as
/// unreachable since its last beat, and that is all.
public actor PresenceSweep {
    /// Names that are told of as unbelievable at most: anyone who reaches the wire can make names up.
    private static let unbelievableNames = 1000
    /// Names that are looked at in one round at most, and how long the next round waits.
    private static let strangersInARound = 128
    private static let pauseBetweenLooks = Duration.milliseconds(100)

    /// Time between sweeps.
    static let interval = Duration.seconds(5)
    /// Time without a beat after which an agent is late; it sends one every 10 s.
    static let punctuality = Duration.seconds(25)
    /// Time without a beat after which an agent counts as unreachable.
    static let patience = Duration.seconds(45)
    /// Time after which messages that were sent and not received are sent anew.
    static let stall = Duration.seconds(30)

    let store: any JobStore
    let link: any PanelLink
    private let keyring: Keyring
    private let dispatcher: JobDispatcher
    private let ingestor: ReportIngestor
    private let clock: any Clock<Duration>
    /// What is shown and written down; the panel's clock may be set, so that it measures nothing.
    private let now: @Sendable () -> Timestamp
    /// Time since this sweep was made; what silence and stalls are measured with.
    let elapsed: @Sendable () -> Duration
    let onEvent: @Sendable (Event) -> Void
    private var presences: [AgentID: Presence] = [:]
    private var sessions: [AgentID: SessionWatch] = [:]
    private var skewed: Set<AgentID> = []
    private var progress: [AgentID: (received: Int, since: Duration)] = [:]
    private let strangers = AgentBell(limit: strangersInARound)
    private var sweeps = 0
    /// Since when agents are waited for of which no beat was believed yet; of all others since the first sweep.
    private var awaited: [AgentID: Duration] = [:]
    private var beganAfter: Duration?
    private var unbelieved: Set<AgentID> = []
    private var setBack: Set<AgentID> = []
    private var outage = Outage()
    /// Whose beat the panel looks at, should it die of it.
    private var caution: Caution
    /// Agents that lay too much on the wire when that was looked at last.
    var flooding: Set<AgentID> = []
    /// Agents of which more waited than is bearable, and how that went on.
    var backlogs: [AgentID: Backlog] = [:]
    /// When floods were looked for last.
    var lookedForFloodsAt = Duration.zero

    /// A sweep with all its parts.
    public init(
        store: any JobStore, link: any PanelLink, keyring: Keyring, dispatcher: JobDispatcher,
        ingestor: ReportIngestor, clock: any Clock<Duration>, now: @escaping @Sendable () -> Timestamp,
        notes: any CrashNotes = MemoryCrashNotes(),
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.store = store
        self.link = link
        self.keyring = keyring
        self.dispatcher = dispatcher
        self.ingestor = ingestor
        self.clock = clock
        self.now = now
        caution = Caution(notes)
        elapsed = Self.stopwatch(clock)
        self.onEvent = onEvent
    }

    private static func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }

    /// What is known of an agent right now, or nil.
    public func presence(of agent: AgentID) -> Presence? {
        var presence = presences[agent]
        if let seen = presence?.seenAfter { presence?.age = elapsed() - seen }
        return presence
    }

    /// Sweeps and listens until cancelled.
    ///
    /// - Throws: what the store throws.
    public func run() async throws {
        begin()
        // Of agents that are not known what was found out is kept no longer than a run that ends by itself.
        defer { caution.end() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.sweepLoop() }
            group.addTask { try await self.meet() }
            group.addTask { await self.listen() }
            defer { group.cancelAll() }
            // A wire without a bell ends the listening, and nothing else.
            for try await _ in group {}
        }
    }

    /// Reads whose beats earlier runs died of.
    func begin() { caution.begin() }

    private func sweepLoop() async throws {
        while !Task.isCancelled {
            try await turn()
            try? await clock.sleep(for: Self.interval)
        }
    }

    /// One look at every agent; a wire or a record that fails is looked at again with the next.
    package func turn() async throws {
        do {
            var count = 0
            let time = try await clock.measure { count = try await sweep() }
            onEvent(.swept(agents: count, in: time))
            if outage.end() { onEvent(.linkRestored) }
        } catch let error as QueueError {
            if outage.isNews(error) { onEvent(.linkFailed(error)) }
        } catch  where error.isPassingStoreFailure {
            onEvent(.storeFailed(error))
        }
    }

    /// A ring of an agent that is here means events; of another, a beat that may be its first.
    ///
    /// Anyone who reaches the wire can ring in any name, so that no ring waits for another's look.
    private func listen() async {
        for await agent in link.rings() { hear(agent) }
    }

    package func hear(_ agent: AgentID) {
        if presences[agent] != nil { ingestor.ring([agent]) } else { strangers.ring([agent]) }
    }

    private func meet() async throws {
        for await _ in strangers.rings {
            try await meetTurn()
            try? await clock.sleep(for: Self.pauseBetweenLooks)
        }
    }

    /// One look at the strangers that rang since the last.
    package func meetTurn() async throws {
        do {
            try await lookUp(Array(strangers.take()))
        } catch let error as QueueError {
            if outage.isNews(error) { onEvent(.linkFailed(error)) }
        } catch  where error.isPassingStoreFailure {
            onEvent(.storeFailed(error))
        }
    }

    /// Looks at the beats of agents that are not known to be here.
    ///
    /// An agent is made known by any beat of its key, and answered: its next one can name that answer.
    func lookUp(_ agents: [AgentID]) async throws {
        let moment = now()
        let known = try await store.read { store in try agents.compactMap { try store.agent($0) } }
        for (agent, (signed, isHere)) in try await believedBeats(of: agents, known) {
            let (record, isNew) = try await store.write { [keyring] store in
                try store.admit(agent, by: signed, isHere: isHere, keyring: keyring, at: moment)
            }
            if isNew {
                onEvent(known.contains { $0.id == agent } ? .readmitted(agent) : .discovered(agent))
                try await ingestor.acknowledge([record])
            }
            guard isHere else { continue }
            try await note(record, at: moment)
            ingestor.ring([agent])
            dispatcher.ring(agent)
        }
    }

    /// One look at every agent; how many there are.
    @discardableResult
    func sweep() async throws -> Int {
        // With no agents nothing below would ask the wire for anything.
        try await link.check()
        try await quarantineDeadly()
        let agents = try await store.read { try $0.agents() }
        // What waits is taken in before it is judged, and whatever fails below.
        ingestor.ring(agents.map(\.id))
        // A flood holds up all that comes after.
        try await relieveWire(of: agents.map(\.id), at: now())
        // Before all that needs room: a record that is full still answers agents.
        ingestor.acknowledger.mark(keeping: Int(Self.patience / Self.interval) + 2)
        if sweeps.isMultiple(of: 2) {
            // As they are now: a pause of this moment is not taken back.
            try await ingestor.acknowledge(try await store.read { try $0.agents() })
        }
        sweeps += 1
        let beats = try await believedBeats(of: agents.map(\.id), agents)
        let moment = now()
        if beganAfter == nil { beganAfter = elapsed() }
        strangers.ring(agents.filter { $0.revokedAt != nil && beats[$0.id] != nil }.map(\.id))
        for agent in agents {
            try await note(agent, at: moment)
            await help(agent)
        }
        try await offerDueRetries(at: moment)
        return agents.count
    }

    /// Beats that were signed with a key of their agent, by what is known of it, and whether each is a sign of life.
    ///
    /// After a death over beats each is noted before it is looked at, and none that was deadly too often is.
    private func believedBeats(
        of agents: [AgentID], _ known: [AgentRecord]
    ) async throws -> [AgentID: (SignedBeat, isHere: Bool)] {
        var believed: [AgentID: (SignedBeat, isHere: Bool)] = [:]
        let records = Dictionary(known.map { ($0.id, $0) }) { first, _ in first }
        let found = try await link.beats(of: agents)
        guard !found.isEmpty else { return [:] }
        caution.take()
        defer { caution.putDown() }
        let moment = now()
        for (agent, bytes) in found where records[agent]?.isWatched ?? true {
            if caution.isNeeded {
                guard caution.deaths[agent.description, default: 0] < Caution.patience else { continue }
                caution.take(agent.description)
            }
            CrashPoint.sweepBeat.pass(agent)
            let keys = records[agent].map { keyring.keys(for: $0) } ?? keyring.keys(for: agent)
            guard let beat = try? SignedBeat(verifying: bytes, keys: keys), beat.beat.agent == agent else {
                if unbelieved.count < Self.unbelievableNames, unbelieved.insert(agent).inserted {
                    onEvent(.unbelievable(agent))
                }
                continue
            }
            unbelieved.remove(agent)
            believed[agent] = (beat, isHere: take(beat, at: moment))
        }
        return believed
    }

    /// Takes a beat for a sign of life if it proves to be a new one.
    ///
    /// What is authentic may be old all the same: the wire gives back what it was given at any time.
    private func take(_ signed: SignedBeat, at moment: Timestamp) -> Bool {
        let beat = signed.beat
        guard let heard = beat.heard, ingestor.acknowledger.isRecent(heard) else { return false }
        sessions[beat.agent, default: SessionWatch()].note(
            beat, heard: heard, now: ingestor.acknowledger.last)
        guard presences[beat.agent].map({ $0.isFollowed(by: beat) }) ?? true else { return false }
        let presence = Presence(beat: beat, seenAt: moment, seenAfter: elapsed(), keyID: signed.keyID)
        presences[beat.agent] = presence
        if !presence.isSkewed {
            skewed.remove(beat.agent)
        } else if skewed.insert(beat.agent).inserted {
            onEvent(.skewed(beat.agent, milliseconds: presence.skewMilliseconds))
        }
        return true
    }

    /// Writes what changed: reachable or not, how far it has received, its facts.
    private func note(_ agent: AgentRecord, at moment: Timestamp) async throws {
        // It gets no answers any more that its beats could name.
        guard agent.isTrusted else { return forget(agent.id) }
        if sessions[agent.id]?.isDouble == true { return try await quarantine(agent, at: moment) }
        var next = agent
        if let presence = presences[agent.id] {
            next.keyID = presence.keyID
            let isSilent = elapsed() - presence.seenAfter > Self.patience
            next.unreachableSince = isSilent ? presence.seenAt : nil
            next.facts = presence.beat.facts
            let received = presence.beat.received
            if presence.isAhead(of: agent) {
                // What it has is not what this record would send under these numbers.
                if setBack.insert(agent.id).inserted {
                    let sent = StreamPosition(epoch: agent.epoch, number: agent.lastSent)
                    onEvent(.setBack(agent.id, received: received, sent: sent))
                }
            } else {
                setBack.remove(agent.id)
                if received.epoch == agent.epoch { next.received = max(agent.received, received.number) }
            }
            if next != agent { next.lastBeatAt = presence.seenAt }
        } else if let since = awaited[agent.id] ?? beganAfter, elapsed() - since > Self.patience {
            next.unreachableSince = agent.unreachableSince ?? agent.lastBeatAt
        }
        guard next != agent else { return }
        let changes = next
        try await store.write { store in
            guard var record = try store.agent(changes.id), record.epoch == changes.epoch else { return }
            record.unreachableSince = changes.unreachableSince
            record.facts = changes.facts
            record.keyID = changes.keyID
            record.received = max(record.received, changes.received)
            record.lastBeatAt = changes.lastBeatAt
            try store.save(record)
            try store.removeOutbox(of: record.id, through: record.received)
        }
        if changes.keyID != agent.keyID { CrashPoint.rotate.pass() }
        if let since = next.unreachableSince, agent.unreachableSince == nil {
            onEvent(.unreachable(agent.id, since: since))
        }
        if next.unreachableSince == nil, let since = agent.unreachableSince, since != agent.firstSeenAt {
            onEvent(.returned(agent.id))
        }
        if next.received > agent.received {
            try await link.trimDown(
                agent.id, through: StreamPosition(epoch: agent.epoch, number: next.received))
        }
    }

    private func forget(_ agent: AgentID) {
        presences[agent] = nil
        sessions[agent] = nil
        progress[agent] = nil
        setBack.remove(agent)
        skewed.remove(agent)
        awaited[agent] = elapsed()
    }

    /// Ends the trust in agents whose beats were the panel's end too often.
    private func quarantineDeadly() async throws {
        for (name, deaths) in caution.deaths where deaths >= Caution.patience {
            guard let agent = AgentID(name),
                try await quarantine(agent, "poison", action: "agent.poison_beat", at: now())
            else { continue }
            caution.forgive(name)
            onEvent(.poisonous(agent))
        }
    }

    /// Ends the trust in an agent, where there still is any.
    private func quarantine(
        _ agent: AgentID, _ why: String, action: String, at moment: Timestamp
    ) async throws -> Bool {
        try await store.write { store in
            guard var record = try store.agent(agent), record.isTrusted else { return false }
            try store.quarantine(&record, why, actor: "panel", action: action, at: moment)
            return true
        }
    }

    /// Two work in the agent's name: which of them is the copy only a person can tell.
    private func quarantine(_ agent: AgentRecord, at moment: Timestamp) async throws {
        let why = AgentMachine.Halt.identityConflict.rawValue
        _ = try await quarantine(agent.id, why, action: "agent.duplicated", at: moment)
        forget(agent.id)
        onEvent(.duplicated(agent.id))
    }

    /// Sends again what an agent lacks, and asks again for what it says it sent.
    private func help(_ agent: AgentRecord) async {
        guard let presence = presences[agent.id], agent.unreachableSince == nil,
            presence.beat.received.epoch == agent.epoch
        else { return }
        let received = max(agent.received, presence.beat.received.number)
        if progress[agent.id]?.received != received || received >= agent.lastSent {
            progress[agent.id] = (received, elapsed())
        }
        let hasStalled = progress[agent.id].map { elapsed() - $0.since >= Self.stall } ?? false
        if presence.beat.stuck != nil || hasStalled, received < agent.lastSent {
            progress[agent.id] = (received, elapsed())
            await dispatcher.restart(agent.id)
        }
        await ingestor.expect(presence.beat.reported, from: agent)
    }

    private func offerDueRetries(at moment: Timestamp) async throws {
        guard try await !store.read({ try $0.jobsDue(by: moment) }).isEmpty else { return }
        let agents = try await store.write { [keyring] store in
            try store.jobsDue(by: moment).map { job in
                // Of a panel's past its agent may know of later attempts.
                if try store.agent(job.agent)?.recoveringSince == nil,
                    case .changed(let next) = try store.apply(.retryDue, to: job, actor: "panel", at: moment)
                {
                    try store.offer(next, keyring: keyring, at: moment)
                }
                return job.agent
            }
        }
        for agent in agents { dispatcher.ring(agent) }
    }
}

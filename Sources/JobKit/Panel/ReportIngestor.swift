/// Takes agents' events in: verified, in order without a gap, a batch of all agents in one transaction, then acknowledged.
public actor ReportIngestor {
    /// What there is to tell an operator.
    public enum Event: Sendable {
        /// Events of that many agents are on the disk; their acknowledgement follows.
        case ingested(events: Int, agents: Int)
        /// An event is not to be believed; the agent's stream stops there. Told once, until it changes.
        case unbelievable(AgentID, EnvelopeError)
        /// An agent broke the protocol; nothing of it is believed any more.
        case quarantined(AgentID, String)
        /// The wire failed; tried again until it answers.
        case linkFailed(QueueError)
        /// The record could not be read or written for now; tried again until it can.
        case storeFailed(any Error)
        /// A job changed.
        case changed(JobRecord)
        /// A job's script wrote something.
        case logged(JobID)
    }

    private static let batch = 64

    private let store: any JobStore
    private let link: any PanelLink
    private let keyring: Keyring
    nonisolated let acknowledger: Acknowledger
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Timestamp
    private let notes: any CrashNotes
    private let onEvent: @Sendable (Event) -> Void
    private let bell = AgentBell()
    private var needs: [AgentID: Int] = [:]
    private var note = IngestNote()
    /// Why agents' next events are not believed.
    private var unbelieved: [AgentID: EnvelopeError] = [:]

    /// An ingestor with all its parts.
    ///
    /// - Parameters:
    ///   - store: the panel's record.
    ///   - link: the wire to all agents.
    ///   - keyring: the keys of every agent.
    ///   - acknowledger: signs how far agents have been heard.
    ///   - clock: pauses before another try.
    ///   - now: reads the panel's clock.
    ///   - notes: where the next start finds what this one died of, should it.
    ///   - onEvent: told what there is to tell an operator.
    public init(
        store: any JobStore, link: any PanelLink, keyring: Keyring, acknowledger: Acknowledger,
        clock: any Clock<Duration>, now: @escaping @Sendable () -> Timestamp,
        notes: any CrashNotes = MemoryCrashNotes(),
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.store = store
        self.link = link
        self.keyring = keyring
        self.acknowledger = acknowledger
        self.clock = clock
        self.now = now
        self.notes = notes
        self.onEvent = onEvent
    }

    /// Tells that an agent may have events.
    public nonisolated func ring(_ agents: some Sequence<AgentID>) { bell.ring(agents) }

    /// Looks whether the events an agent says it reported are there, and asks for them again where they are not.
    func expect(_ reported: Int, from agent: AgentRecord) async {
        let place = StreamPosition(epoch: agent.epoch, number: agent.cursor)
        guard reported > agent.cursor, let found = try? await link.events(after: [agent.id: place], limit: 1),
            found[agent.id]?.first?.position.number != agent.cursor + 1
        else { return }
        needs[agent.id] = agent.cursor + 1
        bell.ring([agent.id])
    }

    /// Takes events in until cancelled.
    ///
    /// - Throws: what the store throws.
    public func run() async throws {
        bell.ring([])
        for await _ in bell.rings { try await turn() }
    }

    /// Takes in what agents that rang since the last turn have.
    package func turn() async throws {
        let agents = bell.take()
        do {
            try await begin()
            for portion in note.portions(of: agents) where !portion.isEmpty { try await ingest(portion) }
        } catch let error as QueueError {
            onEvent(.linkFailed(error))
            bell.ring(agents)
            try? await clock.sleep(for: .milliseconds(500))
        } catch  where error.isPassingStoreFailure {
            onEvent(.storeFailed(error))
            bell.ring(agents)
            try? await clock.sleep(for: .seconds(1))
        }
    }

    /// Counts this start of the panel in its record, before the first acknowledgement, and judges what the last one
    /// died of.
    private func begin() async throws {
        guard !acknowledger.hasBegun else { return }
        note = IngestNote(after: try notes.load())
        try notes.save(note.bytes)
        for (agent, suspicion) in note.poisoned { try await quarantine(agent, over: suspicion) }
        let earliest = Acknowledgement.run(at: now())
        acknowledger.begin(run: try await store.write { try $0.next("panelRun", atLeast: earliest) })
        try await acknowledge(try await store.read { try $0.agents() })
    }

    private func quarantine(_ agent: AgentID, over suspicion: IngestNote.Suspicion) async throws {
        let (why, moment) = ("poison", now())
        let wasTrusted = try await store.write { store in
            guard var record = try store.agent(agent), record.isTrusted else { return false }
            try store.quarantine(
                &record, why, actor: "panel", action: "agent.poison_event",
                detail: ["event": String(suspicion.event.number), "epoch": String(suspicion.event.epoch)],
                at: moment)
            return true
        }
        note.clear(agent)
        try notes.save(note.bytes)
        if wasTrusted { onEvent(.quarantined(agent, why)) }
    }

    /// Writes acknowledgements anew, so that agents keep a fresh one.
    public func acknowledge(_ agents: [AgentRecord]) async throws(QueueError) {
        try await link.acknowledge(
            agents.filter(\.isTrusted).compactMap { agent in
                acknowledger.envelope(for: agent, need: needs[agent.id]).map { envelope in
                    (agent.id, envelope, StreamPosition(epoch: agent.epoch, number: agent.cursor))
                }
            })
    }

    private func ingest(_ agents: Set<AgentID>) async throws {
        let known = try await store.read { store in try agents.compactMap { try store.agent($0) } }
            .filter(\.isTrusted)
        guard !known.isEmpty else { return }
        let places = Dictionary(
            uniqueKeysWithValues: known.map { ($0.id, StreamPosition(epoch: $0.epoch, number: $0.cursor)) })
        CrashPoint.ingestBeforeRead.pass()
        let entries = try await link.events(after: places, limit: Self.batch)
        let inHand = known.filter { entries[$0.id]?.isEmpty == false }
        try hold(
            Dictionary(
                uniqueKeysWithValues: inHand.map {
                    ($0.id, StreamPosition(epoch: $0.epoch, number: $0.cursor + 1))
                }))
        do {
            try await takeIn(entries, of: known)
        } catch  where !(error is QueueError) && !error.isPassingStoreFailure {
            // The panel ends here, with the events in hand: that counts like any other death, where the disk did not fail.
            if (error as? any StoreFailure)?.isOfContent == false { setAside() }
            throw error
        } catch {
            putDown()
            throw error
        }
        putDown()
    }

    private func takeIn(_ entries: [AgentID: [StreamEntry]], of known: [AgentRecord]) async throws {
        let verified = known.map { agent in (agent.id, verify(entries[agent.id] ?? [], of: agent)) }
        let batches = verified.filter { !$0.1.isEmpty || needs[$0.0] != nil }
        guard !batches.isEmpty else { return }

        let moment = now()
        let outcome = try await store.write { [keyring] store in
            var outcome = EventBatch.Outcome()
            for (agent, events) in batches {
                try EventBatch(agent: agent, events: events, keyring: keyring, now: moment).apply(
                    to: store, &outcome)
            }
            CrashPoint.ingestBeforeCommit.pass()
            return outcome
        }
        CrashPoint.ingestAfterCommit.pass()
        // Before the wire is asked for anything: what is on the disk is so whether it answers or not.
        report(outcome, events: verified.reduce(0) { $0 + $1.1.count })
        for agent in outcome.agents where agent.cursor >= needs[agent.id] ?? Int.max { needs[agent.id] = nil }
        try await acknowledge(outcome.agents)
        CrashPoint.ingestAfterAck.pass()
        bell.ring(verified.filter { $0.1.count == Self.batch }.map(\.0))
    }

    private func hold(_ events: [AgentID: StreamPosition]) throws {
        note.take(events)
        if !events.isEmpty { try notes.save(note.bytes) }
    }

    /// A note that cannot be taken back makes suspects of the innocent, should the panel die, and no more.
    private func putDown() {
        guard !note.inHand.isEmpty else { return }
        note.putDown()
        try? notes.save(note.bytes)
    }

    private func setAside() {
        note.setAside()
        try? notes.save(note.bytes)
    }

    /// The leading entries that are authentic and without a gap; the chain is judged in the transaction.
    private func verify(_ entries: [StreamEntry], of agent: AgentRecord) -> [VerifiedEvent] {
        var events: [VerifiedEvent] = []
        for entry in entries {
            CrashPoint.ingestEvent.pass(agent.id)
            let next = agent.cursor + events.count + 1
            guard entry.position.number == next, entry.position.epoch == agent.epoch else {
                needs[agent.id] = next
                break
            }
            do throws(EnvelopeError) {
                let envelope = try SignedEnvelope(parsing: entry.bytes, maximum: SignedEnvelope.maximumUp)
                let payload = try envelope.verified(as: [.event], keys: keyring.keys(for: agent))
                let uplink = try Uplink(payload: payload)
                guard uplink.agent == agent.id, uplink.position == entry.position else {
                    throw .payloadInvalid
                }
                events.append(VerifiedEvent(uplink: uplink, payload: payload))
                unbelieved[agent.id] = nil
            } catch {
                let told = unbelieved.updateValue(error, forKey: agent.id)
                if told != error { onEvent(.unbelievable(agent.id, error)) }
                needs[agent.id] = next
                break
            }
        }
        return events
    }

    private func report(_ outcome: EventBatch.Outcome, events: Int) {
        for job in outcome.logged { onEvent(.logged(job)) }
        for job in outcome.changed { onEvent(.changed(job)) }
        for (agent, why) in outcome.quarantined { onEvent(.quarantined(agent, why)) }
        if events > 0 { onEvent(.ingested(events: events, agents: outcome.agents.count)) }
    }
}

import Synchronization
import TestSupport
import Testing

@testable import JobKit

/// The time is in the test's hand; the wire keeps beats for ever, as an attacker's would.
@Suite("Signs of life", .timeLimit(.minutes(1))) struct PresenceTests {
    private final class Time: Clock {
        typealias Instant = ContinuousClock.Instant
        typealias Duration = Swift.Duration

        private let start = ContinuousClock.now
        private let state = Mutex((elapsed: Duration.zero, wall: Fixtures.time))

        var now: Instant { start.advanced(by: state.withLock(\.elapsed)) }
        var minimumResolution: Duration { .milliseconds(1) }
        func sleep(until deadline: Instant, tolerance: Duration?) async throws {}

        /// The panel's wall clock.
        var wall: Timestamp { state.withLock(\.wall) }

        func pass(_ time: Duration) {
            state.withLock { $0.elapsed += time }
            set(bySeconds: Int(time / .seconds(1)))
        }

        /// Somebody sets the wall clock, and no time passes.
        func set(bySeconds seconds: Int) {
            state.withLock { $0.wall = $0.wall.advanced(bySeconds: seconds) }
        }
    }

    private let store = MemoryJobStore()
    private let queue = MemoryJobQueue()
    private let time = Time()

    private func startPanel(
        keyring: Keyring = Fixtures.keyring, notes: any CrashNotes = MemoryCrashNotes(),
        onEvent: @escaping @Sendable (PresenceSweep.Event) -> Void = { _ in }
    ) async throws -> PresenceSweep {
        let (store, queue, time) = (store, queue, time)
        let acknowledger = Acknowledger(keyring: keyring, now: { time.wall })
        acknowledger.begin(run: try await store.write { try $0.next("panelRun") })
        let ingestor = ReportIngestor(
            store: store, link: queue, keyring: keyring, acknowledger: acknowledger, clock: time,
            now: { time.wall })
        return PresenceSweep(
            store: store, link: queue, keyring: keyring,
            dispatcher: JobDispatcher(store: store, link: queue, clock: time), ingestor: ingestor,
            clock: time, now: { time.wall }, notes: notes, onEvent: onEvent)
    }

    /// What the agent would say now, having heard what the panel said last, or nothing.
    private func beat(
        session: String = "a", count: Int, hasHeard: Bool = true, reported: Int = 0,
        received: StreamPosition = StreamPosition(epoch: 1, number: 0), clock: Timestamp = Fixtures.time
    ) async throws -> [UInt8] {
        let word = try await queue.link(for: Fixtures.agent).receive(
            after: StreamPosition(epoch: 1, number: 0), acknowledgement: nil, waiting: 0
        ).acknowledgement
        let heard = try word.map { try Acknowledgement(verifying: $0.bytes, keys: Fixtures.keys).generation }
        return Beat(
            agent: Fixtures.agent, session: session, count: count, heard: hasHeard ? heard : nil,
            received: received, stuck: nil, reported: reported, running: [],
            halted: nil,
            bootID: "boot", clock: clock, version: "1", facts: [:]
        ).signed(with: Fixtures.keys[0]).bytes
    }

    private func show(_ beat: [UInt8]) async throws { try await queue.link(for: Fixtures.agent).beat(beat) }

    private func sweep(_ panel: PresenceSweep, _ times: Int = 1, showing beats: [[UInt8]] = []) async throws {
        for number in 0..<times {
            time.pass(PresenceSweep.interval)
            if !beats.isEmpty { try await show(beats[number % beats.count]) }
            try await panel.sweep()
        }
    }

    private var unreachableSince: Timestamp? {
        get async throws {
            try #require(try await store.read { try $0.agent(Fixtures.agent) }).unreachableSince
        }
    }

    /// A panel that has met the agent, and has heard its answer.
    private func startPanelWithAgent() async throws -> PresenceSweep {
        let panel = try await startPanel()
        try await show(beat(count: 1))
        try await panel.lookUp([Fixtures.agent])
        try await show(beat(count: 2))
        try await sweep(panel)
        return panel
    }

    /// An agent says what it likes of its clock; no number of it is the panel's end.
    @Test(arguments: [Int64.min, .min + 1, .max]) func mayComeFromAnyTime(_ clock: Int64) async throws {
        let panel = try await startPanelWithAgent()
        try await sweep(panel, showing: [beat(count: 3, clock: Timestamp(milliseconds: clock))])
        let presence = try #require(await panel.presence(of: Fixtures.agent))
        #expect(presence.beat.clock.milliseconds == clock)
        #expect(presence.isSkewed)
        #expect((presence.skewMilliseconds > 0) == (clock > 0))
    }

    /// An agent that has more than the record says was sent shows that the record is an old one, also where it is from
    /// before a restoration; what waits for it is kept, for it is not what the agent has.
    @Test(arguments: [(1, 2, true), (2, 0, true), (1, 1, false), (1, 0, false)])
    func showThatTheRecordIsOlder(epoch: Int, number: Int, isSetBack: Bool) async throws {
        let told = Mutex(0)
        let panel = try await startPanel { if case .setBack = $0 { told.withLock { $0 += 1 } } }
        try await show(beat(count: 1))
        try await panel.lookUp([Fixtures.agent])
        try await store.write {
            _ = try $0.post(
                .job(Fixtures.order()), to: Fixtures.agent, keyring: Fixtures.keyring)
        }
        for count in 2...3 {
            try await show(
                beat(count: count, received: StreamPosition(epoch: epoch, number: number)))
            try await sweep(panel)
        }
        #expect(told.withLock { $0 } == (isSetBack ? 1 : 0))
        let agent = try #require(try await store.read { try $0.agent(Fixtures.agent) })
        #expect(await panel.presence(of: Fixtures.agent)?.isAhead(of: agent) == isSetBack)
        #expect(agent.received == (isSetBack ? 0 : number))
        let waiting = try await store.read { try $0.outbox(of: Fixtures.agent, after: 0, limit: 9).count }
        #expect(waiting == (!isSetBack && number == 1 ? 0 : 1))
    }

    @Test func ofANewAgentCountOnceItHasHeardThePanel() async throws {
        let panel = try await startPanel()
        try await show(beat(count: 1))
        try await panel.lookUp([Fixtures.agent])
        #expect(try await unreachableSince == Fixtures.time)
        try await show(beat(count: 2))
        try await panel.lookUp([Fixtures.agent])
        #expect(try await unreachableSince == nil)
    }

    /// It is answered under the key it has, though the panel has a newer one by now.
    @Test func ofANewAgentUnderThePreviousRootCountOnceItHasHeardThePanel() async throws {
        let new = try #require(RootKey([UInt8](repeating: 7, count: 32)))
        let panel = try await startPanel(keyring: Keyring(new, previous: Fixtures.rootKey))
        try await show(beat(count: 1))
        try await panel.lookUp([Fixtures.agent])
        try await show(beat(count: 2))
        try await panel.lookUp([Fixtures.agent])
        #expect(try await unreachableSince == nil)
    }

    /// Rings are counted by the time they took: a panel that held still for minutes finds those of minutes.
    @Test(arguments: [(seconds: 600, isFlood: false), (5, true)])
    func comeWithRingsWithinReason(seconds: Int, isFlood: Bool) async throws {
        let panel = try await startPanelWithAgent()
        try await sweep(panel)
        for _ in 0..<6000 { _ = try await queue.link(for: Fixtures.agent).report([]) }
        time.pass(.seconds(seconds - 5))
        try await sweep(panel)
        let actions = try await store.read { try $0.audit(after: 0, limit: 99).map(\.draft.action) }
        #expect(actions.contains("agent.flood") == isFlood)
    }

    @Test func goOnWithARestartedAgent() async throws {
        let panel = try await startPanelWithAgent()
        for count in 1...30 {
            try await show(beat(session: "b", count: count))
            try await sweep(panel)
        }
        #expect(try await unreachableSince == nil)
        #expect(await panel.presence(of: Fixtures.agent)?.beat.session == "b")
    }

    @Test func endWithTheAgentThoughOldBeatsOfTwoSessionsAreShownInTurn() async throws {
        let panel = try await startPanelWithAgent()
        var old: [[UInt8]] = []
        for (number, session) in ["a", "b"].enumerated() {
            old.append(try await beat(session: session, count: 3 + number))
            try await sweep(panel, 2, showing: [old[number]])
        }
        let death = await panel.presence(of: Fixtures.agent)?.seenAt
        #expect(await panel.presence(of: Fixtures.agent)?.beat.session == "b")
        try await sweep(panel, 11, showing: old)
        #expect(try await unreachableSince == death)
        try await sweep(panel, 30, showing: old)
        #expect(try await unreachableSince == death)
    }

    /// Beats that were never shown while the agent lived, kept and shown long afterwards.
    @Test func areNoneThatWereHeldBack() async throws {
        let panel = try await startPanelWithAgent()
        var withheld: [[UInt8]] = []
        for count in 3...20 {
            withheld.append(try await beat(count: count))
            try await sweep(panel, 2)
        }
        #expect(try await unreachableSince != nil)
        for beat in withheld.prefix(12) { try await sweep(panel, 1, showing: [beat]) }
        #expect(try await unreachableSince != nil)
    }

    @Test func areNoneOfBeforeThePanelsRestart() async throws {
        let first = try await startPanelWithAgent()
        let old = try await beat(count: 3)
        try await sweep(first, 1, showing: [old])
        try await sweep(first, 11)
        let since = try #require(try await unreachableSince)
        let second = try await startPanel()
        try await sweep(second, 20, showing: [old])
        try await second.lookUp([Fixtures.agent])
        #expect(try await unreachableSince == since)
        #expect(await second.presence(of: Fixtures.agent) == nil)

        try await show(beat(session: "c", count: 1))
        try await sweep(second)
        #expect(try await unreachableSince == nil)
    }

    /// The second server is a copy: both hear the panel, and both speak, each in its own session or, where a
    /// running machine was copied, in the same.
    @Test(arguments: ["b", "a"]) func ofTwoAgentsInOneNameEndTheTrustInBoth(session: String) async throws {
        let panel = try await startPanelWithAgent()
        for count in 3...8 {
            try await show(beat(session: count.isMultiple(of: 2) ? "a" : session, count: count / 2 + 2))
            try await sweep(panel, 2)
        }
        let agent = try #require(try await store.read { try $0.agent(Fixtures.agent) })
        #expect(agent.quarantined == "identity_conflict")
        #expect(await panel.presence(of: Fixtures.agent) == nil)
        let audit = try await store.read { try $0.audit(after: 0, limit: 99) }
        #expect(audit.count { $0.draft.action == "agent.duplicated" } == 1)
    }

    /// The panel sees each beat of the second behind one of the first that names the same word.
    @Test func ofTwoAgentsThatNameTheSameWordsAreToldApart() async throws {
        let panel = try await startPanelWithAgent()
        for count in 3...6 {
            let both = [
                try await beat(session: "a", count: count), try await beat(session: "b", count: count),
            ]
            for beat in both { try await sweep(panel, 1, showing: [beat]) }
        }
        let agent = try #require(try await store.read { try $0.agent(Fixtures.agent) })
        #expect(agent.quarantined == "identity_conflict")
    }

    /// An agent that is started anew again and again is one agent.
    @Test func ofARunAfterTheOtherAreOneAgent() async throws {
        let panel = try await startPanelWithAgent()
        for run in 1...20 {
            try await show(beat(session: "run-\(run)", count: 1))
            try await sweep(panel, 2)
            try await show(beat(session: "run-\(run)", count: 2))
            try await sweep(panel, 2)
        }
        #expect(try await store.read { try $0.agent(Fixtures.agent) }?.quarantined == nil)
    }

    /// What was laid on the wire and is not there is lost; what is still on its way there is not asked for again.
    @Test(arguments: [(reported: 0, need: nil as Int?), (3, 1)]) func tellWhichEventsAreLost(
        reported: Int, need: Int?
    ) async throws {
        let panel = try await startPanelWithAgent()
        for count in 3...6 { try await sweep(panel, 1, showing: [beat(count: count, reported: reported)]) }
        let word = try await queue.link(for: Fixtures.agent).receive(
            after: StreamPosition(epoch: 1, number: 0), acknowledgement: nil, waiting: 0
        ).acknowledgement
        #expect(
            try Acknowledgement(verifying: #require(word).bytes, keys: Fixtures.keys).need == need)
    }

    @Test func areLateBeforeTheyAreMissed() async throws {
        let panel = try await startPanelWithAgent()
        time.pass(.seconds(25))
        #expect(try #require(await panel.presence(of: Fixtures.agent)).isLate == false)
        time.pass(.seconds(1))
        let presence = try #require(await panel.presence(of: Fixtures.agent))
        #expect(presence.isLate)
        #expect(!presence.isSkewed)
    }

    /// F49: the panel's clock is set, back or forward: an agent that goes on is there all the time, and one that does
    /// not is missed when it should be.
    @Test(arguments: [-3600, -31_536_000, 86_400]) func f49AreMissedInTimeWhateverThePanelsClockSays(
        _ seconds: Int
    ) async throws {
        let panel = try await startPanelWithAgent()
        time.set(bySeconds: seconds)
        try await sweep(panel)
        #expect(try await unreachableSince == nil)
        #expect(await panel.presence(of: Fixtures.agent)?.isLate == false)
        for count in 3...12 { try await sweep(panel, 2, showing: [beat(count: count)]) }
        #expect(try await unreachableSince == nil)
        let death = await panel.presence(of: Fixtures.agent)?.seenAt
        time.set(bySeconds: seconds)
        try await sweep(panel, 4)
        #expect(await panel.presence(of: Fixtures.agent)?.isLate == false)
        try await sweep(panel)
        #expect(await panel.presence(of: Fixtures.agent)?.isLate == true)
        #expect(try await unreachableSince == nil)
        try await sweep(panel, 4)
        #expect(try await unreachableSince == death)
    }

    /// F49: the panel's clock is set back between two of its runs.
    @Test func f49AreMissedByAPanelThatIsOlderThanTheyAre() async throws {
        _ = try await startPanelWithAgent()
        time.set(bySeconds: -3600)
        let panel = try await startPanel()
        try await sweep(panel, 9)
        #expect(try await unreachableSince == nil)
        try await sweep(panel, 2)
        #expect(try await unreachableSince != nil)
    }

    @Test func tellOfAClockThatIsWrong() async throws {
        let panel = try await startPanelWithAgent()
        time.pass(.seconds(120))
        try await sweep(panel)
        try await show(beat(count: 3))
        try await sweep(panel)
        #expect(await panel.presence(of: Fixtures.agent)?.isSkewed == true)
    }

    /// Nobody counts as silent because the panel was away.
    @Test func areWaitedForAfterThePanelsRestart() async throws {
        _ = try await startPanelWithAgent()
        time.pass(.seconds(3600))
        let panel = try await startPanel()
        try await sweep(panel, 9)
        #expect(try await unreachableSince == nil)
        try await sweep(panel, 2)
        #expect(try await unreachableSince != nil)
    }

    /// The panel died of the agent's beats three times: it is quarantined, and looked at no more; of a stranger nothing
    /// is known but the name.
    @Test(arguments: [false, true]) func thatAreDeadlyEndTheTrust(isKnown: Bool) async throws {
        if isKnown { _ = try await startPanelWithAgent() }
        let notes = MemoryCrashNotes()
        for _ in 1...3 {
            var caution = Caution(notes)
            caution.begin()
            caution.take(Fixtures.agent.description)
        }
        let panel = try await startPanel(notes: notes)
        await panel.begin()
        try await show(beat(count: 3))
        try await sweep(panel)
        try await panel.lookUp([Fixtures.agent])
        let record = try await store.read { try $0.agent(Fixtures.agent) }
        #expect(record?.quarantined == (isKnown ? "poison" : nil))
        #expect((record != nil) == isKnown)
        #expect(await panel.presence(of: Fixtures.agent) == nil)
        let trail = try await store.read { try $0.audit(after: 0, limit: 100) }
        #expect(trail.count { $0.draft.action == "agent.poison_beat" } == (isKnown ? 1 : 0))
    }

    @Test func nameWhatTheAgentHasHeard() throws {
        var machine = AgentMachine(agent: Fixtures.agent, session: "a", keys: Fixtures.keys)
        func heard() throws -> Int? {
            let bytes = machine.beat(
                received: machine.received, at: Fixtures.moment, bootID: "b", version: "1",
                facts: [:])
            return try Beat(verifying: try #require(bytes), keys: Fixtures.keys).heard
        }
        #expect(try heard() == nil)
        var delivery = Delivery()
        let word = Acknowledgement(
            agent: Fixtures.agent, generation: 7, cursor: 0,
            head: ChainHead(genesis: .up, agent: Fixtures.agent, epoch: 1), need: nil, epoch: 1, sent: 0,
            panelTime: Fixtures.time)
        delivery.acknowledgement = (word.signed(with: Fixtures.keys[0]).bytes, AcknowledgementMark("1"))
        machine.take(delivery, at: Fixtures.moment)
        #expect(try heard() == 7)
    }
}

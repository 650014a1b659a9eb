import TestSupport
import Testing

@testable import JobKit

@Suite struct SessionWatchTests {
    /// The copy hears the panel no more, and the panel sees it each time before the first one's next word of the panel.
    @Test func findsOutAboutACopyThatSpeaksInBetween() {
        var watch = SessionWatch()
        for generation in 1...5 {
            watch.note(beat("first", generation), heard: generation, now: generation)
            watch.note(beat("copy", generation), heard: 1, now: generation + 1)
        }
        #expect(watch.isDouble)
    }

    /// A run after another, and what the wire still had of the one before.
    @Test func bearsARunThatIsFollowedByAnother() {
        var watch = SessionWatch()
        watch.note(beat("first", 1), heard: 1, now: 1)
        watch.note(beat("second", 1), heard: 2, now: 2)
        watch.note(beat("first", 2), heard: 2, now: 2)
        #expect(!watch.isDouble)
    }

    private func beat(_ session: String, _ count: Int) -> Beat {
        Beat(
            agent: Fixtures.agent, session: session, count: count, heard: nil,
            received: StreamPosition(epoch: 1, number: 0), stuck: nil, written: 0, running: [], halted: nil,
            bootID: "boot", clock: Timestamp(milliseconds: 0), version: "1", facts: [:])
    }
}

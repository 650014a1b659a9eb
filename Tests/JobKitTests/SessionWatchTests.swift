import TestSupport
import Testing

@testable import JobKit

@Suite struct SessionWatchTests {
    @Test func tellsTwoThatHearThePanelBothApart() {
        var watch = SessionWatch()
        for generation in 1...2 {
            watch.note(beat("first", generation), heard: generation, now: generation)
            watch.note(beat("copy", generation), heard: generation, now: generation)
        }
        #expect(watch.isDouble)
    }

    /// What somebody kept of a run, and shows long after the next one began.
    @Test(arguments: [[1, 2, 3, 4, 5, 6], [4, 1, 5, 2, 6, 3], [6, 5, 4, 3, 2, 1]])
    func bearsBeatsThatAreShownInAnyOrder(_ order: [Int]) {
        var watch = SessionWatch()
        for (place, heard) in order.enumerated() {
            watch.note(beat(heard < 4 ? "first" : "second", heard), heard: heard, now: 6 + place)
        }
        #expect(!watch.isDouble)
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
            received: StreamPosition(epoch: 1, number: 0), stuck: nil, reported: 0, running: [], halted: nil,
            bootID: "boot", clock: Timestamp(milliseconds: 0), version: "1", facts: [:])
    }
}

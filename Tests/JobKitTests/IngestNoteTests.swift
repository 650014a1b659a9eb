import TestSupport
import Testing

@testable import JobKit

@Suite("What a panel may have died of") struct IngestNoteTests {
    private let one = AgentID.sample("agent-001"), two = AgentID.sample("agent-002")

    /// The note of a panel that has these in hand, after the deaths before.
    private func death(with events: [AgentID: Int], after note: IngestNote = IngestNote()) -> IngestNote {
        var note = note
        note.take(events)
        return IngestNote(after: note.bytes)
    }

    @Test func suspectsAllThatWereInHandTogetherAndCountsNoDeath() {
        let note = death(with: [one: 7, two: 9])
        #expect(note.inHand.isEmpty)
        #expect(note.suspicions.mapValues(\.deaths) == [one: 0, two: 0])
        #expect(note.portions(of: [one, two]).first == [])
        #expect(Set(note.portions(of: [one, two]).dropFirst()) == [[one], [two]])
    }

    @Test func takesSuspectsLast() {
        let note = death(with: [two: 9])
        #expect(note.portions(of: [one, two]) == [[one], [two]])
    }

    @Test func condemnsAtTheThirdDeathOverOneEvent() {
        var note = IngestNote()
        for count in 1...3 {
            #expect(note.poisoned == [])
            note = death(with: [two: 9], after: note)
            #expect(note.suspicions[two]?.deaths == count)
        }
        #expect(note.poisoned == [two])
    }

    @Test func beginsAnewWithAnotherEvent() {
        let note = death(with: [two: 10], after: death(with: [two: 9], after: death(with: [two: 9])))
        #expect(note.suspicions[two] == IngestNote.Suspicion(number: 10, deaths: 1))
    }

    @Test func suspectsNobodyWhomItOutlived() {
        var note = death(with: [one: 7, two: 9])
        note.take([two: 9])
        note.putDown()
        #expect(IngestNote(after: note.bytes).suspicions.keys.map { $0 } == [one])
    }

    @Test(arguments: ["", "{", "[]", #"{"in_hand":[{"agent":"a b","event":1}],"suspects":[]}"#, "\u{0}\u{0}"])
    func makesNothingOfANoteItCannotRead(_ text: String) {
        #expect(IngestNote(after: Array(text.utf8)) == IngestNote())
    }
}

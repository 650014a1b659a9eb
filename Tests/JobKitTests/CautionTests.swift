import ManifestKit
import Synchronization
import TestSupport
import Testing
import ValidationKit

@testable import JobKit

@Suite("What a run may have died of", .timeLimit(.minutes(1))) struct CautionTests {
    private let notes = MemoryCrashNotes()

    /// A run that begins where another one has ended.
    private func begun() -> Caution {
        var caution = Caution(notes)
        caution.begin()
        return caution
    }

    /// A run that dies with this in hand.
    private func die(of name: String) {
        var caution = begun()
        caution.take(name)
    }

    @Test func needsNoNamesAtFirstNorAfterAGoodEnd() {
        #expect(!begun().isNeeded)
        var caution = begun()
        caution.take()
        caution.end()
        #expect(!begun().isNeeded)
    }

    @Test func suspectsNobodyOfTheFirstDeath() {
        die(of: "")
        let next = begun()
        #expect(next.isNeeded)
        #expect(next.deaths == [:])
    }

    @Test func countsTheDeathsOfEach() {
        for count in 1...4 {
            die(of: "one")
            #expect(begun().deaths == ["one": count])
        }
        die(of: "other")
        #expect(begun().deaths == ["one": 4, "other": 1])
    }

    @Test func acquitsWhatItOutlives() {
        die(of: "one")
        var next = begun()
        next.take("one")
        next.take()
        #expect(next.deaths == [:])
    }

    /// It may have been looked at in part only.
    @Test func keepsInMindWhatWasCondemned() {
        for _ in 1...3 { die(of: "one") }
        var next = begun()
        next.take("one")
        next.take("two")
        next.putDown()
        #expect(begun().deaths == ["one": 3])
        next.forgive("one")
        #expect(!begun().isNeeded)
    }

    @Test(arguments: ["", "{", "[]", #"{"deaths":{"a":-1},"in_hand":""}"#, #"{"in_hand":1}"#, "\u{0}\u{0}"])
    func makesNothingOfANoteItCannotRead(_ text: String) {
        notes.save(Array(text.utf8))
        #expect(!begun().isNeeded)
    }

    /// While all goes well an agent notes that it began and that it ended, however much it does in between.
    @Test func costsNothingWhileAllGoesWell() async throws {
        let (counted, folder) = (CountedNotes(), try TemporaryDirectory())
        let application = try Fixtures.application(in: folder.path)
        let house = MemoryHouse(notes: counted, script: MemoryHouse.script(exit: 0))
        try await house.run {
            for number in 1...3 {
                let answer = try await house.submit(
                    application, ["server_name": .text("example\(number).com")])
                guard case .accepted(let job, _) = answer else { throw SystemFailure("\(answer)") }
                _ = await house.changes.first { $0.id == job.id && $0.state == .succeeded }
            }
        }
        #expect(counted.saves == 2)
    }
}

private final class CountedNotes: CrashNotes {
    private let count = Mutex(0)
    var saves: Int { count.withLock { $0 } }

    func load() -> [UInt8] { [] }
    func save(_ bytes: [UInt8]) { count.withLock { $0 += 1 } }
}

import JobKit
import ManifestKit
import TestSupport
import Testing

@Suite(
    "The panel dies between two steps", .enabled(if: House.hasRoot, House.needsRoot),
    .enabled(if: House.hasCrashPoints, House.needsCrashPoints), .timeLimit(.minutes(5)))
struct PanelCrashPointTests {
    /// Writes in several pieces, so that its log comes in several events.
    private static let talkative = TestApplication(
        id: "talkative",
        script: """
            for ((n = 1; n <= 6; n++)); do
                echo "line $n"
                sleep 0.12
            done
            end 0
            """)

    /// F01: the panel is killed before the commit: no answer, no job, and the same request again makes one.
    @Test(arguments: 1...3) func f01AcceptsNothingThatIsNotCommitted(passage: Int) async throws {
        try await House.run([.greeting]) { house in
            try await house.startPanel(dyingAt: .acceptBeforeCommit, passage: passage)
            #expect(try await house.install("greeting", until: house.panel) == passage)
            #expect(house.accepted.count == passage - 1)
            try await house.revivePanel()
            #expect(try await Set(house.jobs()) == Set(house.accepted))
            let id = try await house.install(number: passage, "greeting")
            #expect(try await house.end(of: id)["status"] == "succeeded")
            #expect(try await house.jobs().first == id)
            #expect(try await house.jobs().count == passage)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F02: the panel is killed between commit and answer: the job is there, and the same request again names it.
    @Test(arguments: 1...3) func f02KeepsWhatIsCommittedThoughNobodyWasTold(passage: Int) async throws {
        try await House.run([.greeting]) { house in
            try await house.startPanel(dyingAt: .acceptAfterCommit, passage: passage)
            #expect(try await house.install("greeting", until: house.panel) == passage)
            #expect(house.accepted.count == passage - 1)
            try await house.revivePanel()
            let jobs = try await house.jobs()
            #expect(jobs.count == passage)
            #expect(try await house.install(number: passage, "greeting") == jobs.first)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F03: the panel is killed before and after a message is in the stream, where Redis refuses the repetition.
    @Test(arguments: [CrashPoint.publishBeforeXadd, .publishAfterXadd], 1...3)
    func f03SendsAgainWhatItMayHaveSent(point: CrashPoint, passage: Int) async throws {
        try await House.run([.greeting]) { house in
            try await house.startPanel(dyingAt: point, passage: passage)
            let count = try await house.install("greeting", until: house.panel)
            #expect(count == passage)
            try await house.revivePanel()
            for number in 1...count + 1 { _ = try await house.install(number: number, "greeting") }
            #expect(try await house.jobs().count == count + 1)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F04: the panel is killed before it has committed events: it reads them again, and no output is there twice.
    @Test(arguments: [CrashPoint.ingestBeforeRead, .ingestBeforeCommit], 1...3)
    func f04ReadsEventsAgain(point: CrashPoint, passage: Int) async throws {
        try await takesEventsInOnce(dyingAt: point, passage)
    }

    /// F05: the panel is killed when it has committed events, before and after it acknowledges them: none counts again.
    @Test(arguments: [CrashPoint.ingestAfterCommit, .ingestAfterAck], 1...3)
    func f05TakesNoEventInTwice(point: CrashPoint, passage: Int) async throws {
        try await takesEventsInOnce(dyingAt: point, passage)
    }

    private func takesEventsInOnce(dyingAt point: CrashPoint, _ passage: Int) async throws {
        try await House.run([Self.talkative]) { house in
            let id = try await house.install(number: 1, "talkative")
            try await eventually("a script that runs") { house.told("began", of: id) == 1 }
            try await house.startPanel(dyingAt: point, passage: passage)
            try await house.install("talkative", until: house.panel)
            try await house.revivePanel()
            #expect(try await house.install(number: 1, "talkative") == id)
            _ = try await house.end(of: id)
            #expect(try await house.output(of: id) == (1...6).map { "line \($0)\n" }.joined())
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// The panel is killed when it has just noted the key that an agent speaks under now: the new one, the old one
    /// again, the new one.
    @Test(arguments: 1...3) func goesOnUnderTheKeyThatItHasNoted(passage: Int) async throws {
        try await House.run([.greeting]) { house in
            let (old, new) = (Fixtures.rootSecret, "another root secret that is long enough")
            house.panel.change(["SECRET_KEY": new, "SECRET_KEY_PREVIOUS": old])
            house.agent.kill()
            try await house.startPanel(dyingAt: .rotate, passage: passage)
            for number in 1...passage {
                let (first, second) = number.isMultiple(of: 2) ? (old, new) : (new, old)
                let key = try #require(RootKey(Array(first.utf8))).keys(for: Fixtures.agent).id
                house.agent.kill()
                house.agent.change(["SECRET_KEY": first, "SECRET_KEY_PREVIOUS": second])
                try house.agent.start()
                guard number == passage else {
                    try await eventually("a noted key") {
                        try await house.server()?["key_id"] == .string(key)
                    }
                    continue
                }
                try await eventually("an end of the panel") { house.panel.isOver }
                try await house.revivePanel()
                #expect(try await house.server()?["key_id"] == .string(key))
            }
            _ = try await house.install(number: 1, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

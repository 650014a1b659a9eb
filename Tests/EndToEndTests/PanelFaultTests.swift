import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

@Suite(
    "The panel is killed, stopped, doubled, and its disk fails",
    .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(House.isLongRun ? 30 : 5)))
struct PanelFaultTests {
    /// F06: the panel is killed again and again under a stream of jobs: none is lost, none runs twice.
    @Test func f06LosesNothingHoweverOftenItIsKilled() async throws {
        try await House.run([.greeting]) { house in
            try await house.bear(
                under: 20, rounds: 4, every: .seconds(2), for: .seconds(300),
                within: .seconds(House.isLongRun ? 900 : 60)
            ) {
                house.panel.kill()
                try await house.startPanel()
            }
        }
    }

    /// F07: the panel is away while a script runs: it ends as ever, nothing else starts, and the panel takes all in.
    @Test func f07StartsNothingWithoutThePanel() async throws {
        try await House.run([.patient, .greeting]) { house in
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            let next = try await house.install("greeting", ["who": "you"])
            _ = try await house.downlink(number: 2)
            house.panel.kill()
            try house.openGate("go")
            try await eventually("an end of the script") {
                house.told("done", of: id) == 1 && house.scripts(of: id).isEmpty
            }
            try await throughout("nothing starts", for: .seconds(House.isLongRun ? 600 : 12)) {
                house.told("began", of: next) == 0
            }
            try await house.startPanel()
            let job = try await house.end(of: id, within: .seconds(10))
            #expect(job["exit_code"] == 3)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F09: the panel's disk fails: it ends at once with an error, and the next one has all that was acknowledged.
    @Test(.enabled(if: FailingDisk.isPossible, FailingDisk.needs)) func f09EndsWhenTheDiskFails() async throws
    {
        try await House.run([.greeting]) { house in
            for number in 1...3 { _ = try await house.install(number: number, "greeting") }
            // Clients come and go until nobody answers them.
            async let crowd: Void = withTaskGroup { group in
                for _ in 1...8 { group.addTask { while (try? await house.api.get("/health")) != nil {} } }
            }
            let disk = try await FailingDisk(of: house.panel, folder: house.panelFolder)
            let answer = try? await house.api.install(
                "greeting", ["who": "number 4"], headers: ["idempotency-key": "4"])
            #expect(answer?.status != 202)
            let code = try await house.panel.end(within: .seconds(10))
            #expect(code == 1, "\(house.panel.output)")
            await crowd
            disk.end()
            try await house.startPanel()
            for number in 1...4 { _ = try await house.install(number: number, "greeting") }
            #expect(house.accepted.count == 4)
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F11: a second panel on the same record ends at once, and the first one goes on.
    @Test func f11RefusesASecondPanel() async throws {
        try await House.run([.greeting]) { house in
            let second = try house.anotherPanel()
            try second.start()
            #expect(try await second.end() == 1)
            #expect(second.output.contains("stop that panel first"), "\(second.output)")
            _ = try await house.install(number: 1, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// Lives for as long as a test likes, and says a word now and then.
    private static let lasting = TestApplication(
        id: "lasting", timeoutSeconds: 900,
        script: """
            until is_open go; do
                echo "still here"
                sleep 0.2
            done
            end 0
            """)

    /// F12: the panel holds still while a script runs: nobody takes that for an end of anything.
    @Test func f12DoubtsNobodyAfterItHeldStill() async throws {
        try await House.run([Self.lasting, .greeting]) { house in
            let id = try await house.install("lasting")
            try await house.waitForOutput(of: id, holding: "still here\n")
            house.panel.pause()
            try await throughout("the script goes on", for: .seconds(House.isLongRun ? 60 : 3)) {
                !house.scripts(of: id).isEmpty
            }
            house.panel.resume()
            #expect(try await house.job(id)["status"] == "running")
            try house.openGate("go")
            #expect(try await house.end(of: id)["status"] == "succeeded")
            _ = try await house.install(number: 1, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

import Glibc
import ManifestKit
import TestSupport
import Testing

@Suite(
    "Clocks that are off, or jump", .enabled(if: House.hasRoot, House.needsRoot),
    .enabled(if: House.hasCrashPoints, "clocks can be set off in debug builds only"), .timeLimit(.minutes(5)))
struct ClockTests {
    private static let hour: Int64 = 3_600_000
    private static let day = 24 * hour
    private static let year = 365 * day

    /// F49: an agent whose clock is off works as any other; the panel says so, and when it is over.
    @Test(arguments: [day, -year]) func f49WorksUnderAClockThatIsOff(by shift: Int64) async throws {
        try await House.run([.greeting], withAgent: false) { house in
            try house.setClock(of: house.agent, off: shift)
            try await house.startAgent()
            let id = try await house.install(number: 1, "greeting")
            #expect(try await house.end(of: id)["status"] == "succeeded")
            _ = try await house.panel.line(with: "an agent's clock is off by more than two minutes")
            let server = try await house.server()
            #expect(server?["clock_skewed"] == true)
            let skew = try #require(server?["clock_skew_ms"]?.integer)
            #expect((skew - shift).magnitude < 60_000)
            try house.setClock(of: house.agent, off: 0)
            try await eventually("a clock that is right") {
                try await house.server()?["clock_skewed"] == false
            }
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    private static let endless = TestApplication(
        id: "endless", timeoutSeconds: 3, more: "kill_grace: 1s", script: "echo here; wait_for never")

    /// F49: the server's clock jumps while scripts run: they end as they should, by the time that passes; their output
    /// keeps its order, whatever times stand in it.
    @Test func f49BearsAClockThatJumps() async throws {
        try await House.run([.patient, Self.endless, .greeting], withAgent: false) { house in
            try house.setClock(of: house.agent, off: 0)
            try await house.startAgent()
            let id = try await house.install("patient")
            for shift in [Self.day, -Self.year, Self.hour, -Self.hour, 0] {
                let count = try await house.output(of: id).count
                try house.setClock(of: house.agent, off: shift)
                try await eventually("more output") { try await house.output(of: id).count > count + 20 }
            }
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
            let times = try await house.times(of: id)
            #expect(times != times.sorted(), "the clock did not jump")

            let endless = try await house.install("endless")
            try await house.waitForOutput(of: endless, holding: "here\n")
            try house.setClock(of: house.agent, off: -Self.day)
            let job = try await house.end(of: endless, within: .seconds(20))
            #expect(job["reason"] == "timeout")
            let result = job["attempts"]?.array?.last?.object?["result"]?.object
            #expect(try #require(result?["duration_ms"]?.integer) >= 3000)
            try await house.expectTruth()
        }
    }

    /// F49, J09: whether an order has expired is judged by the panel's time, whatever the server's clock says.
    @Test(arguments: [2 * day, -year]) func f49ExpiresByThePanelsTime(agentOff shift: Int64) async throws {
        try await House.run([.greeting], withAgent: false) { house in
            try await house.panel.stop()
            try house.setClock(of: house.panel, off: 0)
            try house.setClock(of: house.agent, off: shift)
            try await house.startPanel()
            try await house.startAgent()
            house.agent.kill()
            let old = try await house.install(number: 1, "greeting")
            try house.setClock(of: house.panel, off: Self.day + Self.hour)
            let young = try await house.install(number: 2, "greeting")
            try await house.startAgent()
            #expect(try await house.end(of: young)["status"] == "succeeded")
            let job = try await house.end(of: old)
            #expect(job["status"] == "refused")
            #expect(job["reason"] == "expired")
            try await house.expectTruth()
            #expect(house.witness == ["began \(young) 1", "done \(young) 1"])
        }
    }

    /// F49: the panel's clock is set back while a script runs: the agent is there all the time, and missed when it is
    /// gone; jobs go on.
    @Test func f49GoesOnUnderAPanelThatIsSetBack() async throws {
        try await House.run([.patient, .greeting], withAgent: false) { house in
            try await house.panel.stop()
            try house.setClock(of: house.panel, off: 0)
            try await house.startPanel()
            try await house.startAgent()
            let id = try await house.install("patient")
            try await house.waitForOutput(of: id, holding: "line 3\n")
            try house.setClock(of: house.panel, off: -Self.hour)
            try house.openGate("go")
            try await house.expectWholeRun(of: id)
            let next = try await house.install("greeting", ["who": "you"])
            #expect(try await house.end(of: next)["status"] == "succeeded")
            #expect(try await house.server()?["status"] == "online")
            _ = try await house.panel.line(with: "an agent's clock is off by more than two minutes")

            // Gone, and by the panel's clock seen for the last time in an hour from now.
            house.agent.kill()
            try house.setClock(of: house.panel, off: -2 * Self.hour)
            try await eventually("an agent that is late", within: .seconds(45)) {
                try await house.server()?["status"] == "late"
            }
            try await house.startAgent()
            try await eventually("an agent that is back") { try await house.server()?["status"] == "online" }
            // Started anew, on a record that is younger than its clock.
            house.panel.kill()
            try await house.startPanel()
            let last = try await house.install("greeting", ["who": "me"])
            #expect(try await house.end(of: last)["status"] == "succeeded")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

extension House {
    /// Has a program's clock be off by so many milliseconds from now on; one that runs already has to know the file.
    fileprivate func setClock(of program: Program, off milliseconds: Int64) throws {
        let file = "\(program === panel ? panelFolder : agentFolder)/clock"
        program.change(["PROVISION_CLOCK": file])
        // Whoever looks at the clock meanwhile sees the one or the other.
        try Fixtures.write("\(milliseconds)", to: file + ".new")
        guard rename(file + ".new", file) == 0 else { throw SystemFailure("the clock cannot be set") }
    }

    /// When each record of the output was read, by the server's clock.
    fileprivate func times(of id: String) async throws -> [Double] {
        let records = try await api.get("/api/jobs/\(id)/log?after=0").json["records"]?.array
        return try #require(records).map { record in
            guard case .number(let text)? = record.object?["at"] else { return 0 }
            return try #require(Double(text))
        }
    }
}

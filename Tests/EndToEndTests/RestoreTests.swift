import ManifestKit
import TestSupport
import Testing

/// A panel that comes back with an older record.
@Suite("The panel's restoration", .timeLimit(.minutes(5)), .enabled(if: House.hasRoot, House.needsRoot))
struct RestoreTests {
    private static let steady = TestApplication(
        id: "steady",
        script: """
            for ((n = 1; n <= 1000; n++)); do
                echo "line $n"
                ! is_open later || end 0
                sleep 0.05
            done
            """)

    /// F13: restored with the tool, the panel learns everything that was done since, and nothing runs again.
    @Test func f13LearnsFromItsAgentsWhatWasDone() async throws {
        try await House.run([.patient, .greeting, Self.steady]) { house in
            let running = try await house.install("patient")
            try await house.waitForOutput(of: running, holding: "line 1")
            let queued = try await house.install("patient")
            let backup = try await house.backUp()

            // What happens now is not in the backup.
            try house.openGate("go")
            let before = [running, queued]
            for id in before { #expect(try await house.end(of: id)["exit_code"] == 3) }
            // As an hour brings them: ends with many codes.
            var hour: [String] = []
            for code in 0..<24 {
                hour.append(
                    try await house.install(
                        "greeting", ["who": .string("number \(code)"), "code": .integer(code)]))
            }
            for id in hour { _ = try await house.end(of: id) }
            let told = try await house.answers(about: hour)
            let unknown = try await house.install("patient")
            _ = try await house.end(of: unknown)
            let living = try await house.install("steady")
            try await house.waitForOutput(of: living, holding: "line 2")
            let waiting = try await house.install("patient")
            try await eventually("an agent that has the last job, too") {
                try await house.server()?["undelivered"] == 0
            }

            house.panel.kill()
            try await house.restore(backup)
            try await house.startPanel()
            try await eventually("an agent that has told everything") {
                try await house.server()?["recovering_since"] == .null
            }
            for id in before + [unknown] {
                let job = try await house.job(id)
                #expect(job["status"] == "failed")
                #expect(job["exit_code"] == 3)
            }
            #expect(try await house.answers(about: hour) == told)
            #expect(try await house.job(queued)["recovered_from_agent"] == false)
            #expect(try await house.job(unknown)["recovered_from_agent"] == true)
            #expect(try await house.job(living)["status"] == "running")
            #expect(try await house.job(waiting)["status"] == "queued")

            try house.openGate("later")
            let end = try await house.end(of: living)
            #expect(end["status"] == "succeeded")
            let lines = try await house.output(of: living).split(separator: "\n")
            #expect(lines == (1...lines.count).map { "line \($0)" })
            let next = try await house.install("patient")
            for id in [waiting, next] { #expect(try await house.end(of: id)["exit_code"] == 3) }
            for id in before + hour + [unknown, living, waiting, next] {
                #expect(house.told("began", of: id) == 1, "\(id)")
            }
        }
    }

    /// F14: restored without the tool, the panel is told apart; nothing starts for it, and both sides say so; the copy may
    /// be from before a restoration as it should be.
    @Test(arguments: [false, true]) func f14StartsNothingForAnOldRecord(restoredSince: Bool) async throws {
        try await House.run([.patient]) { house in
            try house.openGate("go")
            let first = try await house.install("patient")
            _ = try await house.end(of: first)
            let backup = try await house.backUp()
            if restoredSince {
                house.panel.kill()
                try await house.restore(backup)
                try await house.startPanel()
            }
            let second = try await house.install("patient")
            _ = try await house.end(of: second)

            house.panel.kill()
            try house.putBack(backup)
            try await house.startPanel()
            _ = try await house.panel.line(with: "this panel's record is older")
            let third = try await house.install("patient")
            _ = try await eventually("an alarm of the agent", within: .seconds(60)) {
                house.agent.output.contains("the panel's record is older than this agent's") ? true : nil
            }
            #expect(house.told("began", of: third) == 0)
            #expect(try await house.job(third)["status"] == "queued")
            try await eventually("a beat that says so", within: .seconds(30)) {
                // Where its starts fell into one second, the panel contradicts itself.
                let halted = try await house.server()?["halted"]
                return halted == "set_back" || halted == "forked" && !restoredSince
            }

            // With the tool the same record serves; what it accepted meanwhile is offered.
            house.panel.kill()
            try await house.restore("\(house.panelFolder)/panel.sqlite", named: "again.sqlite")
            try await house.startPanel()
            #expect(try await house.end(of: third)["exit_code"] == 3)
            try await eventually("an agent that starts again") {
                try await house.server()?["halted"] == .null
            }
            #expect(try await house.job(second)["recovered_from_agent"] == true)
            for id in [first, second, third] { #expect(house.told("began", of: id) == 1, "\(id)") }
        }
    }

    /// A client that did not hear of the restoration asks again, before and after the agent has told what it did.
    @Test func f13KnowsRequestsFromAfterTheBackup() async throws {
        try await House.run([.patient, .greeting]) { house in
            try house.openGate("go")
            let early = try await house.install("patient", key: "early")
            _ = try await house.end(of: early)
            let backup = try await house.backUp()
            let late = try await house.install("patient", key: "late")
            _ = try await house.end(of: late)

            house.panel.kill()
            try await house.agent.stop()
            try await house.restore(backup)
            try await house.startPanel()
            #expect(try await house.install("patient", key: "early") == early)
            let again = try await house.api.install("patient", [:], headers: ["idempotency-key": "late"])
            #expect(again.status == 409)
            #expect(again.text.contains("\"recovering\""), "\(again.text)")
            let keyless = try await house.install("patient")

            try await house.startAgent()
            try await eventually("an agent that has told everything") {
                try await house.server()?["recovering_since"] == .null
            }
            #expect(try await house.install("patient", key: "late") == late)
            let other = try await house.api.install(
                "greeting", ["who": "me"], headers: ["idempotency-key": "late"])
            #expect(other.status == 422)
            let new = try await house.install("patient", key: "new")
            for id in [keyless, new] { _ = try await house.end(of: id) }
            for id in [early, late, keyless, new] { #expect(house.told("began", of: id) == 1, "\(id)") }
        }
    }
}

extension House {
    /// A copy of the record, made while no panel runs; the panel runs again afterwards.
    func backUp() async throws -> String {
        try await panel.stop(within: .seconds(20))
        let backup = "\(panelFolder)/backup.sqlite"
        try copyRecord("\(panelFolder)/panel.sqlite", to: backup)
        try await startPanel()
        return backup
    }

    /// Puts a copy in the record's place, as somebody does who knows no better.
    fileprivate func putBack(_ backup: String) throws {
        FileTree.remove("\(panelFolder)/panel.sqlite-shm")
        try copyRecord(backup, to: "\(panelFolder)/panel.sqlite")
    }

    /// What the panel says of the end of each of these jobs.
    fileprivate func answers(about jobs: [String]) async throws -> [[JSONValue?]] {
        var answers: [[JSONValue?]] = []
        for id in jobs {
            let job = try await job(id)
            answers.append([job["status"], job["reason"], job["exit_code"], job["attempt"], job["app"]])
        }
        return answers
    }

    /// Restores a record as it is meant to be done, and waits for the end.
    func restore(_ record: String, named name: String? = nil) async throws {
        var backup = record
        if let name {
            backup = "\(panelFolder)/\(name)"
            try copyRecord(record, to: backup)
        }
        let program = try await endedRestoration(backup)
        let code = try await program.end()
        try #require(code == 0, "\(program.output)")
        try #require(program.output.contains("is restored from"), "\(program.output)")
    }

    /// A restoration that is over, with some more settings.
    func endedRestoration(_ backup: String, _ settings: [String: String] = [:]) async throws -> Program {
        let program = try anotherPanel()
        program.change(settings)
        try program.start(["--restore", backup])
        _ = try await program.end()
        return program
    }

    /// A record is its file and its log.
    func copyRecord(_ path: String, to other: String) throws {
        for suffix in ["", "-wal"] { try FileTree.write(FileTree.bytes(path + suffix), to: other + suffix) }
    }
}

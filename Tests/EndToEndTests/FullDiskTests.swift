import ManifestKit
import TestSupport
import Testing

@Suite(
    "A panel whose disk is full", .enabled(if: House.hasRoot && SmallDisk.isPossible, SmallDisk.needs),
    .timeLimit(.minutes(5)))
struct FullDiskTests {
    /// F08: what cannot be written is refused, what can be read is read, and nobody has to start anything anew.
    @Test func f08GoesOnOnceThereIsRoom() async throws {
        try await House.run([.greeting], withAgent: false) { house in
            try await house.panel.stop()
            let disk = try SmallDisk(at: "\(house.panelFolder)/disk", megabytes: 2)
            defer { withExtendedLifetime(disk) {} }
            house.panel.change(["PANEL_DATABASE": "\(disk.path)/panel.sqlite"])
            try await house.startPanel()
            try await house.startAgent()
            let first = try await house.install("greeting", ["who": "you"])
            _ = try await house.end(of: first)

            try disk.fill()
            let answer = try await house.api.install("greeting", ["who": "you"])
            #expect(answer.status == 503)
            #expect(answer.headers["retry-after"] != nil)
            #expect(try await house.jobs() == [first])

            // Killed, so that what it still had in the log has to be read from there.
            house.panel.kill()
            try await house.startPanel()
            #expect(try await house.jobs() == [first])
            #expect(try await house.api.install("greeting", ["who": "you"]).status == 503)

            disk.makeRoom()
            let second = try await eventually("an accepted job") {
                let answer = try await house.api.install("greeting", ["who": "me"])
                return answer.status == 202 ? try answer.json["job_id"]?.string : nil
            }
            #expect(try await house.end(of: second)["status"] == "succeeded")
            try await house.panel.stop()
        }
    }
}

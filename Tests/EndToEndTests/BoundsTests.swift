import ManifestKit
import TestSupport
import Testing

/// What a script writes to deceive whoever reads its log.
enum Deception: String, CaseIterable, Sendable {
    case J33terminal, J33terminalInOneByte, J34markup, J34lines, J34json, J34noText, J35events

    var bytes: [UInt8] {
        switch self {
        case .J33terminal:
            Array(
                "\u{1B}[2J\u{1B}]8;;http://x\u{7}link\u{1B}]52;c;eA==\u{7}safe\rgone\u{1B}P$qm\u{1B}\\".utf8)
        case .J33terminalInOneByte: [0x9B, 0x32, 0x4A]
        case .J34markup: Array("</script><img src=x onerror=alert(1)>".utf8)
        case .J34lines: Array("one\u{2028}two\u{2029}three\u{85}four".utf8)
        case .J34json: Array(#""}],"complete":false,"records":[{"n":1,"text":"\"#.utf8)
        case .J34noText: [0xC3, 0x28, 0x00, 0xFF, 0xED, 0xA0, 0x80]
        case .J35events: Array("data: x\n\nevent: done\r\ndata: {}\n\n".utf8)
        }
    }

    fileprivate var application: TestApplication {
        let octal = bytes.map { "\\0" + String($0, radix: 8) }.joined()
        return TestApplication(id: "deceiver", script: "printf %b '\(octal)'; end 0")
    }
}

@Suite(
    "Scripts that do not behave", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct BoundsTests {
    private static let stubborn = TestApplication(
        id: "stubborn", timeoutSeconds: 1,
        script: """
            trap '' TERM
            for ((n = 0; n < 20; n++)); do
                ( trap '' TERM HUP; sleep 600 & exec sleep 600 ) &
                setsid bash -c 'trap "" TERM; ( sleep 600; : ) & sleep 600; :' &
                ( setsid sleep 600 & ) &
            done
            echo ready
            wait
            sleep 600
            end 0
            """)

    private static let parting = TestApplication(
        id: "parting",
        script: """
            setsid sleep 600 >/dev/null 2>&1 &
            ( setsid sleep 600 & )
            end 0
            """)

    private static let floodBytes = House.isLongRun ? 1_000_000_000 : 40_000_000

    private static let loud = TestApplication(
        id: "loud", timeoutSeconds: 600,
        script: """
            head -c \(floodBytes) /dev/zero | tr '\\0' x
            echo
            tell flooded
            wait_for go
            echo the end
            end 0
            """)

    /// F35.
    @Test func f35EndsAScriptThatIsOutOfTimeWithAllItsChildren() async throws {
        try await House.run([Self.stubborn]) { house in
            let id = try await house.install("stubborn")
            try await house.waitForOutput(of: id, holding: "ready")
            try await eventually("all its children") { house.scripts(of: id).count > 80 }
            let job = try await house.end(of: id)
            #expect(job["status"] == "failed")
            #expect(job["reason"] == "timeout")
            #expect(job["exit_code"] == 124)
            #expect(house.scripts(of: id).isEmpty)
            #expect(house.witness == ["began \(id) 1"])
            let result = try #require(job["attempts"]?.array?.first?.object?["result"]?.object)
            #expect(result["survivors"] == 0)
            // One second, ten of grace, and two for the kill.
            #expect(try #require(result["duration_ms"]?.integer) < 1000 + 10_000 + 2000)
            try await house.expectTruth()
        }
    }

    /// F37.
    @Test func f37EndsWhatAScriptLeavesBehind() async throws {
        try await House.run([Self.parting]) { house in
            let id = try await house.install("parting")
            let job = try await house.end(of: id)
            #expect(job["status"] == "succeeded")
            #expect(house.scripts(of: id).isEmpty)
            #expect(job["attempts"]?.array?.first?.object?["result"]?.object?["leftovers"] == 2)
            try await house.expectTruth()
        }
    }

    /// F38: 1 GB in the long form.
    @Test func f38KeepsBeginningAndEndOfAFlood() async throws {
        try await House.run([Self.loud]) { house in
            let id = try await house.install("loud")
            try await eventually("an end of the flood", within: .seconds(240)) {
                house.told("flooded", of: id) == 1
            }
            #expect(try ProcessTable.peakMemory(of: #require(house.runner(of: id))) < 64 << 10)
            try house.openGate("go")
            let job = try await house.end(of: id)
            #expect(job["status"] == "succeeded")
            let log = try #require(job["attempts"]?.array?.first?.object?["result"]?.object?["log"]?.object)
            let bytes = try #require(log["bytes"]?.integer)
            #expect(bytes < 17 << 20)
            #expect(try #require(log["cut_bytes"]?.integer) > Int64(Self.floodBytes - 17 << 20))
            let text = try await house.api.get("/api/jobs/\(id)/log", headers: ["accept": "text/plain"]).body
            #expect(text.count == bytes)
            #expect(text.starts(with: [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20 - 65536)))
            #expect(
                text.suffix(9).elementsEqual("the end\n".utf8)
                    || text.suffix(8).elementsEqual("the end\n".utf8))
            try await house.expectTruth()
        }
    }

    /// J33, J34, J35: output is a text in a member of one line of JSON, and nothing else, whatever it says; the download
    /// has its bytes, and is nothing but text either.
    @Test(arguments: Deception.allCases) func j33j34j35ShowsOutputAsText(_ deception: Deception) async throws
    {
        try await House.run([deception.application]) { house in
            let id = try await house.install("deceiver")
            let text = String(decoding: deception.bytes, as: UTF8.self)
            #expect(try await house.end(of: id)["output"] == .string(text))

            let page = try await house.api.get("/api/jobs/\(id)/log")
            #expect(page.headers["content-type"]?.hasPrefix("application/json") == true)
            #expect(page.body.allSatisfy { $0 >= 0x20 })
            let json = try page.json
            #expect(
                Set(json.members.map(\.name)) == [
                    "success", "job_id", "attempt", "status", "complete", "records", "next_attempt",
                    "next_after",
                ])
            #expect(json["complete"] == true)
            let records = try #require(json["records"]?.array).compactMap(\.object)
            #expect(records.compactMap { $0["text"]?.string }.joined() == text)
            #expect(records.allSatisfy { Set($0.members.map(\.name)) == ["n", "at", "text"] })

            let plain = try await house.api.get("/api/jobs/\(id)/log", headers: ["accept": "text/plain"])
            #expect(plain.body == deception.bytes)
            for answer in [page, plain] { #expect(answer.headers["x-content-type-options"] == "nosniff") }
            #expect(plain.headers["content-type"] == "text/plain; charset=utf-8")
        }
    }
}

import ManifestKit
import TestSupport
import Testing

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

    private static let loud = TestApplication(
        id: "loud",
        script: """
            head -c 40000000 /dev/zero | tr '\\0' x
            echo
            echo the end
            end 0
            """)

    @Test func endsAScriptThatIsOutOfTimeWithAllItsChildren() async throws {
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
        }
    }

    @Test func endsWhatAScriptLeavesBehind() async throws {
        try await House.run([Self.parting]) { house in
            let id = try await house.install("parting")
            let job = try await house.end(of: id)
            #expect(job["status"] == "succeeded")
            #expect(house.scripts(of: id).isEmpty)
            #expect(job["attempts"]?.array?.first?.object?["result"]?.object?["leftovers"] == 2)
        }
    }

    @Test func keepsBeginningAndEndOfAFlood() async throws {
        try await House.run([Self.loud]) { house in
            let id = try await house.install("loud")
            let job = try await house.end(of: id)
            #expect(job["status"] == "succeeded")
            let log = try #require(job["attempts"]?.array?.first?.object?["result"]?.object?["log"]?.object)
            let bytes = try #require(log["bytes"]?.integer)
            #expect(bytes < 17 << 20)
            #expect(try #require(log["cut_bytes"]?.integer) > 20_000_000)
            let text = try await house.api.get("/api/jobs/\(id)/log", headers: ["accept": "text/plain"]).body
            #expect(text.count == bytes)
            #expect(text.starts(with: [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20 - 65536)))
            #expect(
                text.suffix(9).elementsEqual("the end\n".utf8)
                    || text.suffix(8).elementsEqual("the end\n".utf8))
        }
    }
}

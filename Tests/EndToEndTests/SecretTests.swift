import Glibc
import ManifestKit
import RedisQueue
import Synchronization
import TestSupport
import Testing

@Suite(
    "Secrets", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct SecretTests {
    private static let secret = #"c4nary "quoted" & 100% pläin\slash/~+"#

    /// Its script says the secret in every way that a tool might.
    private static let gossip = TestApplication(
        id: "gossip",
        inputs: """

              - name: secret
                type: password
                required: true
            """,
        script: #"""
            printf '%s\n' "$SECRET"
            printf '%s' "$SECRET" | base64 -w0; echo
            printf 'x%s' "$SECRET" | base64 -w0; echo
            printf 'xy%s' "$SECRET" | base64 -w0; echo
            printf '%s' "$SECRET" | od -An -v -tx1 | tr -d ' \n'; echo
            printf '%s' "$SECRET" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; echo
            printf '%q\n' "$SECRET"
            printf '%s' "$SECRET" | sed 's/[\\"]/\\&/g'; echo
            for ((n = 0; n < ${#SECRET}; n++)); do printf '%s' "${SECRET:n:1}"; sleep 0.01; done; echo
            echo "said all"
            wait_for go
            set -x
            : "$SECRET"
            end 0
            """#)

    @Test func areFoundNowhereButInTheScript() async throws {
        try await House.run([Self.gossip]) { house in
            let commandLines = CommandLineWatch()
            commandLines.look()
            let id = try await house.install("gossip", ["secret": .string(Self.secret)])
            try await eventually("the script's last word") {
                commandLines.look()
                return try await house.output(of: id).contains("said all")
            }
            #expect(try await house.job(id)["inputs"]?.object?["secret"] == "••••")
            try await house.dumpRedis()
            let midway = try FileTree.read(house.redisDump)
            try house.openGate("go")
            let job = try await house.end(of: id)
            commandLines.look()
            #expect(job["status"] == "succeeded")
            try await house.dumpRedis()
            try await house.agent.stop()
            try await house.panel.stop()

            var places: [(String, [UInt8])] = [
                ("Redis at work", midway), ("Redis", try FileTree.read(house.redisDump)),
                ("a job's answer", JSONValue.object(job).bytes()),
                ("the command lines", Array(commandLines.seen.joined(separator: "\n").utf8)),
            ]
            for folder in [house.panelFolder, house.agentFolder] {
                let files = FileTree.files(below: folder)
                #expect(files.count >= 5)
                for file in files { places.append((file, try FileTree.read(file))) }
            }
            // The search has to be able to find something.
            #expect(places.contains { Self.holds($0.1, Array("said all".utf8)) })
            for (place, bytes) in places {
                for form in Self.forms {
                    #expect(
                        !Self.holds(bytes, form), "\(place) holds '\(String(decoding: form, as: UTF8.self))'")
                }
            }
        }
    }

    private static let forms: [[UInt8]] = {
        let bytes = Array(secret.utf8)
        let hex = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        return [
            bytes, Array(hex.utf8), Array(hex.uppercased().utf8), Array("c4nary \\\"quoted".utf8),
            Array(#"c4nary\ \"quoted"#.utf8),
        ]
            + (0..<3).map { offset in
                // Without the characters that its neighbours have a part in.
                let text = base64([UInt8](repeating: UInt8(ascii: "x"), count: offset) + bytes)
                return Array(text.utf8.dropFirst(offset == 0 ? 0 : 4).prefix(40))
            }
    }()

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count - bytes.count % 3, by: 3) {
            let group = Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
            for shift in [18, 12, 6, 0] { text.append(alphabet[group >> shift & 63]) }
        }
        return text
    }

    private static func holds(_ bytes: [UInt8], _ form: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { all in
            var rest = all[...]
            while let start = rest.firstIndex(of: form[0]), all.count - start >= form.count {
                if all[start..<start + form.count].elementsEqual(form) { return true }
                rest = all[(start + 1)...]
            }
            return false
        }
    }
}

/// Remembers every command line that any process has had whenever it looked.
private final class CommandLineWatch: Sendable {
    private let lines = Mutex<Set<String>>([])

    var seen: Set<String> { lines.withLock { $0 } }

    func look() {
        let found = ProcessTable.commandLines()
        lines.withLock { $0.formUnion(found) }
    }
}

extension House {
    /// Lets Redis write all that it holds to its file.
    fileprivate func dumpRedis() async throws { _ = try await redisConnection().command("SAVE") }
}

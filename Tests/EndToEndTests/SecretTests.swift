import Glibc
import JobKit
import ManifestKit
import OpenSSLCrypto
import RedisQueue
import TestSupport
import Testing

@Suite(
    "Secrets", .enabled(if: House.hasRoot, House.needsRoot),
    .timeLimit(.minutes(House.isLongRun ? 30 : 5)))
struct SecretTests {
    /// What every secret begins with: characters that each of the spellings has something to do with.
    private static let canary = #"c4nary "quoted" & ???? >>>> 100% pläin\slash/~+"#
    private static let search = SecretSearch(for: canary)

    /// Its script says the secret in every way that a tool might.
    private static let gossip = TestApplication(
        id: "gossip",
        inputs: """

              - name: secret
                type: password
                required: true
              - name: pause
                type: boolean
                default: "false"
            """,
        script: #"""
            percent() {
                local LC_ALL=C n c
                for ((n = 0; n < ${#SECRET}; n++)); do
                    c=${SECRET:n:1}
                    case $c in
                    [A-Za-z0-9._~-]) printf '%s' "$c" ;;
                    *) printf -v c '%d' "'$c"; printf '%%%02X' "$((c & 255))" ;;
                    esac
                done
            }
            printf '%s\n' "$SECRET"
            printf '%s' "$SECRET" | base64 -w0; echo
            printf 'x%s' "$SECRET" | base64 -w0 | tr '+/' '-_'; echo
            printf 'xy%s' "$SECRET" | base64 -w0; echo
            printf '%s' "$SECRET" | od -An -v -tx1 | tr -d ' \n'; echo
            printf '%s' "$SECRET" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; echo
            printf '%q\n' "$SECRET"
            percent; echo
            printf '%s' "$SECRET" | sed 's/[\\"]/\\&/g'; echo
            for ((n = 0; n < ${#SECRET}; n++)); do printf '%s' "${SECRET:n:1}"; sleep 0.002; done; echo
            echo "said all"
            [[ $PAUSE != true ]] || wait_for go
            set -x
            : "$SECRET"
            end 0
            """#)

    /// F50: secrets of many jobs are looked for wherever they may not be, in eight spellings; only scripts know them.
    @Test func f50FindsSecretsNowhereButInTheirScripts() async throws {
        let count = House.isLongRun ? 1000 : 50
        try await House.run([Self.gossip]) { house in
            _ = try await house.redisConnection().command("CONFIG", "SET", "appendonly", "yes")
            let watch = ProcessWatch(Self.search)
            var jobs: [String] = []
            for number in 1...count {
                jobs.append(
                    try await house.install(
                        "gossip",
                        [
                            "secret": .string("\(Self.canary) of job \(number)"),
                            "pause": .bool(number == count),
                        ]))
            }
            let last = try #require(jobs.last)
            try await eventually("the last script's last word", within: .seconds(20 + 2 * count)) {
                watch.look()
                return house.told("began", of: last) == 1
                    && house.plainLog(of: last).contains("said all")
            }
            let processes = [try #require(house.runner(of: last))] + house.scripts(of: last).map(\.pid)
            // Some of the script's end meanwhile, and have no limits any more.
            let limits = processes.map { FileTree.text("/proc/\($0)/limits") }.filter { !$0.isEmpty }
            #expect(limits.count >= 2, "the runner and the script")
            for limits in limits {
                #expect(limits.contains("Max core file size        0                    0 "), "\(limits)")
            }
            try await eventually("the last word at the panel") {
                try await house.output(of: last).contains("said all")
            }
            #expect(try await house.job(last)["inputs"]?.object?["secret"] == "••••")
            for id in [jobs[0], last] {
                let job = JSONValue.object(try await house.job(id)).bytes()
                #expect(SecretSearch.holds(job, Array("said all".utf8)))
                #expect(Self.search.found(in: job).map(\.name) == [])
            }
            try await Self.expectNoSecret(in: house)

            try house.openGate("go")
            _ = try await house.end(of: last)
            watch.look()
            for complaint in watch.complaints { Issue.record("\(complaint)") }
            try await house.agent.stop()
            try await house.expectTruth()
            house.expectEachRunOnce()
            try await Self.expectNoSecret(in: house)
        }
    }

    /// Looks into every file of the house: record, journal, logs, attempts, dump and command log of Redis.
    private static func expectNoSecret(in house: House) async throws {
        _ = try await house.redisConnection().command("SAVE")
        // The search has to be able to find each of them, first.
        let planted = "\(house.panelFolder)/planted"
        for form in everywhere.forms {
            try FileTree.write(Array("before".utf8) + form.bytes + Array("behind".utf8), to: planted)
            #expect(complaints(of: house) == ["\(planted) holds a secret: \(form.name)"])
        }
        FileTree.remove(planted)
        #expect(complaints(of: house) == [])
        let files = Self.files(of: house).filter { !FileTree.bytes($0).isEmpty }
        for part in ["dump.rdb", "appendonlydir/", "panel.sqlite", "journal", ".log", "PanelServer-1.out"] {
            #expect(files.contains { $0.contains(part) }, "no \(part) in \(files)")
        }
        #expect(files.contains { SecretSearch.holds(FileTree.bytes($0), Array("said all".utf8)) })
    }

    /// What no file may hold: the jobs' secrets, and what commands panel and agents (G11).
    private static let everywhere = SecretSearch(all: [
        search, SecretSearch(forKey: Array(Fixtures.rootSecret.utf8)),
        SecretSearch(forKey: Array(PanelClient.token.utf8)),
        SecretSearch(forKey: Hex.decode(Fixtures.rootKey.agentKey(for: Fixtures.agent)) ?? []),
    ])

    private static func files(of house: House) -> [String] {
        FileTree.files(below: house.path) + FileTree.files(below: house.redis.folderPath)
    }

    private static func complaints(of house: House) -> [String] {
        files(of: house).flatMap { file in
            Set(everywhere.found(in: FileTree.bytes(file)).map(\.name)).map {
                "\(file) holds a secret: \($0)"
            }
        }
    }
}

/// Looks into the arguments of all processes, and into the environment of all but the scripts' own.
private final class ProcessWatch {
    private let search: SecretSearch
    private(set) var complaints: Set<String> = []

    init(_ search: SecretSearch) { self.search = search }

    func look() {
        for pid in ProcessTable.numbers() {
            let environment = FileTree.bytes("/proc/\(pid)/environ")
            var places = [("arguments", FileTree.bytes("/proc/\(pid)/cmdline"))]
            if !SecretSearch.holds(environment, Array("PROVISION_JOB_ID=".utf8)) {
                places.append(("environment", environment))
            }
            for (place, bytes) in places {
                for form in search.found(in: bytes) {
                    complaints.insert("the \(place) of process \(pid) hold a secret: \(form.name)")
                }
            }
        }
    }
}

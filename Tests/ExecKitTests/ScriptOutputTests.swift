import Glibc
import JobKit
import OpenSSLCrypto
import Testing

@testable import ExecKit

@Suite("What scripts write (root, cgroup v2)", .timeLimit(.minutes(1))) struct ScriptOutputTests {
    /// The rules that every log keeps, whatever was written.
    private func expectWhole(_ run: TestServer.Run, sourceLocation: SourceLocation = #_sourceLocation) throws
    {
        let log = try #require(run.result?.log, sourceLocation: sourceLocation)
        #expect(run.records.map(\.number) == Array(1..<run.records.count + 1), sourceLocation: sourceLocation)
        #expect(log.records == run.records.count, sourceLocation: sourceLocation)
        let bytes = run.records.flatMap(\.bytes)
        #expect(log.bytes == bytes.count, sourceLocation: sourceLocation)
        #expect(log.digest == Hex.encode(SHA256.digest(bytes)), sourceLocation: sourceLocation)
    }

    @Test func silenceIsAnEmptyLog() async throws {
        let run = try await TestServer().run("exit 0")
        #expect(run.records.isEmpty)
        try expectWhole(run)
    }

    @Test func bothStreamsKeepTheirOrder() async throws {
        let run = try await TestServer().run("echo one; echo two >&2; echo three; echo four >&2")
        #expect(run.text == "one\ntwo\nthree\nfour\n")
        try expectWhole(run)
    }

    /// F38, J33.
    @Test func f38EveryByteComesThrough() async throws {
        let run = try await TestServer().run(
            #"for i in {0..255}; do printf "\\x$(printf %x $i)"; done; printf '\e[2J\e]52;c;x\a no newline'"#)
        let expected = (0...255).map { UInt8($0) } + Array("\u{1B}[2J\u{1B}]52;c;x\u{7} no newline".utf8)
        #expect(run.records.flatMap(\.bytes) == expected)
        try expectWhole(run)
    }

    /// F38.
    @Test func f38ALineOfTenMegabytesIsKeptWhole() async throws {
        let run = try await TestServer().run("head -c 10000000 /dev/zero | tr '\\0' x")
        let output = run.records.flatMap(\.bytes)
        #expect(output.count { $0 == UInt8(ascii: "x") } >= 10_000_000)
        #expect(run.result?.log?.cutBytes == 0)
        try expectWhole(run)
    }

    /// F38.
    @Test func f38AFloodKeepsItsFirstAndItsLastPart() async throws {
        var limits = AttemptLimits.short()
        limits.headBytes = 50_000
        limits.tailBytes = 40_000
        let run = try await TestServer().run("for i in {100000..150000}; do echo $i; done", limits: limits)
        let lines = run.text.split(separator: "\n").map(String.init)
        let cut = try #require(run.result?.log?.cutBytes)
        #expect(lines.first == "100000" && lines.last == "150000")
        #expect(cut > 0)
        #expect(lines.contains("[provisioning: \(cut) bytes of output are left out here]"))
        let marks = run.text.split(separator: "\n").filter { $0.hasPrefix("[provisioning: ") }.map {
            $0.count + 2
        }
        #expect(marks.count == 2)
        #expect((run.result?.log?.bytes ?? 0) - marks.reduce(0, +) + cut == 50_001 * 7)
        #expect((run.result?.log?.bytes ?? .max) < 50_000 + 40_000 + 2 * LogFrame.maximumOutput)
        try expectWhole(run)
    }

    @Test func outputIsSeenWhileTheScriptWaits() async throws {
        let server = try TestServer()
        let run = try await server.run(
            "mkfifo gate; echo waiting; read < gate; echo went on", limits: .short()
        ) {
            _, attempt in
            let gate = open("\(server.places.state)/attempts/\(attempt)/work/gate", O_WRONLY | O_NONBLOCK)
            if gate >= 0 {
                _ = write(gate, "\n", 1)
                close(gate)
            }
        }
        #expect(run.text == "waiting\nwent on\n")
        #expect(run.result?.ending == .exited(code: 0))
    }

    @Test func aChattyScriptMakesFewRecords() async throws {
        let run = try await TestServer().run("for i in {1..2000}; do printf x; done")
        #expect(run.text == String(repeating: "x", count: 2000))
        #expect(run.records.count < 200)
    }

    @Test func peopleFindTheSameInAFileThatOnlyRootReads() async throws {
        let server = try TestServer()
        let host = server.host()
        let attempt = try await server.start("echo for people; echo and more >&2", on: host)
        let run = try await server.follow(attempt, host)
        let logs = try Directory(server.places.logs)
        #expect(logs.read("\(attempt.job).log") == run.records.flatMap(\.bytes))
        for (path, mode) in [
            ("\(server.places.logs)/\(attempt.job).log", 0o600), (server.places.logs, 0o700),
            ("\(server.places.state)/attempts/\(attempt)", 0o700),
            ("\(server.places.state)/attempts/\(attempt)/log", 0o600),
            ("\(server.places.state)/attempts/\(attempt)/spec", 0o600),
        ] {
            var status = stat()
            stat(path, &status)
            #expect(status.st_mode & 0o777 == mode_t(mode), "\(path)")
        }
    }

    @Test func aFollowerThatComesLateGetsWhatIsMissing() async throws {
        let server = try TestServer()
        let host = server.host()
        let attempt = try await server.start("echo one; exit 4", on: host)
        let whole = try await server.follow(attempt, host)
        let rest = try await server.follow(attempt, host, afterRecord: whole.records.count)
        #expect(rest.records.isEmpty)
        #expect(rest.began == whole.began && rest.result == whole.result)
    }

    /// F41: the disk is full before the script begins.
    @Test func f41AFullDiskRefusesBeforeTheScriptBegins() async throws {
        let server = try TestServer()
        try await server.withSmallDisk(megabytes: 1) { host in
            do {
                _ = try await server.start("echo never", on: host)
                Issue.record("it was started")
            } catch let refusal as Refusal {
                #expect(refusal.reason == .policy)
                #expect(refusal.message.contains("No space left on device"))
            }
        }
    }

    /// F41: the script itself fills the disk, and goes on for as long as it runs.
    @Test func f41ADiskThatTheScriptFillsKeepsTheResult() async throws {
        let server = try TestServer()
        try await server.withSmallDisk(megabytes: 6) { host in
            let attempt = try await server.start(
                "head -c 30000000 /dev/zero | tr '\\0' x; cat /dev/zero >fill 2>/dev/null; echo end; exit 5",
                on: host)
            let run = try await server.follow(attempt, host)
            #expect(run.result?.ending == .exited(code: 5))
            #expect((run.result?.log?.cutBytes ?? 0) > 20_000_000)
            try expectWhole(run)
        }
    }

    /// F41: the disk becomes full while it runs.
    @Test func f41ADiskThatBecomesFullKeepsTheResult() async throws {
        let server = try TestServer()
        try await server.withSmallDisk(megabytes: 3) { host in
            let attempt = try await server.start(
                "head -c 6000000 /dev/zero | tr '\\0' x; echo end; exit 5", on: host)
            let run = try await server.follow(attempt, host)
            #expect(run.result?.ending == .exited(code: 5))
            #expect((run.result?.log?.cutBytes ?? 0) > 1_000_000)
            #expect(run.text.contains("bytes of output are left out here"))
            #expect(run.text.hasSuffix("xend\n"))
            try expectWhole(run)
        }
    }
}

extension TestServer {
    /// Runs `body` with state and logs on a disk of that size (a tmpfs, which needs root).
    func withSmallDisk(megabytes: Int, _ body: (ProcessAttemptHost) async throws -> Void) async throws {
        _ = try Directory.ensured(places.state)
        try #require(
            mount("tmpfs", places.state, "tmpfs", 0, "size=\(megabytes)m") == 0, "mounting needs root")
        defer { umount2(places.state, Int32(MNT_DETACH)) }
        var places = places
        places.logs = "\(places.state)/logs"
        try await body(host(in: places))
    }

    /// A script that says a byte at a time, for days, fills neither its runner nor its agent with records.
    @Test func whatIsHeldBackHasFewParts() {
        var tail = LogTail(limit: 1 << 20)
        for number in 0..<100_000 {
            tail.append([UInt8(truncatingIfNeeded: number)], at: Timestamp(milliseconds: Int64(number)))
        }
        #expect(tail.parts.count < 100 && tail.droppedBytes == 0)
        #expect(
            tail.parts.flatMap(\.bytes) == (0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
    }
}

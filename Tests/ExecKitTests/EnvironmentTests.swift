import Glibc
import JobKit
import Testing
import ValidationKit

@testable import ExecKit
@testable import JobKit

@Suite("What scripts are given (root, cgroup v2)", .timeLimit(.minutes(1))) struct EnvironmentTests {
    private let server: TestServer
    private let host: ProcessAttemptHost

    init() throws {
        server = try TestServer()
        host = server.host()
    }

    /// The environment as the kernel handed it over.
    @Test func theEnvironmentIsExactlyWhatIsSpecified() async throws {
        let attempt = try await server.start(
            "cat /proc/$$/environ > $PROVISION_OUTPUT_FILE", on: host,
            inputs: ["server_name": "a'b\"c d$(x)ü"],
            secrets: ["db_password": "hunter22!"])
        _ = try await server.follow(attempt, host)
        let folder = try server.folder(of: attempt)
        let environment = try #require(folder.read(AttemptFile.output)).split(separator: 0).map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(
            environment == [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/root",
                "LANG=C.UTF-8",
                "TERM=dumb",
                "DEBIAN_FRONTEND=noninteractive",
                "NEEDRESTART_MODE=a",
                "UCF_FORCE_CONFFOLD=1",
                "PROVISION_JOB_ID=\(attempt.job)",
                "PROVISION_ACTION=install",
                "PROVISION_ATTEMPT=1",
                "PROVISION_APP_ID=app",
                "PROVISION_APP_VERSION=1.20",
                "PROVISION_APP_REVISION=3",
                "PROVISION_SERVER_ID=agent-test",
                "PROVISION_OS_ID=debian",
                "PROVISION_OS_VERSION=12",
                "PROVISION_ARCH=x86_64",
                "PROVISION_STATE_DIR=\(server.places.state)/apps/app",
                "PROVISION_WORK_DIR=\(folder.path)/work",
                "PROVISION_OUTPUT_FILE=\(folder.path)/output",
                "PROVISION_PROGRESS_FILE=\(folder.path)/progress",
                "SERVER_NAME=a'b\"c d$(x)ü",
                "DB_PASSWORD=hunter22!",
            ])
    }

    /// J50: packages need every right of their server; without FSETID and SETFCAP they are damaged, and apt ends with 0.
    @Test func j50NoRightIsTakenFromAScript() async throws {
        let names = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"]
        let own = try #require(Directory("/proc/self").text("status")).split(separator: "\n")
            .map { String($0) }.filter { line in names.contains { line.hasPrefix($0) } }
        let run = try await server.run(
            """
            grep -E '^(\(names.joined(separator: "|"))):' /proc/self/status
            : >file; chgrp 12345 file; chmod 6755 file; stat -c '%a %g' file
            """)
        #expect(own.count == names.count)
        #expect(run.text.split(separator: "\n").map { String($0) } == own + ["6755 12345"])
        let permitted = try #require(own.first { $0.hasPrefix("CapPrm") }?.split(separator: "\t").last)
        let bits = try #require(UInt64(permitted, radix: 16))
        for (name, bit) in [("FSETID", 4), ("SETFCAP", 31)] {
            #expect(bits & 1 << UInt64(bit) != 0, "\(name) is missing to the tests themselves")
        }
    }

    @Test func thePlanIsAValue() throws {
        try server.publish(script: "#!/bin/bash\n")
        let order = try server.order(secrets: ["db_password": "hunter22"], timeout: 90, grace: 7)
        let paths = ScriptPaths(state: "/s", work: "/w", output: "/o", progress: "/p")
        let plan = try host.examiner.plan(order, paths: paths)
        #expect(plan.arguments == ["/bin/bash", "-p", "\(server.places.state)/copies/app/app/install.sh"])
        #expect(plan.directory == "/w")
        #expect(plan.limits == AttemptLimits(timeout: 90_000, grace: 7_000))
        #expect(plan.environment.last == .init("DB_PASSWORD", secret: Secret("hunter22")))
        #expect(!"\(plan)".contains("hunter22"))
    }

    /// Each row is a question to the script's shell, and the answer.
    @Test(arguments: [
        ("umask", "0022"),
        ("pwd", "{folder}/work"),
        ("ls -A", ""),
        ("ps -o sid= -p $$ | tr -d ' '", "{script}"),
        ("ps -o tty= -p $$", "?"),
        ("(: < /dev/tty) 2>/dev/null || echo none", "none"),
        ("readlink /proc/$$/fd/0", "/dev/null"),
        ("ls -m /proc/$$/fd", "0, 1, 2, 255"),
        ("ulimit -c", "0"),
        ("tr '\\0' ' ' < /proc/$PPID/cmdline | sed 's/ *$//'; echo", "{runner} {folder}"),
        ("mkfifo gate; exec 9<>gate; read -t 0.5 -u 9; awk '{ print $14 + $15 < 20 }' /proc/$PPID/stat", "1"),
        ("awk '/core file/ {print $5, $6}' /proc/$PPID/limits", "0 0"),
        ("grep SigIgn /proc/self/status | cut -f2", "0000000000000000"),
        ("grep SigBlk /proc/self/status | cut -f2", "0000000000000000"),
        ("echo $0 $#", "{state}/copies/app/app/install.sh 0"),
        ("echo $-", "hpB"),
        ("id -u", "0"),
        ("touch $PROVISION_STATE_DIR/kept && stat -c %a $PROVISION_STATE_DIR", "700"),
        ("tail -n 1 /proc/self/cgroup | sed 's/.*provision-[0-9a-f]*-/provision-/'", "provision-{attempt}"),
    ])
    func theScriptFinds(_ row: (question: String, answer: String)) async throws {
        let attempt = try await server.start(row.question, on: host)
        let run = try await server.follow(attempt, host)
        let folder = try server.folder(of: attempt)
        let answer = row.answer.replacing("{folder}", with: folder.path).replacing(
            "{runner}", with: TestServer.runner
        )
        .replacing("{script}", with: AttemptBeginning(in: folder).map { "\($0.script)" } ?? "")
        .replacing("{state}", with: server.places.state).replacing("{attempt}", with: "\(attempt)")
        #expect(run.text == (answer.isEmpty ? "" : answer + "\n"))
    }

    @Test func theStateFolderIsKeptBetweenRuns() async throws {
        let script =
            "cat $PROVISION_STATE_DIR/kept 2>/dev/null; echo $PROVISION_JOB_ID > $PROVISION_STATE_DIR/kept"
        let first = try await server.start(script, on: host)
        _ = try await server.follow(first, host)
        await host.discard(first)
        let second = try await server.start(script, on: host)
        #expect(try await server.follow(second, host).text == "\(first.job)\n")
    }
}

@Suite("Secrets (root, cgroup v2)", .timeLimit(.minutes(1))) struct SecretTests {
    /// F50: what a script prints of its secret, and every place where one might rest.
    @Test func aSecretIsNowhereButInTheScript() async throws {
        let server = try TestServer()
        let host = server.host(limits: .short())
        let secret = "Tr0ub4dor&3 'x'"
        let script = """
            echo "$DB_PASSWORD"; printf '%q\\n' "$DB_PASSWORD"; printf '%s' "$DB_PASSWORD" | base64
            printf '%s' "$DB_PASSWORD" | od -An -tx1 | tr -d ' \\n'; echo
            for ((i = 0; i < ${#DB_PASSWORD}; i++)); do printf '%s' "${DB_PASSWORD:i:1}"; done; echo
            set -x; : "$DB_PASSWORD"; set +x
            [ "$DB_PASSWORD" = "Tr0ub4dor&3 'x'" ] && echo 'it is right'; echo waiting; exec sleep 1000
            """
        let attempt = try await server.start(script, on: host, secrets: ["db_password": secret])
        var commandLines: [UInt8] = []
        var run = TestServer.Run()
        for await event in host.events(of: attempt, afterRecord: 0) {
            run.take(event)
            guard case .log = event, run.text.contains("waiting") else { continue }
            for name in try Directory("/proc").names() where pid_t(name) != nil {
                commandLines += (try? Directory("/proc/\(name)"))?.read("cmdline") ?? []
            }
            await host.cancel(attempt)
        }
        #expect(run.text.contains("it is right"))
        let folder = try server.folder(of: attempt)
        let spec = try #require(folder.read(AttemptFile.spec))
        #expect(String(decoding: spec, as: UTF8.self).contains(#"{"name":"DB_PASSWORD","secret":true}"#))
        let places: [(String, [UInt8])] = [
            ("output", run.records.flatMap(\.bytes)), ("command lines", commandLines), ("spec", spec),
            ("log", try #require(folder.read(AttemptFile.log))),
            ("result", try #require(folder.read(AttemptFile.result))),
            ("plain log", try #require(Directory(server.places.logs).read("\(attempt.job).log"))),
        ]
        for (place, bytes) in places {
            for form in SecretForms.of(Array(secret.utf8)) {
                #expect(!bytes.contains(form), "\(place): \(String(decoding: form, as: UTF8.self))")
            }
        }
    }
}

extension Collection where Element == UInt8 {
    fileprivate func contains(_ form: [UInt8]) -> Bool {
        let bytes = Array(self)
        guard bytes.count >= form.count else { return false }
        return (0...bytes.count - form.count).contains { bytes[$0...].starts(with: form) }
    }
}

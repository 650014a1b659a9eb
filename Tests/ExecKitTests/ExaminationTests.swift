import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing
import ValidationKit

@testable import ExecKit
@testable import JobKit

@Suite("Judging an order on the server (root, cgroup v2)", .timeLimit(.minutes(1))) struct ExaminationTests {
    private let server: TestServer
    private let host: ProcessAttemptHost

    init() throws {
        server = try TestServer()
        host = server.host()
        try server.publish(script: "#!/bin/bash\necho ran\n")
    }

    /// What both `examine` and `start` say; nothing may be left of it.
    private func refusal(
        _ order: JobOrder, on host: ProcessAttemptHost? = nil,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) async throws -> Refusal {
        let host = host ?? self.host
        let verdict = await host.examine(VerifiedJob(order: order))
        let examined = try #require(verdict, sourceLocation: sourceLocation)
        do {
            try await host.start(VerifiedJob(order: order))
            Issue.record("it was started", sourceLocation: sourceLocation)
        } catch {
            #expect(error.reason == examined.reason, sourceLocation: sourceLocation)
        }
        // A process that another test forks in this moment holds a copy of the lock until its exec.
        try await eventually("nothing that runs or ran") {
            await host.survey().values.allSatisfy { $0 == .neverBegan }
        }
        let copies = try? Directory("\(server.places.state)/copies")
        #expect(
            copies?.has("app") != true || examined.reason != .digestMismatch, sourceLocation: sourceLocation)
        return examined
    }

    @Test func anOrderThatFitsIsAcceptedAndLeavesNothing() async throws {
        let order = try server.order(
            inputs: ["server_name": "example.org"], secrets: ["db_password": "hunter22"])
        #expect(await host.examine(VerifiedJob(order: order)) == nil)
        #expect(await host.survey().isEmpty)
    }

    /// J18.
    @Test func anUnknownApplicationIsNotListed() async throws {
        var order = try server.order()
        order.application = "other"
        let refusal = try await refusal(order)
        #expect(refusal == Refusal(.notListed, "the repository of this server holds no application 'other'"))
    }

    /// J18.
    @Test(arguments: ["../app", "app/..", "", "App", "/etc"]) func aPathIsNoApplication(_ name: String)
        async throws
    {
        var order = try server.order()
        order.application = name
        #expect(try await refusal(order).reason == .notListed)
    }

    /// J19.
    @Test func anActionThatTheManifestDoesNotHaveIsNotListed() async throws {
        var order = try server.order()
        order.action = "remove"
        #expect(try await refusal(order).reason == .notListed)
        order.action = "install"
        order.script = "manifest.yml"
        #expect(try await refusal(order).reason == .notListed)
    }

    @Test func aBrokenManifestIsNotListedWithItsFinding() async throws {
        let order = try server.order()
        try server.publish(script: "#!/bin/bash\n", manifest: "id: app\n")
        #expect(
            try await refusal(order).message.hasPrefix("the application 'app' of this server is not valid: "))
    }

    /// C07, C10.
    @Test(arguments: ["script", "manifest", "mode", "added file"]) func aChangedFolderIsADifferentDigest(
        _ what: String
    ) async throws {
        let order = try server.order()
        let app = try Directory("\(server.places.installers)/app")
        switch what {
        case "script": try server.publish(script: "#!/bin/bash\necho ran!\n")
        case "manifest":
            try server.publish(
                script: "#!/bin/bash\necho ran\n", manifest: TestServer.manifest + "\nauthor: x\n")
        case "mode": chmod(app.path(of: "install.sh"), 0o644)
        default: try app.create("more", [], mode: 0o644)
        }
        #expect(try await refusal(order).reason == .digestMismatch)
    }

    /// C09.
    @Test(arguments: ["link", "pipe"]) func whatIsNoRegularFileIsADifferentDigest(_ what: String) async throws
    {
        let order = try server.order()
        let app = try Directory("\(server.places.installers)/app")
        if what == "link" {
            symlink("/etc/passwd", app.path(of: "x"))
        } else {
            mkfifo(app.path(of: "x"), 0o600)
        }
        #expect(try await refusal(order).reason == .digestMismatch)
    }

    /// C10: after the start the repository may become what it likes.
    @Test func aChangeAfterTheStartHasNoEffect() async throws {
        let attempt = try await server.start(
            "mkfifo gate; echo ready; read < gate\n. \"${0%/*}/more.sh\" 2>/dev/null\ncat \"$0\" | tail -n 1\necho end\n",
            on: host)
        let run = try await server.follow(attempt, host) {
            try server.publish(script: "#!/bin/bash\necho replaced\n")
            let gate = open("\(server.places.state)/attempts/\(attempt)/work/gate", O_WRONLY | O_NONBLOCK)
            if gate >= 0 {
                _ = write(gate, "\n", 1)
                close(gate)
            }
        }
        #expect(run.text == "ready\necho end\nend\n")
    }

    // MARK: - The kept copy

    private func copiedScript() throws -> String { "\(server.places.state)/copies/app/app/install.sh" }

    private func run(_ order: JobOrder) async throws -> String {
        try await host.start(VerifiedJob(order: order))
        return try await server.follow(order.attempt, host).text
    }

    @Test func theSameContentIsCopiedOnce() async throws {
        #expect(try await run(server.order()) == "ran\n")
        let first = try number(of: copiedScript())
        #expect(try await run(server.order()) == "ran\n")
        #expect(try number(of: copiedScript()) == first)
        try server.publish(script: "#!/bin/bash\necho other\n")
        #expect(try await run(server.order()) == "other\n")
    }

    /// What a script or anybody else does to the copy is gone with the next order.
    @Test(arguments: ["echo changed >> \"$0\"", "echo x > \"${0%/*}/more\"", "chmod -x \"$0\"", "rm \"$0\""])
    func aCopyThatWasChangedIsMadeAnew(_ change: String) async throws {
        let script = "#!/bin/bash\necho ran; ls \"${0%/*}\"; \(change); exit\n"
        try server.publish(script: script)
        for _ in 0..<2 { #expect(try await run(server.order()) == "ran\ninstall.sh\nmanifest.yml\n") }
    }

    /// G9: the copy vouches for nothing; the repository does, every time.
    @Test func aCopyOfWhatTheRepositoryHoldsNoMoreIsNotRun() async throws {
        var order = try server.order()
        #expect(try await run(order) == "ran\n")
        await host.discard(order.attempt)
        order.attempt = AttemptID(job: order.attempt.job, number: 2)
        try server.publish(script: "#!/bin/bash\necho other\n")
        #expect(try await refusal(order).reason == .digestMismatch)
        try Directory(server.places.installers).removeTree("app")
        #expect(try await refusal(order).reason == .notListed)
    }

    private func number(of path: String) throws -> UInt {
        var status = stat()
        guard stat(path, &status) == 0 else { throw ExecKitError.system("look at", path) }
        return UInt(status.st_ino)
    }

    /// J27.
    @Test(arguments: [(0, 10), (-1, 10), (86_401, 10), (60, 0), (60, 301)])
    func limitsOutsideTheirRangesAreRefused(
        _ row: (timeout: Int, grace: Int)
    ) async throws {
        #expect(try await refusal(server.order(timeout: row.timeout, grace: row.grace)).reason == .limits)
    }

    @Test func anotherSystemIsRefusedWithWhatIsWanted() async throws {
        let other = try TestServer(facts: HostFacts(osID: "fedora", versionID: "40", architecture: "x86_64"))
        try other.publish(script: "#!/bin/bash\n")
        let refusal = await other.host().examine(VerifiedJob(order: try other.order()))
        #expect(refusal == Refusal(.osUnsupported, "family is 'fedora', wanted: debian"))
    }

    /// Memory is a fact that the agent was started with; the disk is measured anew.
    @Test(arguments: [("min_ram_mb: 2048", "ram_mb is '2047'"), ("min_disk_mb: 2000000000", "disk_mb is '")])
    func aServerThatHasTooLittleIsRefused(_ requirement: String, _ reason: String) async throws {
        let small = try TestServer(
            facts: HostFacts(osID: "debian", versionID: "12", architecture: "x86_64", memoryMiB: 2047))
        try small.publish(
            script: "#!/bin/bash\n",
            manifest: TestServer.manifest + "\nresource_requirements: {\(requirement)}\n")
        let refusal = try #require(await small.host().examine(VerifiedJob(order: try small.order())))
        #expect(refusal.reason == .osUnsupported && refusal.description.contains(reason), "\(refusal)")
    }

    @Test func inputsThatTheManifestRefusesAreNamedOneByOne() async throws {
        let order = try server.order(inputs: ["server_name": "two\nlines", "unknown": "x"])
        let refusal = try await refusal(order)
        #expect(refusal.reason == .inputsInvalid)
        #expect(
            refusal.message.contains("input 'server_name'") && refusal.message.contains("input 'unknown'"))
    }

    @Test func aSecretInClearIsRefused() async throws {
        let refusal = try await refusal(server.order(inputs: ["db_password": "hunter22"]))
        #expect(refusal == Refusal(.inputsInvalid, "input 'db_password' has to come sealed"))
    }

    @Test func aSealedInputThatIsNoSecretIsRefused() async throws {
        #expect(try await refusal(server.order(secrets: ["server_name": "x"])).reason == .inputsInvalid)
    }

    @Test func aSecretThatBreaksItsRulesIsRefusedWithoutShowingIt() async throws {
        let refusal = try await refusal(server.order(secrets: ["db_password": "xyz"]))
        #expect(refusal.reason == .inputsInvalid)
        #expect(!refusal.message.contains("xyz"))
    }

    /// J21: a seal is good for one agent, job, application and input under one key, or not at all.
    @Test(arguments: [
        "another job", "another input", "another application", "another agent", "another key", "one bit",
        "too short", "nothing",
    ]) func aSealThatDoesNotFitIsRefused(_ how: String) async throws {
        var order = try server.order(secrets: ["db_password": "hunter22"])
        var (sealer, input, application) = (server.sealer, "db_password", "app")
        var sealed = try #require(order.sealed[input]).bytes
        switch how {
        case "another job": order.attempt = try server.order().attempt
        case "another input": input = "server_name"
        case "another application": application = "other"
        case "another agent":
            sealer = InputSealer(key: [UInt8](repeating: 7, count: 32), agent: Fixtures.agent)
        case "another key":
            sealer = InputSealer(key: [UInt8](repeating: 8, count: 32), agent: TestServer.agent)
        case "one bit": sealed[20] ^= 1
        case "too short": sealed = Array(sealed.prefix(5))
        default: sealed = []
        }
        if how.hasPrefix("another"), how != "another job" {
            sealed = try sealer.seal(
                Secret("hunter22"), input: input, job: order.attempt.job, application: application,
                nonce: [UInt8](repeating: 1, count: 12)
            ).bytes
        }
        order.sealed["db_password"] = SealedInput(bytes: sealed)
        #expect(try await refusal(order).reason == .sealInvalid)
    }

    /// From its setting out on an attempt has traces, and what a start that came to nothing left is no hindrance.
    @Test func anAttemptIsSetOutAsOftenAsItTakes() async throws {
        let order = try server.order()
        #expect(try await host.prepare(order.attempt))
        #expect(await server.host().survey() == [order.attempt: .neverBegan])
        let folder = try server.folder(of: order.attempt)
        for file in [AttemptFile.spec, AttemptFile.reserve, "work"] { try folder.create(file, [1]) }
        #expect(try await host.prepare(order.attempt))
        try await host.start(VerifiedJob(order: order))
        let run = try await server.follow(order.attempt, host)
        #expect(run.text == "ran\n")
        await #expect(throws: Refusal.self) { try await host.start(VerifiedJob(order: order)) }
        #expect(await host.survey() == [order.attempt: .ended(try #require(run.result))])
    }

    /// G4: what could not be killed keeps the next one from its start.
    @Test func nothingStartsWhileAnythingOfAnotherAttemptLives() async throws {
        let (old, next) = (try server.order(), try server.order())
        let group = try ControlGroup.make(host.groups.path(of: old.attempt))
        let survivor = try ChildProcess(["sleep", "1000"], folder: server.root)
        try group.adopt(survivor.pid)
        #expect(try await !host.prepare(next.attempt))
        survivor.end(SIGKILL)
        #expect(try await host.prepare(next.attempt))
        // What nobody needs any more is taken away on the way.
        #expect(throws: ExecKitError.self) { try ControlGroup(host.groups.path(of: old.attempt)) }
        #expect(await host.survey() == [next.attempt: .neverBegan])
    }

    @Test func withoutAPlaceAnAttemptIsRefused() async throws {
        _ = try Directory.ensured(server.places.state)
        try Directory(server.places.state).create("attempts", [])
        let attempt = try server.order().attempt
        await #expect(throws: Refusal.self) { try await host.prepare(attempt) }
    }

    @Test func aRunnerThatIsMissingIsAReasonOfThisServer() async throws {
        let host = server.host(runner: "/no/such/runner")
        do {
            try await host.start(VerifiedJob(order: server.order()))
            Issue.record("it was started")
        } catch let refusal as Refusal {
            #expect(refusal.reason == .policy)
            #expect(refusal.message.contains("/no/such/runner': No such file"))
        }
        try await eventually("nothing that runs") { await Array(host.survey().values) == [.neverBegan] }
    }
}

import Glibc
import ManifestKit
import TestSupport
import Testing

@testable import ExecKit
@testable import JobKit

/// Folders of which something cannot be read, or that are deeper than descriptors reach.
@Suite("A folder", .timeLimit(.minutes(1))) struct DirectoryTests {
    private let server: TestServer

    init() throws { server = try TestServer() }

    /// So deep that neither descriptors nor a stack would do for it, with a file at every hundredth level.
    @Test func isRemovedHoweverDeepItIs() throws {
        let root = try Directory(server.root)
        var below = try root.makeDirectory("deep")
        for level in 1...25_000 {
            if level.isMultiple(of: 100) { try below.create("file", [1]) }
            try #require(mkdirat(below.descriptor.number, "d", 0o700) == 0)
            let number = openat(below.descriptor.number, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            below = Directory(path: root.path, owning: number)
        }
        root.removeTree("deep")
        #expect(!root.has("deep"))
    }

    /// What cannot be read is neither empty nor missing.
    @Test func tellsAReadErrorFromTheEnd() throws {
        // The kernel has nothing to show at the address 0.
        let own = try Directory("/proc/self")
        #expect(own.read("mem") == nil)
        #expect { try own.bytes(of: "mem") } throws: { "\($0)".contains("/proc/self/mem") }
        #expect(try own.bytes(of: "no such file") == nil)
        #expect(throws: ExecKitError.self) { try own.bytes(of: "mountinfo", limit: 1) }
    }

    /// A result that is there and cannot be read stays, and nobody guesses what it says.
    @Test func aResultThatCannotBeReadIsLeftAlone() async throws {
        let host = server.host(limits: .short())
        let attempt = try await server.start("exit 0", on: host)
        _ = try await server.follow(attempt, host)
        let folder = try server.folder(of: attempt)
        folder.remove(AttemptFile.result)
        // Reading a folder fails.
        _ = try folder.makeDirectory(AttemptFile.result)
        guard case .ended(let result)? = await server.host().survey()[attempt] else {
            Issue.record("no end")
            return
        }
        #expect(result.ending == .interrupted(.stateLost))
        _ = try folder.folder(AttemptFile.result)
    }

    /// Nor do sizes that no disk has, as a script may write them, end anybody.
    @Test func sizesNearTheLargestNumberAreNoResult() async throws {
        let host = server.host(limits: .short())
        let attempt = try await server.start("echo whole", on: host)
        let result = try #require(await server.follow(attempt, host).result)
        var log = try #require(result.log)
        (log.bytes, log.cutBytes) = (.max, .max)
        var forged = result
        forged.log = log
        let folder = try server.folder(of: attempt)
        try folder.replace(AttemptFile.result, forged.json.canonicalBytes())
        guard case .ended(let found)? = await server.host().survey()[attempt] else {
            Issue.record("no end")
            return
        }
        #expect(found.log?.bytes == 6)
    }

    /// A script may write another group's name into what tells of it: that one is not ended in its place.
    @Test(arguments: ["bystander", "bystander-OWN", "provision-bystander", "linked"])
    func endsNoGroupOfAnother(_ name: String) async throws {
        let host = server.host(limits: .short())
        let attempt = try await server.start("exit 0", on: host)
        _ = try await server.follow(attempt, host)
        let own = name.replacing("OWN", with: attempt.description)
        let bystander = try ControlGroup.make("\(ControlGroupPlace.own().path)/\(own)")
        let process = try ChildProcess(["sleep", "1000"], folder: server.root)
        try bystander.adopt(process.pid)
        defer {
            process.end(SIGKILL)
            bystander.remove()
        }
        let link = "\(server.root)/provision-link-\(attempt)"
        try #require(symlink(bystander.folder.path, link) == 0)
        let path = name == "linked" ? link : bystander.folder.path
        let folder = try server.folder(of: attempt)
        folder.remove(AttemptFile.spec)
        try folder.create(AttemptFile.spec, Array(#"{"cgroup":"\#(path)"}"#.utf8))
        _ = await server.host().survey()
        #expect(isAlive(process.pid))
    }

    /// What a script puts in the place of a log keeps nobody waiting for a reader or a writer.
    @Test func aPipeInPlaceOfALogHoldsNothingUp() async throws {
        try server.publish(
            script: """
                #!/bin/bash
                own=${PROVISION_WORK_DIR%/work}
                rm "$own/log"
                mkfifo "$own/log"
                """)
        let order = try server.order()
        _ = try Directory.ensured(server.places.logs)
        try #require(mkfifo("\(server.places.logs)/\(order.attempt.job).log", 0o600) == 0)
        let host = server.host(limits: .short())
        try await host.start(VerifiedJob(order: order))
        #expect(try await server.follow(order.attempt, host).result?.ending == .exited(code: 0))
    }
}

import Glibc
import ManifestKit
import TestSupport
import Testing

/// How the server's repository differs from the panel's when an order comes to be run; the panel signs for content 2.
enum RepositoryFault: String, CaseIterable, Sendable {
    /// The server's was never renewed.
    case frozen
    /// The server ran content 2 already, and its files were set back.
    case rolledBack
    /// Files of both contents, either way.
    case newManifestOldScript, oldManifestNewScript
    /// The server's is a content further.
    case ahead
    /// The server's says that the application is withdrawn.
    case withdrawn
    /// The server's has lost the application, or everything.
    case applicationMissing, allMissing
    /// The files of both were renewed, and the panel goes on as it was started.
    case frozenPanel
    /// Both were renewed, and the panel started again, after the order was signed.
    case overtaken

    var reason: String {
        switch self {
        case .applicationMissing, .allMissing: "not_listed"
        default: "digest_mismatch"
        }
    }
}

@Suite(
    "Repositories that differ", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct RepositoryFaultTests {
    /// The content is told by the script and by the manifest.
    private static func letter(_ content: Int, _ more: String = "") -> TestApplication {
        TestApplication(
            id: "letter", more: "revision: \(content)\n\(more)", script: "echo 'content \(content)'; end 0")
    }

    /// F52: nothing runs of files that the panel did not name, whichever side is behind; with the same files on both
    /// sides the next order runs, and runs those.
    @Test(arguments: RepositoryFault.allCases) func f52RunsNothingOfOtherContent(_ fault: RepositoryFault)
        async throws
    {
        try await House.run([Self.letter(1)], withAgent: false) { house in
            let (panel, server) = ("\(house.panelFolder)/installers", house.agentInstallers)
            var began: [String] = []
            func expectRun(of content: Int) async throws {
                let id = try await house.install("letter")
                #expect(try await house.end(of: id)["status"] == "succeeded", "content \(content)")
                #expect(try await house.output(of: id) == "content \(content)\n")
                began.append(id)
            }
            try await house.startAgent()
            try await expectRun(of: 1)
            try house.publish(Self.letter(2), in: panel)
            try await house.restartPanel()

            var order: String?
            switch fault {
            case .frozen: break
            case .rolledBack:
                try house.publish(Self.letter(2), in: server)
                try await expectRun(of: 2)
                try house.publish(Self.letter(1), in: server)
            case .newManifestOldScript, .oldManifestNewScript:
                let file = fault == .newManifestOldScript ? "manifest.yml" : "install.sh"
                try FileTree.write(
                    FileTree.read("\(panel)/letter/\(file)"), to: "\(server)/letter/\(file)")
            case .ahead: try house.publish(Self.letter(3), in: server)
            case .withdrawn: try house.publish(Self.letter(2, "stability: withdrawn"), in: server)
            case .applicationMissing: #expect(rename("\(server)/letter", "\(house.agentFolder)/gone") == 0)
            case .allMissing: #expect(rename(server, "\(house.agentFolder)/gone") == 0)
            case .frozenPanel: for place in [panel, server] { try house.publish(Self.letter(3), in: place) }
            case .overtaken:
                house.agent.kill()
                order = try await house.install("letter")
                for place in [panel, server] { try house.publish(Self.letter(3), in: place) }
                try await house.restartPanel()
                try await house.startAgent()
            }
            if order == nil { order = try await house.install("letter") }
            let job = try await house.end(of: #require(order))
            #expect(job["status"] == "refused", "\(job)")
            #expect(job["reason"] == .string(fault.reason), "\(job)")
            #expect(job["began_at"] == .null)

            mkdir(server, 0o755)
            for place in [panel, server] { try house.publish(Self.letter(4), in: place) }
            try await house.restartPanel()
            try await expectRun(of: 4)
            try await house.expectTruth()
            #expect(house.witness == began.flatMap { ["began \($0) 1", "done \($0) 1"] })
        }
    }
}

extension House {
    /// Puts an application's files into the place of what a repository has of it.
    fileprivate func publish(_ application: TestApplication, in repository: String) throws {
        try application.write(below: repository, witness: "\(path)/witness", gates: "\(path)/gates")
    }

    /// The panel reads its repository when it starts.
    fileprivate func restartPanel() async throws {
        try await panel.stop()
        try await startPanel()
    }
}

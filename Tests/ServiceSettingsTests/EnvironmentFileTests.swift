import TestSupport
import Testing

@testable import ServiceSettings

@Suite("Files of settings") struct EnvironmentFileTests {
    private static let files: [(String, [String: String])] = [
        ("", [:]), ("\n\n# a note\n; another\n", [:]), ("A=1", ["A": "1"]),
        ("A=1\nB=2\n", ["A": "1", "B": "2"]),
        ("A=1\r\nB=2\r\n", ["A": "1", "B": "2"]), ("\u{FEFF}A=1", ["A": "1"]), ("  A = 1\t\n", ["A": "1"]),
        ("A=", ["A": ""]), ("A=\"\"", ["A": ""]), ("A=\"1 2\"", ["A": "1 2"]),
        ("A='$x # y'", ["A": "$x # y"]),
        ("A=b=c#d", ["A": "b=c#d"]), ("A=1\nA=2", ["A": "2"]), ("_a1=ä", ["_a1": "ä"]),
    ]

    @Test(arguments: files) func readsWhatSystemdReads(_ text: String, _ variables: [String: String]) throws {
        #expect(try EnvironmentFile.variables(in: Array(text.utf8)[...], path: "x.env") == variables)
    }

    private static let flaws: [(String, String)] = [
        ("export A=s3cret", "line 1 of 'x.env' begins with 'export'"),
        ("A=1\ns3cret", "line 2 of 'x.env' is no NAME"),
        ("A: s3cret", "line 1 of 'x.env' is no NAME"), ("1A=s3cret", "line 1 of 'x.env' is no NAME"),
        ("A=s3cret # note", "line 1 of 'x.env' has a blank"), ("A=s3\"cret", "line 1 of 'x.env' has a blank"),
        ("A=s3cret\\", "line 1 of 'x.env' has a blank"),
        ("A=\"s3cret", "line 1 of 'x.env' has a quoted value"),
        ("A='s3cret' x", "line 1 of 'x.env' has a quoted value"),
        ("A=\"s3\\\"cret\"", "line 1 of 'x.env' has a quoted"),
    ]

    @Test(arguments: flaws) func namesTheLineAndNotWhatItSays(_ text: String, _ problem: String) throws {
        let error = try #require(throws: StartupProblem.self) {
            try EnvironmentFile.variables(in: Array(text.utf8)[...], path: "x.env")
        }
        #expect(error.description.hasPrefix(problem), "\(error)")
        #expect(!error.description.contains("s3"), "\(error)")
    }

    @Test func saysWhyAFileCannotBeRead() throws {
        let folder = try TemporaryDirectory()
        for (path, reason) in [(folder.path("none"), "No such file"), (folder.path("."), "Is a directory")] {
            let error = try #require(throws: StartupProblem.self) { try EnvironmentFile.read(path) }
            #expect(
                error.description.contains("'\(path)' of --env-file cannot be read: \(reason)"), "\(error)")
        }
    }
}

@Suite("Command lines of the services") struct CommandLineOptionsTests {
    private let options: KeyValuePairs<String, String?> = [
        "--env-file": "PATH", "--agent-key": "AGENT_ID", "--doctor": nil,
    ]

    @Test func readsOptionsInAnyOrder() throws {
        let read = try CommandLineOptions(
            ["x/Panel", "--agent-key", "a", "--doctor", "--env-file", "b"], allowing: options)
        #expect(read["--env-file"] == "b")
        #expect(read["--agent-key"] == "a")
        #expect(read["--doctor"] == "")
        let empty = try CommandLineOptions(["x/Panel"], allowing: options)
        #expect(empty["--env-file"] == nil && empty["--doctor"] == nil)
    }

    @Test(arguments: [
        ["--help"], ["-h"], ["--env-file", "a", "--help"], ["serve"], ["--env-file"], ["--port", "1"],
        ["--doctor", "all"],
    ])
    func saysHowToCallIt(_ words: [String]) throws {
        let usage = try #require(throws: UsageRequest.self) {
            try CommandLineOptions(["x/Panel"] + words, allowing: options)
        }
        #expect(usage.text == "usage: Panel [--env-file PATH] [--agent-key AGENT_ID] [--doctor]")
        #expect(usage.isAskedFor == (words.last == "--help" || words.last == "-h"))
    }
}

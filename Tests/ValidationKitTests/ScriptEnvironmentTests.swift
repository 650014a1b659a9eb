import Glibc
import ManifestKit
import TestSupport
import Testing
import ValidationKit

/// What a real bash finds in the environment that is built for it.
@Suite("What reaches a script", .timeLimit(.minutes(2))) struct ScriptEnvironmentTests {
    private static let run = ScriptRun(
        job: "j", action: "install", attempt: 1, server: "s",
        facts: HostFacts(osID: "debian", versionID: "12", architecture: "x86_64"), stateFolder: "/state",
        workFolder: "/work", outputFile: "/output", progressFile: "/progress")

    /// The environment of a bash, as it prints it itself.
    private func bash(_ variables: [ScriptEnvironment.Variable]) async throws -> [String: [UInt8]] {
        var environment: [String: String] = [:]
        for variable in variables {
            switch variable.value {
            case .plain(let text): environment[variable.name] = text
            case .secret(let secret): environment[variable.name] = secret.reveal()
            }
        }
        let folder = try TemporaryDirectory()
        let output = "\(folder.path)/environment"
        let bash = try ChildProcess(
            ["/bin/bash", "-p", "-c", "exec env -0"], environment: environment, output: output,
            folder: folder.path)
        let code = try await eventually("the end of bash") { bash.ending() }
        try #require(code == 0)
        var found: [String: [UInt8]] = [:]
        for entry in try Fixtures.bytes(output).split(separator: 0) {
            let name = entry.prefix { $0 != UInt8(ascii: "=") }
            found[String(decoding: name, as: UTF8.self)] = Array(entry.dropFirst(name.count + 1))
        }
        return found
    }

    private func manifest(_ input: String) throws -> Manifest {
        let text =
            "schema_version: 1\nid: app\nname: App\nversion: \"1\"\ninputs: [\(input)]\nenv: {OWN: 'a \"b\" $c'}\n"
        let decoded = Manifest.decode(Array(text.utf8), file: "manifest.yml")
        return try #require(decoded.value, "\(decoded.diagnostics)")
    }

    /// Everything that a type's vectors accept, byte for byte.
    @Test(arguments: InputType.allCases) func isWhatWasAccepted(_ type: InputType) async throws {
        for vector in try TypeVectorTests.vectors(of: type.rawValue) {
            guard let canonical = vector.canonical else { continue }
            let keys = vector.keys.isEmpty ? "" : ", \(vector.keys)"
            let manifest = try manifest("{name: a, env: VALUE, type: \(type.rawValue)\(keys)}")
            let validation = try InputValidator(manifest: manifest).validate(RawInputs(["a": vector.value]))
            let inputs = try #require(validation.inputs, "\(vector)")
            let variables = ScriptEnvironment.variables(of: inputs, manifest: manifest, run: Self.run)
            let found = try await bash(variables)
            #expect(found["VALUE"] == Array(canonical.utf8), "\(vector)")
            #expect(found["OWN"] == Array("a \"b\" $c".utf8))
            // A shell adds some of its own; nothing of this process comes along.
            let added = Set(found.keys).subtracting(variables.map(\.name))
            #expect(added.isSubset(of: ["PWD", "OLDPWD", "SHLVL", "_"]), "\(added)")
        }
    }

    private static let hostile = [
        "a\nb", "a\u{0}b", "$(reboot)", "`reboot`", "'; reboot #", "\"; reboot; \"", "${IFS}x", "\u{202E}abc",
        "\u{200B}x", "a\u{1B}[2Jb", "\\n", "-rf /", "--help", "*", "~", "!!", "%s%n", "() { :; }; reboot",
        "\u{FEFF}a", "e\u{301}", "\r\n", String(repeating: "x", count: 1 << 20),
    ]

    /// A value is refused, or it arrives as its own canonical text.
    @Test(arguments: InputType.allCases) func isNeverAnythingElse(_ type: InputType) async throws {
        let choices =
            type == .select || type == .multiselect ? ", allowed_values: [one, two]" : ""
        let manifest = try manifest("{name: a, env: VALUE, type: \(type.rawValue)\(choices)}")
        let validator = try InputValidator(manifest: manifest)
        for text in Self.hostile {
            let validation = validator.validate(["a": .text(text)])
            guard let inputs = validation.inputs else {
                #expect(!validation.violations.isEmpty)
                continue
            }
            #expect(
                [.string, .text, .password, .path].contains(type), "\(type) takes \(text.debugDescription)")
            let variables = ScriptEnvironment.variables(of: inputs, manifest: manifest, run: Self.run)
            let found = try await bash(variables)
            let expected = type == .text || type == .password ? text : text.trimmingSpaces
            #expect(found["VALUE"] == Array(expected.utf8), "\(type): \(text.debugDescription)")
        }
    }

    @Test func isRefusedInEveryTypeWhereItIsNoText() throws {
        for type in InputType.allCases {
            let choices =
                type == .select || type == .multiselect ? ", allowed_values: [one, two]" : ""
            let validator = try validator("{name: a, type: \(type.rawValue)\(choices)}")
            for text in ["a\u{0}b", "a\u{1B}[2Jb", "\u{202E}abc", String(repeating: "x", count: 1 << 20)] {
                #expect(
                    validator.validate(["a": .text(text)]).inputs == nil,
                    "\(type) takes \(text.prefix(20).debugDescription)")
            }
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}

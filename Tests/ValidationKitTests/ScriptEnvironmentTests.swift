import Glibc
import ManifestKit
import TestSupport
import Testing
import ValidationKit

/// What passes validation reaches a script byte for byte, and nothing else does.
///
/// Each test starts a real `/bin/bash -p` with the environment that a script is
/// given and compares what comes out.
@Suite("Environments of scripts") struct ScriptEnvironmentTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    // MARK: Running

    /// Bash gives these to what it starts, declared or not; `OLDPWD` only once the folder was changed.
    private static let addedByBash: Set<String> = ["_", "SHLVL", "PWD", "OLDPWD"]

    /// What a script prints that is given exactly these variables.
    private func run(_ script: String, _ environment: [String: String]) throws -> [UInt8] {
        let (path, output) = (folder.path("script.sh"), folder.path("output"))
        try Fixtures.write(script, to: path, mode: 0o755)
        unlink(output)
        let child = try ChildProcess(
            ["/bin/bash", "-p", path], environment: environment, output: output, folder: folder.path)
        // No signal: only its end is waited for.
        let code = child.end(0)
        let printed = try Fixtures.bytes(output)
        try #require(code == 0, "\(String(decoding: printed.prefix(500), as: UTF8.self))")
        return printed
    }

    private func environment(_ validator: InputValidator, _ raw: RawInputs) throws -> [String: String] {
        let validation = validator.validate(raw)
        let inputs = try #require(validation.inputs, "\(validation.violations)")
        let run = ScriptRun(
            job: "01J00000000000000000000000", action: "install", attempt: 1, server: "agent-001",
            facts: HostFacts(osID: "debian", versionID: "12", architecture: "x86_64"),
            stateFolder: folder.path("state"), workFolder: folder.path("work"),
            outputFile: folder.path("results"), progressFile: folder.path("progress"))
        let variables = ScriptEnvironment.variables(of: inputs, manifest: validator.manifest, run: run)
        #expect(Set(variables.map(\.name)).count == variables.count, "a variable twice")
        return Dictionary(uniqueKeysWithValues: variables.map { ($0.name, $0.value.revealed) })
    }

    /// The variables in what `env -0` printed, by their names, as bytes.
    private func variables(_ printed: [UInt8]) throws -> [String: [UInt8]] {
        var variables: [String: [UInt8]] = [:]
        for entry in printed.split(separator: 0) {
            let sign = try #require(entry.firstIndex(of: UInt8(ascii: "=")))
            variables[String(decoding: entry[..<sign], as: UTF8.self)] = Array(entry[(sign + 1)...])
        }
        return variables
    }

    /// Starts a script with these answers and compares its whole environment with what was declared.
    private func expectRoundTrip(_ validator: InputValidator, _ raw: RawInputs) throws {
        let declared = try environment(validator, raw)
        let names = declared.keys.sorted()
        // First what bash hands on, then what bash itself holds, name by name.
        let script =
            "env -0 || exit 1\nprintf '%s\\0' ---\n"
            + names.map { "printf '%s=%s\\0' \($0) \"$\($0)\"\n" }.joined()
        let printed = try run(script, declared).split(separator: 0, omittingEmptySubsequences: false)
        let border = try #require(printed.firstIndex { $0.elementsEqual("---".utf8) })
        let exported = try variables(Array(printed[..<border].joined(separator: [0])))
        let held = try variables(Array(printed[(border + 1)...].joined(separator: [0])))
        for (name, text) in declared {
            #expect(exported[name] == Array(text.utf8), "\(name) as it is handed on")
            #expect(held[name] == Array(text.utf8), "\(name) as bash holds it")
        }
        #expect(Set(exported.keys).subtracting(declared.keys).isSubset(of: Self.addedByBash))
        #expect(access(folder.path("witness"), F_OK) != 0, "something in a value was run")
    }

    // MARK: Values

    /// Texts that a shell, printf, a terminal or a tool would act upon if they were not data.
    private var hostileTexts: [String] {
        let witness = folder.path("witness")
        return [
            "$(touch \(witness))", "`touch \(witness)`", "$(reboot)", "${IFS}", "$IFS", "$((1+1))",
            "; touch \(witness)",
            "| touch \(witness)", "&& touch \(witness)", "a' ; touch \(witness) ; '",
            "a\" ; touch \(witness) ; \"",
            "'", "\"", "''", "\\", "\\\\", "\\n", "\\0", "\\x00", "%s", "%n%n", "%-99999s", "-rf", "--", "-n",
            "-e", "--help",
            "() { :; }; touch \(witness)", "*", "?", "[a-z]*", "~", "~root", "{a,b}", "!!", "!$", "#x", "a=b",
            "=", "  inner  spaces  ",
            "<(touch \(witness))", "> \(witness)", "<<EOF", "a & b", "é", "日本語", "🔑👩‍👩‍👧", "é\u{301}",
            "\u{FFFD}", "\u{10FFFF}", "\u{A0}", "\u{200D}", "\u{AD}", "null", "true", "0", "PATH=/tmp",
            "LD_PRELOAD=/tmp/x.so",
        ]
    }

    @Test func hostileTextsOfEveryKindAreData() throws {
        let validator = try validator(
            """
            {name: s, type: string, validation: {charset: unicode}}, {name: t, type: text, validation: {charset: unicode}},
            {name: p, type: password, required: false}, {name: x, type: string, sensitive: true, validation: {charset: unicode}}
            """)
        for text in hostileTexts where text.isComposed {
            var raw: RawInputs = [
                "s": .text(text), "t": .text("\t\(text)\n\n\(text)\n"), "x": .text(text),
            ]
            if text.unicodeScalars.count >= 4 { raw["p"] = .text(text) }
            try expectRoundTrip(validator, raw)
        }
    }

    /// The types with a grammar take what their grammar takes, however a shell would read it.
    @Test(arguments: [
        ("type: text", "\n\n"), ("type: text", "a\n"), ("type: text", "\t"), ("type: text", " "),
        ("type: text", "#!/bin/sh\nreboot\n"), ("type: email", "`id`@b.co"), ("type: email", "$IFS@b.co"),
        ("type: email", "'*'@b.co"), ("type: url", "http://a/$(reboot)?x=%20&b;c#'*'"),
        ("type: path", "/$(reboot)/`id`/*/ ~/-rf"), ("type: path", "/a b/'\"\\"), ("type: username", "_-"),
        ("type: hostname", "xn--a"), ("type: ip", "::ffff:1.2.3.4"), ("type: cidr", "::/0"),
        ("type: cron", "*/5 * * * *"), ("type: cron", "@reboot"), ("type: timezone", "Etc/GMT+1"),
        ("type: date", "2024-02-29"), ("type: integer", "-9223372036854775808"), ("type: number", "-0.5"),
        ("type: boolean", "false"), ("type: port", "1"), ("type: duration", "7d"), ("type: size", "1T"),
        ("type: password", " $(reboot) "), ("type: password", "🔑🔑🔑🔑"), ("type: password", "'\"\\`"),
        ("type: select, allowed_values: ['$(reboot)', '*']", "$(reboot)"),
        ("type: multiselect, allowed_values: ['$(reboot)', '*', '-rf']", "*,-rf,$(reboot)"),
        (
            "type: ssh_public_key",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f $(reboot) '`"
        ),
        ("type: string, default: x", ""), ("type: string, required: false, default: ''", ""),
    ])
    func aValueOfEveryTypeArrivesAsItIs(_ keys: String, _ text: String) throws {
        try expectRoundTrip(try validator("{name: v, \(keys)}"), ["v": .text(text)])
    }

    /// Everything that a type's vectors accept, in its canonical spelling.
    @Test(arguments: InputType.allCases) func whatAVectorAcceptsArrives(_ type: InputType) throws {
        for vector in try TypeVectors(of: type).vectors {
            guard let text = vector.expected else { continue }
            let raw = RawInputs(["value": vector.value])
            #expect(try environment(vector.validator, raw)["VALUE"] == text, "\(vector)")
            try expectRoundTrip(vector.validator, raw)
        }
    }

    /// What no type takes as a text: it would end a variable, steer a terminal, deceive a reader, or be too much.
    private static let refused = [
        "a\u{0}b", "a\u{1B}[2Jb", "\u{202E}abc", "a\u{200B}b\u{2066}", String(repeating: "x", count: 1 << 20),
    ]

    @Test(arguments: InputType.allCases) func noTypeTakesWhatIsNoText(_ type: InputType) throws {
        let choices = type == .select || type == .multiselect ? ", allowed_values: [one, two]" : ""
        let validator = try validator("{name: a, type: \(type.rawValue)\(choices)}")
        for text in Self.refused {
            #expect(
                validator.validate(["a": .text(text)]).inputs == nil,
                "\(type) takes \(text.prefix(20).debugDescription)")
        }
    }

    @Test func theLargestValuesArrive() throws {
        let validator = try validator(
            """
            {name: a, type: string}, {name: b, type: text, validation: {charset: unicode}},
            {name: c, type: string, sensitive: true}, {name: d, type: password}
            """)
        try expectRoundTrip(
            validator,
            [
                "a": .text(String(repeating: "$(x)", count: 8192)),
                "b": .text(String(repeating: "é\n", count: 10_922)),
                "c": .text(String(repeating: "'\"\\`", count: 8192)),
                "d": .text(String(repeating: "🔑", count: 256)),
            ])
    }

    /// Random texts of what is special to somebody; the seed is in the failure.
    @Test(arguments: UInt64(0)..<6) func randomTextsArrive(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("ab $`'\"\\(){}[]<>|&;*?!#~%=-+./:^\u{E9}\u{1F511}\u{FFFD}")
        let names = (0..<40).map { "v\($0)" }
        let inputs = names.map { "{name: \($0), type: text, validation: {charset: unicode}}" }
        let validator = try validator(inputs.joined(separator: ","))
        var raw = RawInputs()
        for name in names {
            let text = String(
                (0..<Int.random(in: 1...300, using: &generator)).map { _ in
                    Int.random(in: 0..<20, using: &generator) == 0
                        ? "\n" : alphabet.randomElement(using: &generator) ?? "a"
                })
            raw[name] = .text(text)
        }
        try expectRoundTrip(validator, raw)
    }

    // MARK: What is there, and what is not

    @Test func theManifestsOwnVariablesArriveAndHiddenInputsDoNot() throws {
        let text = """
            id: app
            name: App
            version: "1.0 $(reboot)"
            env: {MODE: "a 'b' $(c) `d` \\\\", EMPTY: ""}
            inputs:
              - {name: tls, type: boolean}
              - {name: port, type: port, required: false, visible_if: {tls: true}}
              - {name: kept, type: string, default: x, visible_if: {tls: true}}
              - {name: gone, type: string, default: x, visible_if: {tls: true}, when_hidden: unset}
              - {name: none, type: string, visible_if: {tls: true}, when_hidden: empty}
            """
        let decoded = Manifest.decode(Array(text.utf8), file: "manifest.yml")
        let validator = try InputValidator(manifest: try #require(decoded.value, "\(decoded.diagnostics)"))
        let raw: RawInputs = ["tls": .boolean(false), "port": .text("80"), "gone": .text("y")]
        try expectRoundTrip(validator, raw)
        let declared = try environment(validator, raw)
        #expect(declared["MODE"] == "a 'b' $(c) `d` \\")
        #expect(declared["EMPTY"] == "" && declared["NONE"] == "" && declared["KEPT"] == "x")
        #expect(declared["PORT"] == nil && declared["GONE"] == nil)
        #expect(declared["PROVISION_APP_VERSION"] == "1.0 $(reboot)")
    }

    @Test func theEnvironmentHoldsWhatTheContractSaysAndNoMore() throws {
        let declared = try environment(try sampleValidator(), ["server_name": .text("a")])
        #expect(
            declared.keys.sorted() == [
                "DEBIAN_FRONTEND", "ENABLE_SSL", "HOME", "HTTPS_PORT", "LANG", "NEEDRESTART_MODE", "PATH",
                "PROVISION_ACTION",
                "PROVISION_APP_ID", "PROVISION_APP_REVISION", "PROVISION_APP_VERSION", "PROVISION_ARCH",
                "PROVISION_ATTEMPT",
                "PROVISION_JOB_ID", "PROVISION_OS_ID", "PROVISION_OS_VERSION", "PROVISION_OUTPUT_FILE",
                "PROVISION_PROGRESS_FILE",
                "PROVISION_SERVER_ID", "PROVISION_STATE_DIR", "PROVISION_WORK_DIR", "SERVER_NAME", "TERM",
                "UCF_FORCE_CONFFOLD",
            ])
    }

    /// Every variable that this bash knows is reserved, or keeps the value that a form gives it.
    @Test func noFreeVariableIsOneThatBashOverwrites() throws {
        let documented =
            "COLUMNS LINES REPLY OPTARG MAPFILE COPROC READLINE_LINE FCEDIT FIGNORE HISTFILE HISTSIZE HOSTFILE HOSTNAME "
            + "HOSTTYPE INPUTRC INSIDE_EMACS MACHTYPE MAIL MAILCHECK OSTYPE TIMEFORMAT DIRSTACK GROUPS FUNCNAME PIPESTATUS"
        let known = try String(decoding: run("compgen -v", [:]), as: UTF8.self).split(separator: "\n")
            .map(String.init)
        #expect(known.contains("BASH_VERSION"))
        let names = Set(known + documented.split(separator: " ").map(String.init)).filter {
            EnvironmentName.isWellFormed($0) && !EnvironmentName.isReserved($0)
        }.sorted()
        let given = Dictionary(uniqueKeysWithValues: names.map { ($0, "canary of \($0)") })
        let script =
            "/bin/true; cd /\n" + names.map { "printf '%s=%s\\0' \($0) \"$\($0)\"\n" }.joined()
        let held = try variables(try run(script, given))
        for (name, text) in given { #expect(held[name] == Array(text.utf8), "\(name) is not reserved") }
    }
}

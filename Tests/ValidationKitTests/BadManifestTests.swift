import Glibc
import ManifestKit
import TestSupport
import Testing
import ValidationKit

/// The rows M01 to M39 of the list of bad inputs, one test each.
@Suite("Bad manifests, row by row") struct BadManifestTests {
    private static let head = "id: app\nname: App\nversion: \"1\"\n"

    /// What is found in a document, the linter's findings among it.
    private func findings(_ bytes: [UInt8]) -> [Diagnostic] {
        let decoded = Manifest.decode(bytes, file: "manifest.yml")
        #expect((decoded.value == nil) == decoded.diagnostics.contains(where: \.isError))
        return decoded.diagnostics + (decoded.value.map(ManifestLinter.lint) ?? [])
    }

    private func findings(_ text: String) -> [Diagnostic] { findings(Array(text.utf8)) }

    /// The codes of the errors in a document.
    private func codes(_ text: String) -> Set<DiagnosticCode> {
        Set(findings(text).filter(\.isError).map(\.code))
    }

    /// The codes of the errors in a small manifest with these lines.
    private func codes(lines: String) -> Set<DiagnosticCode> {
        codes(Self.head + "inputs: []\n" + lines + "\n")
    }

    /// The codes of the errors in a small manifest with these inputs.
    private func codes(inputs: String) -> Set<DiagnosticCode> { codes(Self.head + "inputs: [\(inputs)]\n") }

    private func manifest(_ text: String) throws -> Manifest {
        let decoded = Manifest.decode(Array(text.utf8), file: "manifest.yml")
        return try #require(decoded.value, "\(decoded.diagnostics)")
    }

    // MARK: The file

    @Test func M01_anAliasBombIsRefusedForItsFirstAnchor() {
        let levels = (1...9).map { level in
            "l\(level): &l\(level) [\((0..<9).map { _ in level == 1 ? "x" : "*l\(level - 1)" }.joined(separator: ","))]"
        }
        let found = findings(levels.joined(separator: "\n"))
        #expect(found.contains { $0.code == .yamlAlias && $0.location.line == 1 && $0.location.column == 5 })
    }

    @Test func M02_aLargeFileIsRefusedUnread() {
        let found = findings([UInt8](repeating: UInt8(ascii: "["), count: 128 * 1024))
        #expect(
            found.map(\.description) == [
                "manifest.yml:1:1: error: the file has 131072 bytes; at most 65536 are read"
            ])
    }

    @Test func M03_readingStopsAtTheSeventeenthLevel() {
        let found = findings([UInt8](repeating: UInt8(ascii: "["), count: 30 * 1024))
        #expect(
            found.map(\.description) == [
                "manifest.yml:1:17: error: the file is nested more than 16 levels deep"
            ])
    }

    @Test func M05_aRepeatedKeyOfANestedInput() {
        #expect(codes(inputs: "{name: a, type: port, name: b}") == [.duplicateKey])
        #expect(
            codes(inputs: "{name: a, type: string, validation: {min_length: 1, \"min_length\": 2}}")
                == [.duplicateKey])
    }

    @Test(arguments: ["!!python/object:os.system x", "!ruby/object:Gem {}", "!foo x", "!!binary aGk=", "! x"])
    func M06_tags(_ value: String) { #expect(codes(lines: "x-a: \(value)") == [.yamlTag]) }

    @Test func M07_mergeKeys() {
        #expect(codes("a: &x {b: c}\nd: {<<: *x}\n").isSuperset(of: [.yamlAlias, .yamlMergeKey]))
        #expect(codes(lines: "x-a: {<<: {b: c}}") == [.yamlMergeKey])
    }

    @Test(arguments: ["%YAML 2.0", "%YAML 1.1", "%TAG ! tag:example.org,2026:", "%FOO bar"])
    func M09_directives(_ directive: String) {
        let found = codes("\(directive)\n---\n\(Self.head)inputs: []\n")
        #expect(found == [.yamlDirective] || found == [.yamlDirective, .yamlSyntax])
    }

    @Test func M10_otherEncodingsAndByteOrderMarks() {
        let text = Array((Self.head + "inputs: []\n").utf8)
        let wide: [UInt8] = text.flatMap { [$0, 0] }
        let files: [[UInt8]] = [
            [0xFF, 0xFE] + wide, wide, [0xFE, 0xFF, 0] + wide.dropLast(), [0xEF, 0xBB, 0xBF] + text,
        ]
        for bytes in files {
            let found = Set(findings(bytes).map(\.code))
            #expect(found == [.encoding] || found == [.controlCharacter], "\(bytes.prefix(4))")
        }
    }

    @Test func M11_whatIsNoUTF8() {
        for bytes: [UInt8] in [
            [0xFF], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80], [0xC3],
        ] {
            #expect(findings(Array(Self.head.utf8) + bytes).map(\.code) == [.encoding], "\(bytes)")
        }
        #expect(codes(lines: "description: \"\\uD800\"") == [.yamlSyntax])
        #expect(codes(lines: "description: \"\\uDFFF\\uD800\"") == [.yamlSyntax])
    }

    @Test func M13_controlsAndOverrides() {
        for scalar: Unicode.Scalar in [
            "\u{80}", "\u{9F}", "\u{202E}", "\u{2066}", "\u{FEFF}", "\u{0}", "\u{7F}",
        ] {
            #expect(codes(lines: "description: a\(scalar)b") == [.controlCharacter])
            let digits = String(scalar.value, radix: 16)
            let escape = "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            #expect(codes(lines: "description: \"a\(escape)b\"") == [.controlCharacter])
            #expect(codes(inputs: "{name: a, type: port, label: \"\(escape)\"}") == [.controlCharacter])
        }
        for scalar: Unicode.Scalar in ["\u{200B}", "\u{200D}", "\u{AD}"] {
            #expect(codes("id: a\(scalar)b\nname: A\nversion: \"1\"\ninputs: []\n") == [.identifier])
            #expect(codes(inputs: "{name: a\(scalar)b, type: port}") == [.identifier])
        }
    }

    @Test func M14_tabsForIndentation() {
        let found = findings("id: app\nname: App\ninputs:\n\t- a\n").map(\.description)
        #expect(found == ["manifest.yml:4:1: error: a tab indents this line; YAML is indented with spaces"])
    }

    // MARK: Scalars

    @Test func M15_wordsForBooleansAreTexts() throws {
        let manifest = try manifest(
            Self.head
                + "inputs: [{name: a, type: string, default: NO}, {name: b, type: string, default: no}]\n")
        #expect(manifest.inputs.map(\.defaultValue) == ["NO", "no"])
    }

    @Test func M17_versionsKeepTheirSpelling() throws {
        let manifest = try manifest(
            Self.head.replacing("\"1\"", with: "1.20")
                + "inputs: []\nos_requirements: {family: [ubuntu], min_version: 20.04, max_version: 24.10}\n")
        #expect(manifest.version == "1.20")
        #expect(
            manifest.hostRequirement.check(HostFacts(osID: "ubuntu", versionID: "20.4", architecture: "x"))
                .last?.wanted == "ubuntu >=20.04 <=24.10")
    }

    @Test(arguments: [
        "0", "-1", "1e3", "0x10", "010", "1_000", "99999999999", "86401", "600.0", "+600", "'600'", "10m",
        "٣",
    ])
    func M18_timeouts(_ text: String) {
        let found = codes(lines: "timeout_seconds: \(text)")
        #expect(found == [.range] || found == [.format])
    }

    @Test(arguments: ["yes", "\"true\"", "1", "True", "TRUE", "on", "y", "~", "''"])
    func M19_booleans(_ text: String) { #expect(codes(lines: "idempotent: \(text)") == [.format]) }

    // MARK: Names and files

    @Test func M21_everythingThatIsMissingIsTold() throws {
        #expect(
            findings("category: x\n").map(\.message) == [
                "key 'id' is missing", "key 'name' is missing", "key 'version' is missing",
                "key 'inputs' is missing",
            ])
        // Without install_script there is install.sh, which the folder has to have: M23.
        #expect(try manifest(Self.head + "inputs: []\n").installScript == "install.sh")
    }

    @Test(arguments: [
        "../x", "ID", "''", "-x", "x-", "a--b", "a_b", "a.b", "a/b", "é", String(repeating: "a", count: 65),
    ])
    func M22_ids(_ id: String) {
        #expect(codes("id: \(id)\nname: App\nversion: \"1\"\ninputs: []\n") == [.identifier])
    }

    @Test func M23_scripts() throws {
        for path in ["../../bin/sh", "/bin/sh", "a/../b", "./a", "a//b", "''", "\"a\\nb\""] {
            let found = codes(lines: "install_script: \(path)")
            #expect(found == [.file] || found == [.controlCharacter], "\(path)")
        }
        let script = "#!/bin/bash\n"
        let cases: [(String, (String) throws -> Void, String?)] = [
            ("right", { try Fixtures.write(script, to: $0, mode: 0o755) }, nil),
            ("missing", { _ in }, "does not exist"),
            ("link", { symlink("/bin/sh", $0) }, "is a link"),
            ("folder", { mkdir($0, 0o755) }, "is not a regular file"),
            ("pipe", { mkfifo($0, 0o644) }, "is not a regular file"),
            (
                "large",
                { try Fixtures.write(script + String(repeating: "#", count: 1 << 20), to: $0, mode: 0o755) },
                "are read"
            ),
            (
                "windows", { try Fixtures.write("#!/bin/bash\r\n", to: $0, mode: 0o755) },
                "has carriage returns"
            ),
            ("bare", { try Fixtures.write("echo\n", to: $0, mode: 0o755) }, "does not begin with '#!'"),
            ("zero", { try Fixtures.write(script + "\0", to: $0, mode: 0o755) }, "holds zero bytes"),
        ]
        for (name, make, predicate) in cases {
            let folder = try TemporaryDirectory()
            mkdir(folder.path("app"), 0o755)
            try Fixtures.write(Self.head + "inputs: []\n", to: folder.path("app/manifest.yml"))
            try make(folder.path("app/install.sh"))
            let catalog = ApplicationCatalog.load(folder: folder.path)
            #expect(catalog.applications.isEmpty == (predicate != nil), "\(name)")
            #expect(
                predicate.map { text in catalog.diagnostics.contains { $0.message.contains(text) } }
                    ?? catalog.diagnostics.isEmpty, "\(name): \(catalog.diagnostics)")
        }
    }

    @Test func M25_inputsThatShareAVariable() {
        #expect(codes(inputs: "{name: a_b, type: port}, {name: x, type: port, env: A_B}") == [.collision])
        #expect(codes(inputs: "{name: a, type: port}, {name: a, type: port}") == [.collision])
        // A name with a capital or a hyphen, which could meet another one, is no name.
        #expect(codes(inputs: "{name: A_b, type: port}, {name: a-b, type: port}") == [.identifier])
    }

    // MARK: Patterns

    @Test func M26_aPatternThatBacktracksIsTakenAndGivenUp() throws {
        let validator = try validator("{name: a, type: string, validation: {pattern: '(a+)+$'}}")
        #expect(
            findings(Self.head + "inputs: [{name: a, type: string, validation: {pattern: '(a+)+$'}}]\n")
                .allSatisfy { !$0.isError })
        let value = String(repeating: "a", count: 10_000) + "!"
        let time = milliseconds {
            #expect(validator.validate(["a": .text(value)]).complaints == ["a: pattern_limit"])
        }
        // The engine is C and as fast as ever; the rest is a build for debugging.
        #expect(time < 250)
    }

    @Test(arguments: [
        ("^(a)\\1$", 4), ("^(?=x)$", 1), ("^(?<!x)$", 1), ("^(?>x)$", 1), ("^(?R)$", 1), ("^(?1)$", 1),
        ("^\\p{Greek}$", 1), ("^\\pL$", 1), ("^x++$", 2), ("^(?i)x$", 1), ("^(?P<n>x)$", 1), ("^\\Kx$", 1),
        ("(*FAIL)", 0), ("^\\Qx\\E$", 1), ("^\\x{1F511}$", 1), ("^[[:alpha:]]$", 2),
    ])
    func M27_whatBrowsersDoNotReadAlike(_ pattern: String, _ offset: Int) {
        let found = findings(
            Self.head + "inputs:\n- {name: a, type: string, validation: {pattern: '\(pattern)'}}\n")
        #expect(found.map(\.code) == [.patternUnsupported])
        #expect(found.first?.location.column == 50 + offset, "\(found)")
    }

    @Test(arguments: ["(a", "a)", "[z-a]", "a{2,1}", "*a", "[a", "a\\"])
    func M29_whatIsNoPattern(_ pattern: String) {
        #expect(codes(inputs: "{name: a, type: string, validation: {pattern: '\(pattern)'}}") == [.pattern])
    }

    @Test func M30_aPatternWithoutAnchorsMatchesTheWholeAllTheSame() throws {
        let input = "{name: a, type: string, validation: {pattern: '[a-z]+'}}"
        let found = findings(Self.head + "inputs: [\(input)]\n")
        #expect(found.map(\.severity) == [.note])
        let validator = try validator(input)
        #expect(validator.validate(["a": .text("abc")]).inputs != nil)
        #expect(validator.validate(["a": .text("abc1")]).complaints == ["a: pattern"])
    }

    // MARK: Meaning

    @Test(arguments: [
        "type: string, default: A, validation: {pattern: '^[a-z]+$'}",
        "type: integer, default: 11, validation: {max_value: 10}",
        "type: select, default: c, allowed_values: [a, b]",
        "type: string, default: x, validation: {denied_values: [x]}",
        "type: multiselect, default: [a, a], allowed_values: [a], validation: {unique_items: true}",
        "type: port, default: 80, validation: {privileged: deny}",
    ])
    func M31_aDefaultAgainstItsOwnRules(_ keys: String) {
        #expect(codes(inputs: "{name: a, \(keys)}") == [.defaultValue])
    }

    @Test(arguments: [
        "{name: a, type: port, visible_if: {nobody: 1}}", "{name: a, type: port, visible_if: {a: 1}}",
        "{name: a, type: port, visible_if: {b: 1}}, {name: b, type: port, visible_if: {a: 1}}",
        "{name: a, type: port, visible_if: {b: x}}, {name: b, type: port}",
        "{name: a, type: port, visible_if: {b: {gt: 1}}}, {name: b, type: string}",
        "{name: a, type: port, visible_if: {b: {eq: {field: c}}}}, {name: b, type: port}, {name: c, type: boolean}",
    ])
    func M33_conditionsThatCannotBeAsked(_ inputs: String) { #expect(codes(inputs: inputs) == [.condition]) }

    @Test func M34_aHiddenInputIsNeitherRequiredNorPassedOn() throws {
        let validator = try validator(
            "{name: a, type: boolean}, {name: b, type: string, required: true, visible_if: {a: true}}",
            schema: "schema_version: 1\n")
        let validation = validator.validate(["a": .boolean(false), "b": .text("x")])
        #expect(validation.environment == ["A=false"])
        #expect(validation.warnings.map(\.code.rawValue) == ["hidden"])
    }

    @Test func M35_aPasswordHasNoDefault() {
        #expect(codes(inputs: "{name: a, type: password, default: hunter22}") == [.defaultValue])
        #expect(codes(inputs: "{name: a, type: password, default: ''}") == [.defaultValue])
    }

    @Test func M37_moreThanMayBeRead() {
        let inputs = (0...1_000).map { "{name: i\($0), type: port}" }.joined(separator: ",")
        #expect(codes(inputs: inputs) == [.limit])
        let values = (0...10_000).map(String.init).joined(separator: ",")
        #expect(codes(inputs: "{name: a, type: integer, allowed_values: [\(values)]}") == [.limit])
        #expect(codes(lines: "description: " + String(repeating: "x", count: 100 * 1024)) == [.size])
    }

    @Test func M38_markupIsText() throws {
        let text = "<script>alert(1)</script> [x](javascript:y)"
        #expect(try manifest(Self.head + "inputs: []\ndescription: '\(text)'\n").description == text)
    }

    @Test(arguments: [
        "", "\n", "# a\n# b\n", "---\n", "[a, b]\n", "just text\n", "~\n", "\"\"\n", "- id: app\n",
    ])
    func M39_whatIsNoMap(_ text: String) { #expect(codes(text) == [.shape]) }
}

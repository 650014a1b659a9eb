import ManifestKit
import Testing

@Suite("Manifests") struct ManifestTests {
    @Test func theSampleOfRecordKeepsItsMeaning() throws {
        let decoded = Manifest.decode(Array(sample.utf8), file: "installers/nginx/manifest.yml")
        #expect(decoded.diagnostics.isEmpty)
        let manifest = try #require(decoded.value)
        #expect(manifest.id.description == "nginx")
        #expect(manifest.version == "1.24.0")
        #expect(manifest.inputs.map(\.name.description) == ["server_name", "enable_ssl", "https_port"])
        #expect(manifest.inputs.map(\.isRequired) == [true, false, false])
        #expect(manifest.inputs.map(\.environmentName) == ["SERVER_NAME", "ENABLE_SSL", "HTTPS_PORT"])
        #expect(manifest.inputs.map(\.defaultValue) == [nil, "true", "443"])
        #expect(manifest.installScript == "install.sh")
        #expect(manifest.timeoutSeconds == 600)
        #expect(manifest.isIdempotent)
        let visibility = try #require(manifest.inputs[2].visibility)
        #expect(visibility.sentence == "enable_ssl is true")
    }

    @Test func aFindingNamesItsPlace() {
        let text = sample.replacing("default: \"443\"", with: "default: '70000'")
        let found = Manifest.decode(Array(text.utf8), file: "installers/nginx/manifest.yml").diagnostics
        #expect(
            found.map(\.description) == [
                "installers/nginx/manifest.yml:27:14: error: default '70000' of input 'https_port' is not a port (1–65535)"
            ])
    }

    @Test func whatIsAbsentHasItsDefault() throws {
        let manifest = try manifest("")
        #expect(manifest.revision == 1)
        #expect(manifest.timeoutSeconds == 600)
        #expect(!manifest.isIdempotent)
        #expect(manifest.stability == .stable)
        #expect(manifest.installScript == "install.sh")
        #expect(manifest.schemaVersion == nil)
    }

    @Test func theCanonicalFormIsOneForOneMeaning() throws {
        let plain = try manifest("timeout_seconds: 600\ntags: [a]")
        let other = Manifest.decode(
            Array("# same\n\"tags\":\n  - 'a'\ninputs: []\nversion: '1'\nname: App\nid: app\n".utf8),
            file: "elsewhere.yml")
        #expect(plain.canonicalForm() == other.value?.canonicalForm())
    }

    @Test(arguments: [
        "revision: 2", "description: x", "category: x", "timeout_seconds: 601", "idempotent: true",
        "stability: beta",
        "install_script: other.sh", "tags: [x]", "author: x", "homepage: https://x", "license: x",
        "schema_version: 1",
        "os_requirements: {family: [debian]}", "os_requirements: {arch: [amd64]}",
        "os_requirements: {allow_rolling: true}",
        "exit_codes: {9: {class: other}}",
    ])
    func theCanonicalFormDiffersWhereTheMeaningDoes(_ line: String) throws {
        #expect(try manifest(line).canonicalForm() != manifest("").canonicalForm())
    }

    @Test(arguments: [
        "type: string, label: x", "type: integer", "type: string, default: x",
        "type: string, required: false", "type: string, env: X",
        "type: string, sensitive: true", "type: string, when_hidden: unset", "type: string, placeholder: x",
        "type: string, description: x", "type: string, validation: {pattern: x}",
        "type: string, validation: {min_length: 1}",
        "type: string, validation: {max_length: 1}",
        "type: string, validation: {pattern: x, pattern_error: x}",
        "type: string, allowed_values: [x]", "type: string, validation: {denied_values: [x]}",
        "type: string, visible_if: {b: true}",
    ])
    func theCanonicalFormCoversEveryKeyOfAnInput(_ keys: String) throws {
        let other = "{name: b, type: boolean}"
        let plain = try manifest("", inputs: "[{name: a, type: string}, \(other)]")
        #expect(
            try manifest("", inputs: "[{name: a, \(keys)}, \(other)]").canonicalForm()
                != plain.canonicalForm())
    }

    @Test(arguments: [
        (0, "success", false), (1, "validation", false), (2, "installation", true),
        (3, "configuration", false),
        (75, "temporary", true), (100, "package_manager", true), (124, "timeout", false),
        (126, "packaging", false),
        (127, "packaging", false), (17, "other", true), (255, "other", true),
    ])
    func exitCodesMean(_ code: Int, _ name: String, _ isRetryable: Bool) throws {
        let meaning = try manifest("").meaning(ofExitCode: code)
        #expect(meaning.class.rawValue == name)
        #expect(meaning.isRetryable == isRetryable)
    }

    @Test func aManifestGivesExitCodesAMeaningOfItsOwn() throws {
        let manifest = try manifest(
            "exit_codes: {17: {class: temporary, message: Away.}, 2: {class: configuration}}")
        #expect(manifest.meaning(ofExitCode: 17).message == "Away.")
        #expect(manifest.meaning(ofExitCode: 17).class == .temporary)
        #expect(!manifest.meaning(ofExitCode: 2).isRetryable)
    }

    @Test func theFormShowsWhatIsAskedAndNoSecret() throws {
        let inputs = """
            [{name: p, type: port, default: 80, validation: {max_value: 1024}}, {name: s, type: string, sensitive: true, default: hush},
            {name: m, type: select, required: false, allowed_values: [a, {value: b, label: B}]}]
            """
        let form = Form(try manifest("", inputs: inputs))
        let text = String(decoding: form.json.canonicalBytes(), as: UTF8.self)
        let fields = [
            #"{"default":"80","label":"p","max_value":"1024","min_value":"1","name":"p","required":false,"sensitive":false,"type":"port"}"#,
            #"{"has_default":true,"label":"s","name":"s","required":false,"sensitive":true,"type":"string"}"#,
            #"{"allowed_values":[{"label":"a","value":"a"},{"label":"B","value":"b"}],"label":"m","name":"m","required":false,"sensitive":false,"type":"select"}"#,
        ]
        #expect(
            text == #"{"app":"app","fields":["# + fields.joined(separator: ",")
                + #"],"groups":[],"rules":[]}"#)
        #expect(!text.contains("hush"))
    }
}

@Suite("Findings") struct DiagnosticTests {
    @Test func codesAreWordsAndSayWhatTheyAre() {
        for code in DiagnosticCode.allCases {
            #expect(
                code.rawValue.utf8.allSatisfy {
                    $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                })
            #expect(code.summary.hasSuffix("."))
        }
    }

    @Test(arguments: [
        ("plain", "'plain'"), ("a\nb", "'a\\u{A}b'"), ("\u{1B}[2J", "'\\u{1B}[2J'"),
        ("\u{202E}", "'\\u{202E}'"),
        (String(repeating: "x", count: 61), "'" + String(repeating: "x", count: 60) + "…'"),
    ])
    func quotesWhatATerminalCanShow(_ text: String, _ quoted: String) {
        #expect(Diagnostic.quoted(text) == quoted)
    }
}

import ManifestKit
import TestSupport
import Testing
import ValidationKit

@Suite("Validating inputs") struct InputValidatorTests {
    @Test func theSampleOfRecordIsValid() throws {
        let validation = try sampleValidator().validate([
            "server_name": .text("example.com"), "enable_ssl": .text("true"),
        ])
        #expect(validation.environment == ["SERVER_NAME=example.com", "ENABLE_SSL=true", "HTTPS_PORT=443"])
        #expect(validation.warnings.isEmpty)
    }

    @Test func everyViolationIsReported() throws {
        let validation = try sampleValidator().validate([
            "enable_ssl": .text("yes"), "https_port": .text("70000"), "force": .boolean(true),
            "__proto__": .text(""),
        ])
        #expect(
            validation.complaints == [
                "server_name: required", "enable_ssl: type", "https_port: type", "force: unknown_input",
                "__proto__: unknown_input",
            ])
        let messages = validation.violations.map(\.description)
        #expect(
            messages == [
                "server_name: an answer is required", "enable_ssl: 'yes' is not 'true' or 'false'",
                "https_port: '70000' is not a port (1–65535)",
                "force: the application has no input 'force'",
                "__proto__: the application has no input '__proto__'",
            ])
    }

    /// A script is given what its action asks, and what the application has besides.
    @Test func anActionAsksItsOwnInputs() throws {
        let inputs = """
            {name: site, type: hostname}, {name: mail, type: email, required: false},
            {name: tls, type: boolean, default: true}, {name: port_number, type: port, default: 443, visible_if: {tls: true}}
            """
        let actions = """
            actions: {renew: {script: renew.sh, inputs: [mail, {name: force, type: boolean, default: false}]}}

            """
        let validator = try validator(inputs, schema: actions)
        var context = FormContext(action: "renew")
        context.current = [
            try #require(InputName("site")): "a.example", try #require(InputName("tls")): "false",
        ]

        let renewal = validator.validate(
            ["mail": .text("x@a.example"), "force": .boolean(true)], in: context)
        #expect(
            renewal.environment == [
                "SITE=a.example", "MAIL=x@a.example", "TLS=false", "PORT_NUMBER=443", "FORCE=true",
            ])
        #expect(renewal.inputs?.values.map(\.origin) == [.kept, .answer, .kept, .hidden, .answer])

        let wrong = validator.validate(["site": .text("b.example"), "forse": .boolean(true)], in: context)
        #expect(
            wrong.violations.map(\.description) == [
                "site: action 'renew' asks no input 'site'",
                "forse: action 'renew' asks no input 'forse'; did you mean 'force'?",
            ])
        let installation = validator.validate(["force": .boolean(true)])
        #expect(
            installation.violations.map(\.description) == [
                "site: an answer is required", "force: the application has no input 'force'",
            ])
        #expect(
            Form(validator.manifest, action: "renew").fields.map(\.name.description) == ["mail", "force"])
    }

    @Test(arguments: ["constructor", "server_name ", "SERVER_NAME", "server\u{200B}_name", "", "a\nb"])
    func anUnknownNameIsAViolation(_ name: String) throws {
        var raw: RawInputs = ["server_name": .text("a")]
        raw[name] = .text("x")
        #expect(try sampleValidator().validate(raw).violations.map(\.code) == [.unknownInput])
    }

    @Test(arguments: [
        "a.b\r\n", "a\nlisten 80", "a;reboot", "`id`", "$(id)", "${IFS}", "a b", "A", "a\0b", "ａ",
        "a\u{202E}",
    ])
    func aServerNameIsNot(_ text: String) throws {
        #expect(try sampleValidator().validate(["server_name": .text(text)]).inputs == nil)
    }

    @Test(arguments: [
        "a;reboot", "`id`", "$(id)", "${IFS}", "-rf", "--config=/x", "é", "👩‍👩‍👧", "\\n", "%s", "' OR 1=1",
    ])
    func whatAPatternAllowsIsPassedOnAsItIs(_ text: String) throws {
        let validation = try validator(
            "{name: a, type: string, validation: {pattern: '^.+$', charset: unicode}}"
        ).validate([
            "a": .text(text)
        ])
        #expect(validation.environment == ["A=\(text)"])
    }

    @Test func nativeValuesStandForTheirOwnTypesAlone() throws {
        let validator = try validator(
            """
            {name: i, type: integer}, {name: p, type: port}, {name: b, type: boolean},
            {name: s, type: string}, {name: e, type: select, allowed_values: ["1"]}
            """)
        let good = validator.validate([
            "i": .number("-8080"), "p": .number("80"), "b": .boolean(false), "s": .text("1"), "e": .text("1"),
        ])
        #expect(good.environment == ["I=-8080", "P=80", "B=false", "S=1", "E=1"])
        let bad = validator.validate([
            "i": .boolean(true), "p": .structure, "b": .number("1"), "s": .number("1"), "e": .number("1"),
        ])
        #expect(bad.complaints == ["i: type", "p: type", "b: type", "s: type", "e: type"])
        for number in ["8080.0", "8e1", "1E2", "-0", "9223372036854775808"] {
            #expect(
                validator.validate(["i": .number(number)]).violations.contains {
                    $0.field == "i" && $0.code == .type
                })
        }
    }

    @Test(arguments: [
        (
            "{name: a, type: string, validation: {min_length: 2}}", "x", "min_length",
            "'x' is shorter than 2 characters"
        ),
        (
            "{name: a, type: string, validation: {max_length: 2}}", "xyz", "max_length",
            "'xyz' is longer than 2 characters"
        ),
        ("{name: a, type: integer, validation: {min_value: 2}}", "1", "min_value", "'1' is less than 2"),
        (
            "{name: a, type: port, validation: {max_value: 1023}}", "1024", "max_value",
            "'1024' is more than 1023"
        ),
        (
            "{name: a, type: select, allowed_values: [Dev, Prod]}", "dev", "allowed_values",
            "'dev' is not one of 'Dev', 'Prod'"
        ),
        (
            "{name: a, type: string, validation: {denied_values: [root]}}", "root", "denied_values",
            "'root' is not to be used here; choose another value"
        ),
        ("{name: a, type: email}", "a@b", "type", "'a@b' is not an e-mail address"),
        ("{name: a, type: password}", "abc", "min_length", "the value is shorter than 4 characters"),
        (
            "{name: a, type: string, validation: {pattern: '^x$'}}", "y", "pattern",
            "'y' does not match the pattern '^x$'"
        ),
        (
            "{name: a, type: string, validation: {pattern: '^x$', pattern_error: Write x.}}", "y", "pattern",
            "Write x."
        ),
        (
            "{name: a, type: string, sensitive: true, validation: {pattern: '^x$'}}", "y", "pattern",
            "the value does not match the pattern '^x$'"
        ),
        (
            "{name: a, type: string, validation: {pattern: '(a+)+$'}}",
            String(repeating: "a", count: 50) + "!", "pattern_limit",
            "the pattern '(a+)+$' takes too long to match this value"
        ),
        (
            "{name: a, type: string}", "a\u{1B}", "characters",
            "'a\\u{1B}' holds the character U+001B, which one line of text may not hold"
        ),
    ])
    func aViolationSaysWhatWouldBeRight(_ input: String, _ text: String, _ code: String, _ message: String)
        throws
    {
        let violations = try validator(input).validate(["a": .text(text)]).violations
        #expect(violations.map(\.code.rawValue) == [code])
        #expect(violations.map(\.message) == [message])
    }

    // MARK: Answers and defaults

    @Test func anEmptyTextIsNoAnswer() throws {
        let validator = try validator(
            """
            {name: r, type: string}, {name: o, type: string, required: false}, {name: d, type: string, default: x},
            {name: i, type: integer, required: false}, {name: e, type: string, default: ""}
            """)
        let validation = validator.validate([
            "r": .text("  "), "o": .text(""), "d": .text(" "), "i": .text(""),
        ])
        #expect(validation.complaints == ["r: required"])
        #expect(
            validator.validate(["r": .text("a"), "o": .text(""), "i": .text("")]).environment == [
                "R=a", "D=x", "E=",
            ])
    }

    @Test func requiredWithADefaultIsSatisfiedByIt() throws {
        #expect(
            try validator("{name: a, type: string, required: true, default: x}").validate([:]).environment
                == ["A=x"])
    }

    // MARK: Hidden inputs

    @Test func aHiddenValueIsIgnoredAndNamed() throws {
        let validation = try sampleValidator().validate([
            "server_name": .text("a"), "enable_ssl": .boolean(false), "https_port": .text("not even a port"),
        ])
        #expect(validation.environment == ["SERVER_NAME=a", "ENABLE_SSL=false", "HTTPS_PORT=443"])
        #expect(
            validation.warnings.map(\.message) == [
                "input 'https_port' is hidden by the other answers; its value was ignored"
            ])
    }

    @Test(arguments: [
        ("", "default: 1", "B=1"), ("", "required: true", ""), ("", "default: 1, when_hidden: unset", ""),
        ("", "when_hidden: empty", "B="), ("schema_version: 1\n", "default: 1", ""),
        ("schema_version: 1\n", "default: 1, when_hidden: default", "B=1"),
        ("schema_version: 1\n", "when_hidden: empty", "B="),
    ])
    func theManifestSaysWhatAScriptSeesOfAHiddenInput(_ schema: String, _ keys: String, _ expected: String)
        throws
    {
        let validator = try validator(
            "{name: a, type: boolean}, {name: b, type: integer, visible_if: {a: true}, \(keys)}",
            schema: schema)
        let validation = validator.validate(["a": .boolean(false), "b": .number("7")])
        #expect(validation.environment == ["A=false"] + (expected.isEmpty ? [] : [expected]))
        #expect(validation.warnings.map(\.field?.description) == ["b"])
    }

    @Test func aHiddenInputIsNeverRequired() throws {
        let validator = try validator(
            "{name: a, type: boolean}, {name: b, type: string, required: true, visible_if: {a: true}}")
        #expect(validator.validate(["a": .boolean(false)]).environment == ["A=false"])
        #expect(validator.validate(["a": .boolean(true)]).complaints == ["b: required"])
    }

    /// Declared backwards on purpose: the order of the file must not matter.
    private func chain() throws -> InputValidator {
        try validator(
            """
            {name: c, type: string, visible_if: {b: yes please}, required: false}, {name: b, type: string, default: yes please, visible_if: {a: [prod, staging]}},
            {name: a, type: select, allowed_values: [dev, staging, prod], required: false},
            {name: n, type: string, visible_if: {b: null}, default: none}, {name: both, type: boolean, default: true, visible_if: {a: prod, c: x}}
            """, schema: "schema_version: 1\n")
    }

    @Test(arguments: [
        ("prod", "x", "C=x B=yes please A=prod BOTH=true"), ("staging", "x", "C=x B=yes please A=staging"),
        ("prod", nil, "B=yes please A=prod"), ("dev", "x", "A=dev N=none"), (nil, "x", "N=none"),
        (nil, nil, "N=none"),
    ])
    func aHiddenOrUnansweredInputIsNull(_ a: String?, _ c: String?, _ expected: String) throws {
        var raw = RawInputs()
        if let a { raw["a"] = .text(a) }
        if let c { raw["c"] = .text(c) }
        #expect(try chain().validate(raw).environment.joined(separator: " ") == expected)
    }

    // MARK: As a whole

    @Test func theEnvironmentAsAWholeIsLimited() throws {
        let inputs = (0..<5).map { "{name: i\($0), type: string}" }.joined(separator: ",")
        let validator = try validator(inputs)
        var raw = RawInputs()
        for index in 0..<5 { raw["i\(index)"] = .text(String(repeating: "x", count: 25_300)) }
        #expect(validator.validate(raw).inputs != nil)
        raw["i0"] = .text(String(repeating: "x", count: 28_000))
        #expect(validator.validate(raw).complaints == [": size"])
        raw["i0"] = .text(String(repeating: "x", count: 32_769))
        #expect(validator.validate(raw).complaints.first == "i0: size")
    }

    /// What the manifest itself puts into the environment counts, too.
    @Test func theManifestsOwnVariablesCountAsWell() throws {
        let inputs = (0..<4).map { "{name: i\($0), type: string}" }.joined(separator: ",")
        let text =
            "id: app\nname: App\nversion: '1'\nenv: {FILLER: \(String(repeating: "x", count: 30_000))}\ninputs: [\(inputs)]\n"
        let manifest = try #require(Manifest.decode(Array(text.utf8), file: "m.yml").value)
        var raw = RawInputs()
        for index in 0..<4 { raw["i\(index)"] = .text(String(repeating: "x", count: 25_300)) }
        #expect(try InputValidator(manifest: manifest).validate(raw).complaints == [": size"])
    }

    /// A condition of an action's own input can be asked; what nobody asks has no value.
    @Test func conditionsOfAnActionsOwnInputsCanBeAsked() throws {
        let text = """
            id: app
            name: App
            version: "1"
            inputs: []
            actions:
              backup: {script: b.sh, inputs: [{name: q, type: boolean}, {name: r, type: string, visible_if: {q: true}}]}
            """
        let manifest = try #require(Manifest.decode(Array(text.utf8), file: "m.yml").value)
        let own = try #require(manifest.action(named: "backup")).ownInputs
        let evaluator = try ConditionEvaluator(try #require(own.last?.visibility), in: manifest)
        let name = try #require(InputName("q"))
        #expect(evaluator.holds([name: "true"]) && !evaluator.holds([name: "false"]) && !evaluator.holds([:]))
    }

    @Test func whatCameInIsNotPrinted() {
        let raw: RawInputs = ["password": .text("c4nary"), "list": .list(["c4nary"])]
        var dumped = ""
        dump(raw, to: &dumped)
        for text in ["\(raw)", String(reflecting: raw), dumped] {
            #expect(!text.contains("c4nary"), "\(text)")
        }
    }

    /// Whether the port is asked depends on an answer that is wrong itself.
    @Test func tellsWhatMayBeHiddenOnlyByAnotherMistake() throws {
        let validator = try sampleValidator()
        let wrong: RawInputs = [
            "server_name": .text("Bad Name!"), "enable_ssl": .text("maybe"), "https_port": .text("99999"),
        ]
        #expect(
            validator.validate(wrong).complaints == [
                "server_name: pattern", "enable_ssl: type", "https_port: type",
            ])
        let hidden: RawInputs = [
            "server_name": .text("a"), "enable_ssl": .text("false"), "https_port": .text("99999"),
        ]
        #expect(validator.validate(hidden).complaints == [])
    }

    @Test func validatingTheCanonicalTextAgainGivesTheSame() throws {
        let validator = try validator(
            """
            {name: s, type: string}, {name: i, type: integer, default: 4}, {name: p, type: password}, {name: b, type: boolean},
            {name: h, type: string, default: hidden, visible_if: {b: true}}, {name: o, type: string, required: false},
            {name: m, type: email}, {name: x, type: string, default: ""}
            """)
        let first = validator.validate([
            "s": .text("  padded  "), "p": .text(" kept as is "), "b": .boolean(false),
            "m": .text(" a@b.co "), "h": .text("ignored"),
        ])
        let inputs = try #require(first.inputs)
        let second = validator.validate(inputs.raw)
        #expect(second.environment == first.environment)
        #expect(second.inputs?.values.map(\.value) == inputs.values.map(\.value))
        #expect(second.warnings.isEmpty)
        #expect(
            first.environment == [
                "S=padded", "I=4", "P=secret  kept as is ", "B=false", "H=hidden", "M=a@b.co", "X=",
            ])
    }

    @Test func readsTheMembersOfAJSONObject() throws {
        let text = #"{"server_name":"a","enable_ssl":true,"https_port":8443}"#
        let object = try #require(try JSONValue(parsing: Array(text.utf8)).object)
        #expect(
            try sampleValidator().validate(RawInputs(object)).environment == [
                "SERVER_NAME=a", "ENABLE_SSL=true", "HTTPS_PORT=8443",
            ])
        let odd = try #require(
            try JSONValue(parsing: Array(#"{"server_name":["a"],"enable_ssl":null,"https_port":{}}"#.utf8))
                .object)
        #expect(
            try sampleValidator().validate(RawInputs(odd)).complaints == [
                "server_name: type", "https_port: type",
            ])
    }

    @Test func rawInputsKeepTheirOrderAndTheLastOfOneName() {
        var raw: RawInputs = ["b": .text("1"), "a": .text("2"), "b": .text("3")]
        #expect(raw.entries.map(\.name) == ["a", "b"])
        raw["a"] = nil
        #expect(raw.entries.map(\.name) == ["b"])
        #expect(raw["a"] == nil)
    }

    @Test func aManifestWithABadPatternHasNoValidator() {
        #expect(throws: PatternError.self) {
            _ = try validator("{name: a, type: string, validation: {pattern: '(a'}}")
        }
    }

    @Test func isFastAndSharedByManyTasks() async throws {
        let validator = try sampleValidator()
        let results = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<500).count {
                        validator.validate(["server_name": .text("host-\(task)-\($0).example")]).inputs != nil
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(results == 4000)
        let time = milliseconds {
            for _ in 0..<1000 { _ = validator.validate(["server_name": .text("www.example.com")]) }
        }
        #expect(time < 500, "1000 validations")
    }
}

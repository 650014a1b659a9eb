import ManifestKit
import TestSupport
import Testing
import ValidationKit

/// The rows I01 to I17 of the list of bad inputs, one test each, at the level of the kits.
///
/// Values come as JSON, as a request brings them; an answer with violations is the
/// panel's 422. That scripts receive values unread is ``ScriptEnvironmentTests``.
@Suite("Bad inputs, row by row") struct BadInputTests {
    /// The violations of one input with these keys, given the value that the JSON text spells.
    private func codes(_ keys: String, _ json: String) throws -> [String] {
        let value = try JSONValue(parsing: Array(json.utf8))
        let validation = try validator("{name: v, \(keys)}").validate(RawInputs(["v": value]))
        #expect((validation.inputs == nil) == !validation.violations.isEmpty)
        return validation.violations.map(\.code.rawValue)
    }

    @Test(arguments: [#""a.b\r\n""#, #""a\nlisten 80""#, #""a.b\n""#, #""\na""#])
    func I01_lineBreaksBeforeAnyPattern(_ json: String) throws {
        #expect(try codes(#"type: string, validation: {pattern: '^[a-z0-9\-\.]+$'}"#, json) == ["characters"])
        #expect(try codes("type: string, validation: {pattern: '(?:.|\\n|\\r)+'}", json) == ["characters"])
    }

    @Test(arguments: ["a;reboot", "`id`", "$(id)", "${IFS}"])
    func I02_whatAPatternAllowsIsData(_ text: String) throws {
        let validator = try validator("{name: v, type: string, validation: {pattern: '^.+$'}}")
        #expect(validator.validate(["v": .text(text)]).environment == ["V=\(text)"])
    }

    @Test(arguments: ["-rf", "--config=/x"])
    func I03_optionsOnlyWhereThePatternAllowsThem(_ text: String) throws {
        let json = "\"\(text)\""
        #expect(try codes("type: string, validation: {pattern: '^[^-].*$'}", json) == ["pattern"])
        #expect(try codes("type: string, validation: {pattern: '^.+$'}", json).isEmpty)
        #expect(try codes("type: username", json) == ["type"])
        #expect(try codes("type: hostname", json) == ["type"])
    }

    @Test(arguments: InputType.allCases) func I05_zeroBytes(_ type: InputType) throws {
        let values = type.needsListedValues ? ", allowed_values: [ab]" : ""
        #expect(try codes("type: \(type.rawValue)\(values)", #""ab\u0000cd""#) == ["characters"])
    }

    @Test(arguments: [
        "8080.0", "8e1", "-0", "9223372036854775808", #""08080""#, #""+1""#, #""٣""#, #"" 80""#, #""80 ""#,
        #""9223372036854775808""#, #""8080.0""#, #""8e1""#, "true", "[8080]",
    ])
    func I06_numbersThatAreSpeltOtherwise(_ json: String) throws {
        #expect(try codes("type: integer", json) == ["type"])
    }

    @Test func I06_numbersThatAreRight() throws {
        for json in ["8080", #""8080""#, "-1", "9223372036854775807"] {
            #expect(try codes("type: integer", json).isEmpty, "\(json)")
        }
    }

    @Test func I07_anArithmeticTrapOfTheShell() throws {
        #expect(try codes("type: integer", #""a[$(id)]""#) == ["type"])
        #expect(try codes("type: number", #""a[$(id)]""#) == ["type"])
        #expect(try codes("type: port", #""a[$(id)]""#) == ["type"])
    }

    @Test(arguments: ["0", "65536", "-1", "22.5", #""0""#, #""65536""#])
    func I09_ports(_ json: String) throws { #expect(try codes("type: port", json) == ["type"]) }

    @Test func I10_addresses() throws {
        for text in [
            "a@b", "\\\"x y\\\"@z.com", "a@[127.0.0.1]", "a@bücher.example", "ü@example.org",
            "a@" + String(repeating: "b.", count: 158) + "co",
        ] {
            #expect(try codes("type: email", "\"\(text)\"") == ["type"], "\(text)")
        }
        #expect(try codes("type: email", #""a@b.c\nBcc:x""#) == ["characters"])
        #expect(try codes("type: email", #""a@b.co\r\n""#) == ["characters"])
        #expect(try codes("type: email", #""a@xn--bcher-kva.example""#).isEmpty)
    }

    @Test(arguments: ["Dev", "dev ", "DEV", "other", "de"])
    func I11_valuesThatAreNotListed(_ text: String) throws {
        #expect(try codes("type: select, allowed_values: [dev, prod]", "\"\(text)\"") == ["allowed_values"])
    }

    @Test func I13_everyMissingAnswerIsTold() throws {
        let validator = try validator(
            "{name: a, type: string}, {name: b, type: port}, {name: c, type: boolean, required: false}, {name: d, type: email}"
        )
        #expect(validator.validate([:]).complaints == ["a: required", "b: required", "d: required"])
    }

    @Test func I14_aHiddenValueIsIgnoredAndNamed() throws {
        let validation = try validator(
            "{name: a, type: boolean}, {name: b, type: port, visible_if: {a: true}}",
            schema: "schema_version: 1\n"
        ).validate(["a": .boolean(false), "b": .text("no port at all")])
        #expect(validation.environment == ["A=false"])
        #expect(validation.warnings.map(\.field?.description) == ["b"])
        #expect(validation.warnings.map(\.code.rawValue) == ["hidden"])
    }

    @Test func I15_passwords() throws {
        let cases: [(String, [String])] = [
            (#""""#, ["required"]), (#""abc""#, ["min_length"]), (#""abcd""#, []), (#""🔑🔑🔑🔑""#, []),
            (#""🔑🔑🔑""#, ["min_length"]), (#""ab\ncd""#, ["characters"]), (#""abcd\u0000""#, ["characters"]),
            ("\"\(String(repeating: "x", count: 10 * 1024))\"", ["size"]),
            ("\"\(String(repeating: "x", count: 1024))\"", []),
            ("\"\(String(repeating: "é", count: 513))\"", ["size"]),
        ]
        for (json, expected) in cases {
            #expect(try codes("type: password", json) == expected, "\(json.prefix(20))")
        }
    }

    @Test func I17_otherCharactersThanTheManifestAsksFor() throws {
        // Composed, decomposed, full-width, a letter of another script, a joiner, an invisible mark.
        for text in ["é", "e\u{301}", "ａ", "\u{430}", "a\u{200D}b", "\u{212B}"] {
            #expect(try codes("type: string", "\"\(text)\"") == ["charset"], "\(text)")
            #expect(try codes("type: text", "\"\(text)\"") == ["charset"], "\(text)")
            #expect(try codes("type: path", "\"/\(text)\"") == ["charset"], "\(text)")
            for type in ["username", "hostname", "email", "url", "timezone", "cron", "date", "ip", "cidr"] {
                #expect(try codes("type: \(type)", "\"\(text)\"") == ["type"], "\(type): \(text)")
            }
        }
        let unicode = "type: string, validation: {charset: unicode}"
        for text in ["é", "ａ", "\u{430}", "a\u{200D}b"] { #expect(try codes(unicode, "\"\(text)\"").isEmpty) }
        for text in ["e\u{301}", "\u{212B}"] { #expect(try codes(unicode, "\"\(text)\"") == ["charset"]) }
        for text in [#"\u202e"#, #"\u2066"#, #"\u2028"#] {
            #expect(try codes(unicode, "\"a\(text)\"") == ["characters"])
            #expect(try codes("type: password", "\"abcd\(text)\"") == ["characters"])
        }
    }
}

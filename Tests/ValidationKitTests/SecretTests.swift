import ManifestKit
import Testing
import ValidationKit

@Suite("Secrets") struct SecretTests {
    private static let text = "hunter2-🔑"

    @Test func neverPrint() {
        let secret = Secret(Self.text)
        var dumped = ""
        dump(secret, to: &dumped)
        let wrapped = ValidatedValue.secret(secret)
        dump(wrapped, to: &dumped)
        dump([Optional(secret)], to: &dumped)
        let shown = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])", "\(wrapped)",
            "\(Optional(secret) as Any)",
            String(reflecting: ["a": secret]), dumped,
            "\(Mirror(reflecting: secret).children.map { "\($0)" })",
        ]
        for text in shown {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104"), "the bytes as numbers")
        }
        #expect("\(secret)" == "••••")
    }

    @Test func areNotEncodable() { #expect(!(Secret("x") is any Encodable)) }

    @Test func revealWhatTheyHoldWhenTold() {
        #expect(Secret(Self.text).reveal() == Self.text)
        #expect(Secret(Self.text).withUnsafeBytes { Array($0) } == Array(Self.text.utf8))
        #expect(Secret(Self.text).count == 12)
    }

    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a", "ab", false), ("", "", true), ("é", "e\u{301}", false),
    ])
    func areComparedByTheirBytes(_ one: String, _ other: String, _ areEqual: Bool) {
        #expect((Secret(one) == Secret(other)) == areEqual)
    }

    @Test func areNotInAnythingAValidationPrints() throws {
        let validator = try validator(
            """
            {name: p, type: password, validation: {min_length: 8, pattern: '^[a-z]+$', max_length: 20}},
            {name: t, type: string, sensitive: true, allowed_values: [one]}, {name: n, type: integer, sensitive: true}
            """)
        for value in [
            "hunter2", "hunter2!hunter2", "hunter2hunter2hunter2hunter2", "hunter2\n",
            String(repeating: "hunter2", count: 9000),
        ] {
            let validation = validator.validate(["p": .text(value), "t": .text(value), "n": .text(value)])
            #expect(validation.violations.count == 3)
            #expect(!"\(validation)".contains("hunter2"))
            #expect(!validation.violations.map(\.message).joined().contains("hunter2"))
        }
        let valid = validator.validate(["p": .text("abcdefgh"), "t": .text("one"), "n": .text("77777")])
        #expect(valid.environment == ["P=secret abcdefgh", "T=secret one", "N=secret 77777"])
        #expect(!"\(valid)".contains("abcdefgh") && !"\(valid)".contains("77777"))
    }

    /// A canary through every violation and warning: nothing that is told repeats it, nor a character of it.
    @Test func noViolationRepeatsASensitiveValue() throws {
        let canary = "xyzzy"
        let cases: [(keys: String, value: RawValue, code: Violation.Code)] = [
            ("type: integer", .text(canary), .type), ("type: number", .number("7.7e77"), .type),
            ("type: email", .text(canary), .type), ("type: string", .text("\(canary)\n"), .characters),
            ("type: string", .text("\(canary)\u{202E}"), .characters),
            ("type: string", .text("\(canary)é"), .charset),
            ("type: string, validation: {charset: unicode}", .text("\(canary)e\u{301}"), .charset),
            ("type: string", .text(String(repeating: canary, count: 7_000)), .size),
            ("type: password", .text(String(repeating: canary, count: 300)), .size),
            ("type: string, validation: {min_length: 9}", .text(canary), .minLength),
            ("type: string, validation: {max_length: 2}", .text(canary), .maxLength),
            ("type: integer, validation: {min_value: 99999}", .text("77777"), .minValue),
            ("type: integer, validation: {max_value: 1}", .text("77777"), .maxValue),
            ("type: integer, validation: {multiple_of: 2}", .text("77777"), .multipleOf),
            ("type: select, allowed_values: [a]", .text(canary), .allowedValues),
            ("type: string, validation: {denied_values: [\(canary)]}", .text(canary), .deniedValues),
            (
                "type: multiselect, allowed_values: [\(canary)], validation: {min_items: 2}", .list([canary]),
                .minItems
            ),
            (
                "type: multiselect, allowed_values: [\(canary)], validation: {max_items: 1}",
                .list([canary, canary]), .maxItems
            ),
            (
                "type: multiselect, allowed_values: [\(canary)], validation: {unique_items: true}",
                .list([canary, canary]), .uniqueItems
            ),
            ("type: multiselect, allowed_values: [a]", .list([canary]), .allowedValues),
            ("type: url", .text("ftp://\(canary)/"), .scheme),
            ("type: path, validation: {under: [/srv]}", .text("/\(canary)"), .under),
            ("type: port, validation: {privileged: deny}", .text("777"), .privileged),
            ("type: string, validation: {pattern: '^a$'}", .text(canary), .pattern),
            (
                "type: string, validation: {pattern: '^(.+)+[!?]$'}",
                .text(String(repeating: canary, count: 12)), .patternLimit
            ),
            ("type: string", .structure, .type), ("type: boolean", .text(canary), .type),
        ]
        for (keys, value, code) in cases {
            let validator = try validator("{name: s, sensitive: true, \(keys)}")
            let violations = validator.validate(["s": value]).violations
            #expect(violations.map(\.code) == [code], "\(keys)")
            for text in violations.map(\.description) {
                for part in ["xyzzy", "777", "7.7", "é", "E9", "301", "202E", "000A"] {
                    #expect(!text.contains(part), "\(text)")
                }
            }
        }
        let told: Set = Set(cases.map(\.code)).union([.required, .unknownInput, .immutable, .readonly, .rule])
        #expect(told == Set(Violation.Code.allCases), "a code that no value was tried for")
    }

    @Test func noOtherSentenceRepeatsASensitiveValue() throws {
        let validator = try validator(
            """
            {name: s, type: string, sensitive: true, immutable: after_install, aliases: [old], deprecated: true},
            {name: r, type: string, sensitive: true, required: false, readonly_if: {b: true}},
            {name: h, type: string, sensitive: true, visible_if: {b: false}}, {name: b, type: boolean},
            {name: p, type: port, sensitive: true, validation: {privileged: warn}}
            """)
        let first = validator.validate([
            "old": .text("xyzzy"), "r": .text("xyzzy"), "h": .text("xyzzy"), "b": .boolean(true),
            "p": .text("777"),
            "nobody": .text("xyzzy"),
        ])
        let valid = validator.validate([
            "old": .text("xyzzy"), "h": .text("xyzzy"), "b": .boolean(true), "p": .text("777"),
        ])
        let installed = validator.validate(
            ["s": .text("xyzzy"), "b": .boolean(false), "h": .text("xyzzy"), "p": .text("777")],
            in: FormContext(isInstalled: true))
        #expect(first.complaints == ["r: readonly", "nobody: unknown_input"])
        #expect(valid.warnings.map(\.code.rawValue).sorted() == ["hidden", "privileged", "renamed"])
        #expect(installed.complaints == ["s: immutable"])
        for text in ["\(first)", "\(valid)", "\(installed)"] {
            #expect(!text.contains("xyzzy") && !text.contains("777"), "\(text)")
        }
    }
}

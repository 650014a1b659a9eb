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
}

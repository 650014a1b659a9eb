import ManifestKit
import Testing

@Suite("Types of inputs") struct InputTypeTests {
    private func canonical(_ type: InputType, _ text: String) -> String? { try? type.canonicalText(of: text) }

    @Test(arguments: ["0", "-1", "8080", "9223372036854775807", "-9223372036854775808"])
    func integersAre(_ text: String) { #expect(canonical(.integer, text) == text) }

    @Test(arguments: [
        "", "8080.0", "8e1", "08080", "+1", "-0", "٣", " 80", "80 ", "9223372036854775808", "0x10", "1_000",
        "a[$(id)]",
        "１", "8\u{301}",
    ])
    func integersAreNot(_ text: String) { #expect(canonical(.integer, text) == nil) }

    @Test(arguments: ["1", "443", "65535"])
    func portsAre(_ text: String) { #expect(canonical(.port, text) == text) }

    @Test(arguments: ["0", "65536", "-1", "22.5", "", "080", "http", "99999999999999999999"])
    func portsAreNot(_ text: String) { #expect(canonical(.port, text) == nil) }

    @Test(arguments: ["true", "false"])
    func booleansAre(_ text: String) { #expect(canonical(.boolean, text) == text) }

    @Test(arguments: ["True", "yes", "no", "1", "0", "", " true", "on"])
    func booleansAreNot(_ text: String) { #expect(canonical(.boolean, text) == nil) }

    @Test(arguments: [
        "a@b.co", "first.last+tag@sub.example.org", "o'neil@example.com", "a@xn--bcher-kva.example",
    ])
    func addressesAre(_ text: String) { #expect(canonical(.email, text) == text) }

    @Test(arguments: [
        "", "a", "a@", "@b.co", "a@b", "a@b.c\nBcc:x", "\"x y\"@z.com", "a@[127.0.0.1]", "a@bücher.example",
        "ä@b.co", "a@@b.co",
        "a..b@c.de", ".a@b.co", "a.@b.co", "a@-b.co", "a@b-.co", "a@b..co", "a@.co", "a b@c.de", "a@b.co\r\n",
        "<a@b.co>",
        String(repeating: "a", count: 65) + "@b.co", "a@" + String(repeating: "b.", count: 130) + "co",
    ])
    func addressesAreNot(_ text: String) { #expect(canonical(.email, text) == nil) }

    @Test(arguments: ["pässword", "🔑🔑🔑🔑", " pad ", "a;b`c$(d)", String(repeating: "x", count: 1024)])
    func passwordsAreAndKeepEveryCharacter(_ text: String) { #expect(canonical(.password, text) == text) }

    @Test(arguments: ["", "abc", "ab\ncd", "abcd\0", "abcd\r", "🔑🔑🔑", String(repeating: "x", count: 1025)])
    func passwordsAreNot(_ text: String) { #expect(canonical(.password, text) == nil) }

    @Test(arguments: [
        ("  a b ", "a b"), ("-rf", "-rf"), ("$(id)", "$(id)"), ("", ""), ("é\u{301}", "é\u{301}"),
        ("\u{A0}a", "\u{A0}a"),
    ])
    func textsLoseSpacesAtTheirEndsAndNothingElse(_ text: String, _ expected: String) throws {
        #expect(try #require(canonical(.string, text)).utf8.elementsEqual(expected.utf8))
    }

    @Test(arguments: [
        "a.b\r\n", "a\nlisten 80", "a\0", "a\tb", "\u{1B}[2J", "a\u{85}", "a\u{2028}", "a\u{202E}b",
        "a\u{2066}", "\u{FEFF}a", "\u{7F}",
        "\n",
    ])
    func textsOfOneLineHoldNoControls(_ text: String) {
        for type in InputType.allCases where type != .text { #expect(canonical(type, text) == nil) }
    }

    @Test func textsEndAtTheirLargestSize() {
        #expect(canonical(.string, String(repeating: "a", count: 32_768)) != nil)
        #expect(canonical(.string, String(repeating: "a", count: 32_769)) == nil)
    }

    @Test func lengthsCountScalars() throws {
        let inputs = "[{name: a, type: string, validation: {min_length: 2, max_length: 3, charset: unicode}}]"
        let input = try #require(try manifest("", inputs: inputs).inputs.first)
        for text in ["éé", "🔑🔑🔑"] { #expect((try? input.canonicalText(of: text)) == text) }
        for text in ["é", "🔑🔑🔑🔑", "  a  "] { #expect((try? input.canonicalText(of: text)) == nil) }
    }

    @Test func valuesAreComparedByTheirBytes() throws {
        let input = try #require(
            try manifest("", inputs: "[{name: a, type: select, allowed_values: [é]}]").inputs.first)
        #expect((try? input.canonicalText(of: "\u{E9}")) != nil)
        #expect((try? input.canonicalText(of: "e\u{301}")) == nil)
    }
}

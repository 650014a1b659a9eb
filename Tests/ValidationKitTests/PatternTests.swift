import TestSupport
import Testing

@testable import ValidationKit

@Suite("Patterns") struct PatternTests {
    @Test(arguments: [
        ("^[a-z0-9\\-\\.]+$", "a.b", true), ("^[a-z0-9\\-\\.]+$", "a.b\r\n", false),
        ("^[a-z0-9\\-\\.]+$", "a.b\n", false),
        ("^[a-z0-9\\-\\.]+$", "A.b", false), ("^[a-z0-9\\-\\.]+$", "", false), ("a", "ab", false),
        ("a", "ba", false), ("a|ab", "ab", true),
        ("a|b", "xb", false), ("^a$|^b$", "b", true), ("(a)(b)?", "a", true), ("a{2,3}", "aaaa", false),
        ("\\d+", "٣", false),
        ("\\w+", "é", false), (".", "🔑", true), ("..", "🔑", false), ("\\p{Lu}\\p{Ll}+", "Élan", true),
        ("[\\]\\[]+", "[]", true),
        ("\\x41", "A", true), ("(?:a|b)+", "abab", true), ("(?<year>\\d{4})", "2024", true),
        ("a.c", "a\nc", false), ("{", "{", true),
        ("a\\{,2}", "a{,2}", true), ("a{b}", "a{b}", true), ("[^a]", "b", true), ("a+?", "aaa", true),
        ("\\bword\\b", "word", true),
        ("", "", true),
    ])
    func matchTheWholeValue(_ source: String, _ text: String, _ matches: Bool) throws {
        let expected: Pattern.Answer = matches ? .matches : .differs
        #expect(try Pattern(source).match(text) == expected)
    }

    @Test(arguments: [
        ("(a)\\1", 3), ("(?<n>a)\\k<n>", 7), ("(a)\\g1", 3), ("(?=a)", 0), ("x(?!a)", 1), ("(?<=a)", 0),
        ("(?<!a)", 0), ("(?>a)", 0),
        ("(?R)", 0), ("(a)(?1)", 3), ("(?0)", 0), ("(?&n)", 0), ("(?P>n)", 0), ("(?+1)", 0), ("(?-1)", 0),
        ("a++", 1), ("a*+", 1), ("a?+", 1), ("a{,2}", 1), ("a{ 2 }", 1),
        ("a{2}+", 1), ("a{2,}+", 1), ("\\p{Greek}", 0), ("\\pL", 0), ("\\p{^L}", 0), ("[[:alpha:]]", 1),
        ("[a[.x.]]", 2), ("(*UTF)a", 0),
        ("(*LIMIT_MATCH=1)a", 0), ("(?i)a", 0), ("(?i:a)", 0), ("(?#c)", 0), ("(?|a)", 0), ("(?(1)a)", 0),
        ("(?P<n>a)", 0), ("(?P=n)", 0),
        ("(?C)", 0), ("\\Aa", 0), ("a\\z", 1), ("a\\Z", 1), ("\\Ga", 0), ("\\ha", 0), ("\\Ka", 0),
        ("\\Qa\\E", 0), ("\\R", 0), ("\\X", 0),
        ("\\C", 0), ("\\N", 0), ("\\0", 0), ("\\cA", 0), ("\\e", 0), ("\\a", 0), ("\\u0041", 0),
        ("\\x{41}", 0), ("\\xg0", 0), ("\\o{1}", 0),
        ("[]a]", 0), ("[^]a]", 0), ("[\\B]", 1), ("é\\1", 1), ("\\é", 0), ("\\ ", 0), ("(?'n'a)", 0),
        ("\\v", 0), ("\\V", 0), ("\\H", 0),
    ])
    func refuseWhatBrowsersReadOtherwise(_ source: String, _ offset: Int) {
        #expect { _ = try Pattern(source) } throws: { error in
            (error as? PatternError)?.code == .unsupported && (error as? PatternError)?.offset == offset
        }
    }

    @Test(arguments: [
        ("(a", 2), ("a)", 1), ("[a", 0), ("[z-a]", 4), ("a{2,1}", 6), ("*", 0), ("a\\", 1), ("é*)", 2),
        ("x**", 3), ("(?<n>a)(?<n>b)", 11),
    ])
    func tellWhereTheyAreMalformed(_ source: String, _ offset: Int) {
        #expect { _ = try Pattern(source) } throws: { error in
            (error as? PatternError)?.code == .malformed
                && abs(((error as? PatternError)?.offset ?? -9) - offset) <= 1
        }
    }

    @Test func haveALength() {
        #expect(throws: Never.self) { try Pattern(String(repeating: "a", count: 4096)) }
        #expect(throws: PatternError.self) { try Pattern(String(repeating: "a", count: 4097)) }
    }

    static let hostile = [
        "(a+)+$", "^(a+)+$", "(a|a)*b", "(a|aa)+b", "(.*)*x", ".*.*.*.*.*x", "(?:\\p{L}*)*x",
        "(\\p{L}|\\p{Ll})*x", "(a?){50}a{50}",
        "([a-z]+)*@", "(?:a*)*(?:a*)*(?:a*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?:.|\\n|a)*x",
        "(a{0,60}){0,60}x", "((((a*)*)*)*)*x",
        "(?:\\ba?)*x", "a*a*a*a*a*a*a*a*a*a*x", "[\\s\\S]*[\\s\\S]*[\\s\\S]*x",
        "(?:" + String(repeating: "\\b", count: 2000) + "a?)*x",
        String(repeating: "(a*)", count: 500) + "x",
        String(repeating: "a?", count: 1500) + String(repeating: "a", count: 1000),
        "(" + String(repeating: "a|", count: 1900) + "b)*x", "(\\w\\p{Ll}*)*[^\\p{L}]x",
        "(?:(?:[^a-c\\p{Nd}]|[a-c])*)*9",
        ".*?\\w+?!x", ".*?é+x", "\\S+?[^x]{1,3}[\\p{L}\\p{Nd}é-ü]+?!x",
        "[^" + String((0..<90).map { Character(Unicode.Scalar(0x4000 + 2 * $0) ?? "x") }) + "]*?\\w+?!x",
    ]

    @Test(arguments: hostile) func neverHoldAThread(_ source: String) throws {
        let pattern = try Pattern(source)
        for text in [
            String(repeating: "a", count: 30), String(repeating: "a", count: 500),
            String(repeating: "a", count: 5000) + "!",
            String(repeating: "a", count: 32_768), String(repeating: "é", count: 16_384),
            String(repeating: "ab ", count: 10_000),
        ] {
            let time = milliseconds { _ = pattern.match(text) }
            #expect(time < 50, "\(text.utf8.count) bytes")
        }
    }

    @Test(arguments: [
        "(?:(?:a{1,99}){1,99}){1,99}",
        String(repeating: "(", count: 2000) + String(repeating: ")", count: 2000),
        String(repeating: "[a-z\\p{L}]?", count: 370), "(?:a{65535}){65535}",
        String(repeating: "(a|", count: 100) + String(repeating: ")", count: 100),
        String(repeating: "(?:a{0,9}", count: 200) + String(repeating: "){0,9}", count: 200),
    ])
    func compileOrAreRefusedInTime(_ source: String) {
        #expect(milliseconds { _ = try? Pattern(source) } < 50)
    }

    @Test func listABoundedNumberOfCharactersBeyondASCII() {
        let letters = (0..<101).map { Character(Unicode.Scalar(0x4000 + 2 * $0) ?? "x") }
        #expect(throws: Never.self) { try Pattern("[" + String(letters.dropLast()) + "]") }
        #expect(throws: PatternError.self) { try Pattern("[" + String(letters) + "]") }
    }

    @Test func giveUpRatherThanGuess() throws {
        #expect(try Pattern("(a+)+$").match(String(repeating: "a", count: 40) + "!") == .limitReached)
    }

    @Test(arguments: [
        (
            "[a-z0-9]+(-[a-z0-9]+)*(\\.[a-z0-9]+(-[a-z0-9]+)*)+",
            String(repeating: "sub-domain.", count: 20) + "example", 0
        ),
        (".*", String(repeating: "a", count: 32_768), 0),
        ("[A-Za-z0-9+/=]+", String(repeating: "Ab9+", count: 8192), 0),
        ("([a-z]+,)*[a-z]+", String(repeating: "name,", count: 200) + "name", 0),
    ])
    func haveRoomForHonestValues(_ source: String, _ text: String, _: Int) throws {
        #expect(try Pattern(source).match(text) == .matches)
    }

    @Test func neverTrapOnAnySource() {
        let alphabet = Array("ab(){}[]\\^$.|?*+-,:=!<>PRk12d é")
        var state: UInt64 = 42
        for _ in 0..<20_000 {
            var source = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                source.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            if let pattern = try? Pattern(source) { _ = pattern.match("aab12-é") }
        }
    }
}

import ManifestKit
import TestSupport
import Testing

@testable import ValidationKit

/// Documents that nobody wrote in good faith: none may crash, none may pass unexplained, none may cost much.
///
/// 5,000 random documents in a normal run, 100,000 in the long one (`scripts/test --long`).
@Suite("Hostile documents") struct HostileDocumentTests {
    // MARK: By design

    @Test(arguments: [
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n",
        "a: &a\n  <<: *a\n", "&a [*a]\n", "a: &a {b: *a}\n", "*a : x\n", "? &a x\n: *a\n", "- &a\n- *a\n",
    ])
    func aliasesAreRefusedBeforeTheyGrow(_ text: String) {
        let judgement = Judgement(Array(text.utf8))
        #expect(judgement.complaint == nil)
        #expect(judgement.diagnostics.contains { $0.code == .yamlAlias || $0.code == .yamlMergeKey })
    }

    @Test(
        arguments: ["[", "{a: ", "- ", "? ", "{? ", "[{a: ", "a: [", "- - ", "{{", "[[,"], [17, 200, 8_000])
    func nestingEndsAtSixteenLevels(_ opening: String, _ count: Int) {
        let judgement = Judgement(Array(String(repeating: opening, count: count).utf8.prefix(65_536)))
        #expect(judgement.complaint == nil)
        #expect(judgement.diagnostics.contains { $0.code == .depth || $0.code == .yamlSyntax })
    }

    @Test func indentationEndsAtSixteenLevels() {
        let lines = (0..<300).map { String(repeating: " ", count: $0) + "a:" }
        let judgement = Judgement(Array(lines.joined(separator: "\n").utf8))
        #expect(judgement.complaint == nil)
        #expect(judgement.diagnostics.contains { $0.code == .depth })
    }

    @Test(arguments: HeavyDocument.all) func aFullFileIsJudgedWithinBounds(_ document: HeavyDocument) {
        #expect(document.bytes.count <= 65_536)
        #expect(Judgement(document.bytes).complaint == nil)
    }

    /// Swift orders the marks of a letter before it compares, in time that grows with their square.
    @Test(arguments: [
        "x-a: MARKS", "x-a: \"MARKS\"", "MARKS: 1", "inputs: [{name: a, type: MARKS}]",
        "inputs: [{name: a, type: string, MARKS: 1}]",
        "inputs: [{name: a, type: string, visible_if: {MARKS: 1}}]", "env: {MARKS: x}",
        "inputs: [{name: a, type: text, default: MARKS, validation: {charset: unicode}}]",
    ])
    func manyMarksOnOneLetterAreRefused(_ line: String) {
        let text =
            "id: app\nname: App\nversion: '1'\n" + line.replacing("MARKS", with: Self.marks(3_000)) + "\n"
        var judgement = Judgement([])
        let time = milliseconds { judgement = Judgement(Array(text.utf8)) }
        #expect(judgement.complaint == nil)
        #expect(judgement.diagnostics.contains { $0.code == .controlCharacter }, "\(judgement.diagnostics)")
        #expect(time < 50, "\(time) ms")
    }

    /// Marks in the order that costs most, a letter before them.
    static func marks(_ count: Int) -> String {
        let marks = (0x300...0x36F).compactMap { Unicode.Scalar($0 as UInt32) }
            .filter { $0.properties.canonicalCombiningClass != .notReordered }
            .sorted { $0.properties.canonicalCombiningClass > $1.properties.canonicalCombiningClass }
        var text = String.UnicodeScalarView("a".unicodeScalars)
        for mark in marks {
            for _ in 0..<max(1, count / marks.count) { text.append(mark) }
        }
        return String(text)
    }

    @Test func upToThirtyMarksAreALetter() throws {
        let validator = try validator("{name: a, type: text, validation: {charset: unicode}}")
        #expect(
            validator.validate(["a": .text("q" + String(repeating: "\u{0332}", count: 30))]).inputs != nil)
        let more = validator.validate(["a": .text("q" + String(repeating: "\u{0332}", count: 31))])
        #expect(more.complaints == ["a: characters"])
        #expect(more.violations.first?.message.contains("more than 30 combining marks in a row") == true)
    }

    // MARK: By chance

    @Test(arguments: 0..<8) func everyFlippedBitOfTheSampleIsAnswered(_ bit: Int) throws {
        let fixture = try #require(
            ManifestFixture.ofManifestKit.first { $0.description.hasPrefix("nginx-sample.") })
        for position in fixture.yaml.indices {
            var bytes = fixture.yaml
            bytes[position] ^= 1 << UInt8(bit)
            let complaint = Judgement(bytes).complaint
            #expect(complaint == nil, "byte \(position), bit \(bit)")
        }
    }

    @Test func everyBeginningOfTheSampleIsAnswered() {
        let sample = Array(ManifestSample.text.utf8)
        for count in sample.indices {
            #expect(Judgement(Array(sample[..<count])).complaint == nil, "\(count) bytes")
        }
    }

    private static let batches = 20
    private static let batchSize = (isLongRun ? 100_000 : 5_000) / batches

    @Test(arguments: UInt64(0)..<UInt64(batches)) func randomDocumentsAreAnswered(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for number in 0..<Self.batchSize {
            let document = number % 5 == 0 ? Self.noise(&generator) : Self.mutation(&generator)
            let complaint = Judgement(document).complaint
            #expect(complaint == nil, "seed \(seed), document \(number)")
        }
    }

    /// Random bytes: any, or those that mean something to YAML.
    private static func noise(_ generator: inout SeededGenerator) -> [UInt8] {
        let count = Int.random(in: 0...400, using: &generator)
        if Bool.random(using: &generator) { return generator.bytes(count) }
        let alphabet = Array("[]{}:,-#&*!|>'\"%@`? \n\tab01~<=.$\\xé\u{202E}\u{0}".utf8)
        return (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
    }

    /// A fixture with some bytes replaced, removed, doubled, or exchanged with those of another.
    private static func mutation(_ generator: inout SeededGenerator) -> [UInt8] {
        let fixtures = ManifestFixture.ofManifestKit.filter { $0.yaml.count < 4_000 }
        var bytes = fixtures.randomElement(using: &generator)?.yaml ?? []
        for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 1...30, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[start] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.removeSubrange(start..<end)
            case 2: bytes.insert(contentsOf: bytes[start..<end], at: start)
            case 3:
                bytes.insert(
                    contentsOf: "[{&*!|>'\"%@`\n -:#,}]".utf8.shuffled(using: &generator).prefix(2), at: start
                )
            case 4:
                let words = [
                    "null", "~", "-1", "9223372036854775808", "''", "[]", "{}", "\u{202E}", "$all", "1e9",
                ]
                bytes.replaceSubrange(start..<end, with: (words.randomElement(using: &generator) ?? "").utf8)
            default:
                let other = fixtures.randomElement(using: &generator)?.yaml ?? []
                guard !other.isEmpty else { continue }
                let from = Int.random(in: 0..<other.count, using: &generator)
                bytes.replaceSubrange(start..<end, with: other[from..<min(other.count, from + 60)])
            }
        }
        return bytes
    }

    // MARK: Patterns

    @Test func aPatternThatWouldTakeForEverIsGivenUp() throws {
        let value = String(repeating: "a", count: 10_000)
        let plain = try validator("{name: a, type: string, validation: {pattern: '(a+)+$'}}")
        #expect(plain.validate(["a": .text(value)]).inputs != nil)
        #expect(plain.validate(["a": .text(value + "!")]).complaints == ["a: pattern_limit"])
    }

    /// Every pattern is refused or answers; its answer is the same each time.
    @Test(arguments: UInt64(0)..<8) func randomPatternsAnswer(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let parts = [
            "a", "b", "é", ".", "[a-z]", "[^a]", "\\d", "\\w", "\\s", "(", ")", "(?:", "|", "*", "+", "?",
            "{2}",
            "{1,3}", "{0,99}", "^", "$", "\\b", "\\p{L}", "a+", "(a+)+", "(a|a)*", "(a*)*", "\\", "[", "\\1",
            "(?=",
        ]
        for number in 0..<(isLongRun ? 5_000 : 150) {
            let source = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                parts.randomElement(using: &generator) ?? ""
            }.joined()
            guard let pattern = try? Pattern(source) else { continue }
            let letters = Array("aaaaaaab é0 \n")
            let value = String(
                (0..<Int.random(in: 0...300, using: &generator)).map { _ in
                    letters.randomElement(using: &generator) ?? "a"
                })
            let first = pattern.match(value)
            #expect(first == pattern.match(value), "seed \(seed), pattern \(number): \(source)")
        }
    }

    /// M26: whatever a pattern and a value do to each other, the answer comes in time.
    @Test func patternsAnswerInTime() throws {
        var generator = SeededGenerator(seed: 7)
        let parts = [
            "(a+)+", "(a|a)*", "[ab]*", "(a*)*b", "a{1,30}", "(.*,){20}", "(x+x+)+y", "\\w+\\s*", "[^b]*",
        ]
        for _ in 0..<60 {
            let source = (0..<3).map { _ in parts.randomElement(using: &generator) ?? "a" }.joined()
            guard
                let validator = try? validator("{name: a, type: string, validation: {pattern: '\(source)'}}")
            else { continue }
            for value in [
                String(repeating: "a", count: 10_000), String(repeating: "a", count: 10_000) + "!", "ab,ab,",
            ] {
                let took = milliseconds { _ = validator.validate(["a": .text(value)]) }
                #expect(took < 150, "\(source): \(took) ms")
            }
        }
    }

    // MARK: Values

    @Test func marksInNamesAndValuesTakeNoTime() throws {
        let validator = try validator("{name: a, type: text, validation: {charset: unicode}}")
        let text = Self.marks(6_000)
        var raw: RawInputs = ["a": .text(text)]
        raw[text] = .text("x")
        var violations: [Violation] = []
        let time = milliseconds { violations = validator.validate(raw).violations }
        #expect(Set(violations.map(\.code)) == [.characters, .unknownInput])
        #expect(time < 100, "\(time) ms")
    }

    /// All patterns of a manifest share the time that one may take.
    @Test func manyPatternsTakeNoLongerThanOne() throws {
        let tests = (0..<700).map { _ in "{a: {not_matches: '(a|a?)+[b0]'}}" }.joined(separator: ", ")
        let text = """
            id: app
            name: App
            version: "1"
            inputs: [{name: a, type: string}]
            rules: [{id: r, message: m, assert: {$any: [\(tests)]}}]
            """
        let manifest = try #require(Manifest.decode(Array(text.utf8), file: "m.yml").value)
        let validator = try InputValidator(manifest: manifest)
        let time = milliseconds { _ = validator.validate(["a": .text(String(repeating: "a", count: 40))]) }
        #expect(time < 150, "\(time) ms")
    }

    /// What patterns are compiled to is memory of every panel and agent.
    @Test func patternsThatAreLargeOnceCompiledAreRefused() throws {
        func found(_ count: Int, _ pattern: String) -> [Diagnostic] {
            let inputs = (0..<count).map {
                "{name: a\($0), type: string, validation: {pattern: '\(pattern)'}}"
            }
            let text = "id: app\nname: App\nversion: '1'\ninputs: [\(inputs.joined(separator: ", "))]\n"
            guard let manifest = Manifest.decode(Array(text.utf8), file: "m.yml").value else { return [] }
            let findings = ManifestLinter.lint(manifest).filter(\.isError)
            #expect((try? InputValidator(manifest: manifest)) == nil || findings.isEmpty)
            return findings
        }
        #expect(found(1, "(?:(?:ab){99}){60}").map(\.code) == [.pattern])
        #expect(found(700, "(?:(?:ab){99}){9}").map(\.code) == [.pattern])
        #expect(found(300, "[a-z0-9.-]{1,63}").isEmpty)
    }

    @Test func manyNamesInOneRequestAreAnsweredOnce() throws {
        let validator = try sampleValidator()
        var object = JSONObject()
        // Swift holds these names equal: marks in another order are the same letter.
        for number in 0..<2_000 { object["x\(number)"] = .string("v") }
        for marks in ["\u{0323}\u{0307}", "\u{0307}\u{0323}"] { object["q" + marks] = .string("v") }
        let violations = validator.validate(RawInputs(object)).violations
        #expect(violations.filter { $0.code == .unknownInput }.count == 2_002)
    }
}

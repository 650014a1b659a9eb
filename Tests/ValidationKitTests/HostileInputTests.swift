import Glibc
import ManifestKit
import TestSupport
import Testing

@testable import ValidationKit

/// Documents that nobody wrote in good faith: none may crash, none may pass unexplained, none may cost much.
///
/// 5,000 random documents in a normal run, 100,000 with PROVISION_LONG_TESTS=1,
/// which measures time and memory besides; run it with `--no-parallel`.
@Suite("Hostile documents") struct HostileInputTests {
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

    // MARK: Values

    @Test func manyNamesInOneRequestAreAnsweredOnce() throws {
        let validator = try sampleValidator()
        var object = JSONObject()
        // Swift holds these names equal: marks in another order are the same letter.
        for number in 0..<2_000 { object["x\(number)"] = .string("v") }
        for marks in ["\u{0323}\u{0307}", "\u{0307}\u{0323}"] { object["q" + marks] = .string("v") }
        let violations = validator.validate(RawInputs(object)).violations
        #expect(violations.filter { $0.code == .unknownInput }.count == 2_002)
    }

    // MARK: Measures

    /// What one document may cost where the code is optimised; builds for debugging are slower by this factor at most.
    private static let debugFactor = 25.0
    private static let milliseconds = 50.0
    private static let mebibytes = 16.0

    @Test(.enabled(if: isLongRun)) func aDocumentCostsFiftyMillisecondsAtMost() {
        let times = (HeavyDocument.all + HeavyDocument.fixtures).map { document in
            (document.description, ValidationKitTests.milliseconds { _ = Judgement(document.bytes) })
        }.sorted { $0.1 > $1.1 }
        for (name, time) in times.prefix(12) {
            print("A dear document: \(name), \(time) ms of the processor")
        }
        for (name, time) in times { #expect(time < Self.milliseconds * Self.debugFactor, "\(name)") }
    }

    @Test(.enabled(if: isLongRun)) func aDocumentTakesSixteenMebibytesAtMost() throws {
        var worst = (name: "", size: 0.0)
        for document in HeavyDocument.all + HeavyDocument.fixtures {
            // "5" lets the peak begin again at what is resident now.
            try Fixtures.write("5", to: "/proc/self/clear_refs")
            let before = try Self.peak()
            _ = Judgement(document.bytes)
            let size = try Self.peak() - before
            if size > worst.size { worst = (document.description, size) }
        }
        print("The largest document: \(worst.name), \(worst.size) MiB")
        #expect(worst.size < Self.mebibytes, "\(worst.name)")
    }

    /// The most memory of this process since the peak was reset, in MiB.
    private static func peak() throws -> Double {
        let status = try Fixtures.read("/proc/self/status")
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Double(line.split(separator: " ").dropFirst().first ?? "")) / 1024
    }
}

/// What becomes of a document, and what would be wrong with that.
struct Judgement {
    let diagnostics: [Diagnostic]
    /// Why the answer is none, or nil.
    let complaint: String?

    init(_ bytes: [UInt8]) {
        let decoded = Manifest.decode(bytes, file: "manifest.yml")
        let lint = decoded.value.map(ManifestLinter.lint) ?? []
        diagnostics = decoded.diagnostics + lint
        if let manifest = decoded.value {
            _ = manifest.canonicalForm()
            _ = try? InputValidator(manifest: manifest).validate([:])
        }
        complaint = Self.complaint(decoded, lint, lines: bytes.count { $0 == UInt8(ascii: "\n") } + 2)
    }

    private static func complaint(_ decoded: Decoded<Manifest>, _ lint: [Diagnostic], lines: Int) -> String? {
        let found = decoded.diagnostics
        if (decoded.value == nil) != found.contains(where: \.isError) {
            return "a value, or an error; never both, never neither"
        }
        if found.count > 201 { return "\(found.count) findings" }
        let places = found.map { ($0.location.line, $0.location.column) }
        if !zip(places, places.dropFirst()).allSatisfy({ $0 <= $1 }) { return "findings out of order" }
        for finding in found + lint {
            let place = finding.location
            if place.line < 1 || place.column < 1 || place.line > lines {
                return "a place outside of the file: \(finding)"
            }
            let isShown = !finding.message.unicodeScalars.contains(where: Characters.isForbiddenInOneLine)
            if !isShown || finding.message.isEmpty || finding.message.utf8.count > 2_000 {
                return "a message that is no sentence: \(finding)"
            }
        }
        return nil
    }
}

/// A document of nearly 64 KiB that takes more work than others of its size.
struct HeavyDocument: CustomStringConvertible, Sendable {
    let description: String
    let bytes: [UInt8]

    private init(_ description: String, _ text: String) {
        self.description = description
        bytes = Array(text.utf8)
    }

    /// Units of text until the file is full.
    private init(_ description: String, _ head: String, tail: String = "", _ unit: (Int) -> String) {
        var text = head
        var number = 0
        while case let next = unit(number), text.utf8.count + next.utf8.count + tail.utf8.count <= 65_536 {
            text += next
            number += 1
        }
        self.init(description, text + tail)
    }

    private static let head = "id: app\nname: App\nversion: \"1\"\n"
    private static let strict = "schema_version: 1\n" + head
    private static let empty = head + "inputs: []\n"

    private static func inputs(_ count: Int) -> String {
        (0..<count).map { "- {name: i\($0), type: port}\n" }.joined()
    }

    static let fixtures = ManifestFixture.ofManifestKit.map {
        HeavyDocument($0.description, String(decoding: $0.yaml, as: UTF8.self))
    }

    static let all: [HeavyDocument] = [
        HeavyDocument("unknown keys", empty) { "k\($0):\n" },
        HeavyDocument("unknown keys, strict", "schema_version: 1\n" + empty) { "k\($0):\n" },
        HeavyDocument("long unknown keys", empty) { "k\(String(repeating: "x", count: 100))\($0): x\n" },
        HeavyDocument("near misses", "schema_version: 1\n" + empty) { "timeout_second\($0): x\n" },
        HeavyDocument("keys of one entry", head + "inputs:\n- ") { "\($0 == 0 ? "" : "  ")k\($0): x\n" },
        HeavyDocument("variables", empty + "env:\n") { "  A\($0): x\n" },
        HeavyDocument("reserved variables", empty + "env:\n") { "  LC_\($0): x\n" },
        HeavyDocument("actions", empty + "actions:\n") { "  a\($0): {script: a}\n" },
        HeavyDocument("exit codes", empty + "exit_codes:\n") { "  \($0): {class: other}\n" },
        HeavyDocument("inputs", head + "inputs:\n" + inputs(1000)),
        HeavyDocument("inputs of one name", head + "inputs:\n") { _ in "- {name: i, type: port}\n" },
        HeavyDocument("entries that are nothing", head + "inputs:\n") { _ in "- \n" },
        HeavyDocument(
            "references to nothing",
            head + "inputs:\n" + inputs(900) + "rules:\n- id: r\n  message: m\n  assert:\n"
        ) {
            "    zz\($0): 1\n"
        },
        HeavyDocument(
            "references that are nearly right",
            head + "inputs:\n" + inputs(900) + "rules:\n- id: r\n  message: m\n  assert:\n"
        ) {
            "    i9\($0)x: 1\n"
        },
        HeavyDocument(
            "comparisons",
            head + "inputs:\n" + inputs(100) + "rules:\n- id: r\n  message: m\n  assert: {$all: [",
            tail: "]}\n"
        ) {
            "{i\($0 % 100): 1},"
        },
        HeavyDocument(
            "comparisons with many values", head + "inputs:\n- name: a\n  type: integer\n  allowed_values: [",
            tail: "]\n"
        ) { "\($0)," },
        HeavyDocument(
            "many values of many values",
            head + "inputs:\n- {name: a, type: integer, allowed_values: ["
                + (0..<5000).map(String.init).joined(separator: ",")
                + "]}\nrules:\n- id: r\n  message: m\n  assert: {a: [", tail: "]}\n"
        ) { "\($0 % 5000)," },
        HeavyDocument("a chain of visibility", head + "inputs:\n- {name: i0, type: port}\n") {
            "- {name: i\($0 + 1), type: port, visible_if: {i\($0): 1}}\n"
        },
        HeavyDocument("everything depends on everything", head + "inputs:\n") { number in
            let all = (0..<60).filter { $0 != number % 60 }.map { "i\($0): 1" }.joined(separator: ", ")
            return "- {name: i\(number), type: port, visible_if: {\(all)}}\n"
        },
        HeavyDocument("own inputs of many actions", head + "inputs:\n" + inputs(500) + "actions:\n") {
            "  a\($0): {script: a, inputs: [{name: o, type: port}]}\n"
        },
        HeavyDocument("groups", empty + "input_groups:\n") { "- {id: g\($0)}\n" },
        HeavyDocument("patterns", head + "inputs:\n") {
            "- {name: i\($0), type: string, default: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab, validation: {pattern: '^(a+)+$'}}\n"
        },
        HeavyDocument("generated values", head + "inputs:\n") {
            "- {name: i\($0), type: string, generate: {kind: hex, length: 1024}}\n"
        },
        HeavyDocument("generated values of a pattern", head + "inputs:\n") {
            "- {name: i\($0), type: string, generate: {kind: hex, length: 1024}, validation: {pattern: '^[0-9a-f]+$'}}\n"
        },
        HeavyDocument("long patterns", head + "inputs:\n") {
            "- {name: i\($0), type: string, validation: {pattern: '^\(String(repeating: "(a|b)*", count: 600))$'}}\n"
        },
        HeavyDocument("tags", empty + "x-a:\n") { _ in "- !a b\n" },
        HeavyDocument("escaped controls", empty + "x-a:\n") { _ in "- \"\\e\"\n" },
        HeavyDocument("raw controls", empty) { _ in "#\u{1}\n" },
        HeavyDocument("one long line", empty + "description: ", tail: "\n") { _ in "a b " },
        HeavyDocument("one long text in quotes", empty + "description: \"", tail: "\"\n") { _ in "\\u00e9" },
        HeavyDocument("lines", empty) { _ in "\n" },
        HeavyDocument("comments", empty) { _ in "#\n" },
        HeavyDocument("open quotes", empty + "description: \"") { _ in "a\n" },
        HeavyDocument("flow maps", empty + "x-a: [", tail: "]\n") { _ in "{a: {b: {}}}," },
        HeavyDocument("ambiguous words", empty + "x-a: 1\ntags: [", tail: "]\n") { _ in "y," },
        HeavyDocument("aliases", head + "inputs:\n") { number in
            "- {name: i\(number), type: port, aliases: [\((0..<16).map { "b\(number)_\($0)" }.joined(separator: ","))]}\n"
        },
        HeavyDocument("families", empty + "os_requirements:\n  family: [debian]\n  versions:\n") {
            "    f\($0): '>=1'\n"
        },
    ]
}

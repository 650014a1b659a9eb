import Glibc
import ManifestKit
import TestSupport
import Testing
import ValidationKit

/// Documents that nobody wrote: every one is answered, with a place wherever there is no manifest.
@Suite("Hostile documents") struct HostileDocumentTests {
    /// 5,000 documents, or 100,000 where `PROVISION_LONG_TESTS` is set.
    private static let count = getenv("PROVISION_LONG_TESTS") == nil ? 5_000 : 100_000
    /// What one document may cost in a release build; debug builds are slower by about this factor.
    private static let limit = 50.0
    #if DEBUG
        private static let factor = 10.0
    #else
        private static let factor = 1.0
    #endif

    /// Decodes and lints, and returns the CPU time that took.
    @discardableResult
    private func judge(_ bytes: [UInt8]) -> Double {
        var decoded = Manifest.decode([], file: "m.yml")
        var lint: [Diagnostic] = []
        let took = milliseconds {
            decoded = Manifest.decode(bytes, file: "m.yml")
            lint = decoded.value.map(ManifestLinter.lint) ?? []
        }
        #expect((decoded.value == nil) == decoded.diagnostics.contains(where: \.isError))
        #expect(decoded.diagnostics.count <= 201)
        for finding in decoded.diagnostics + lint {
            #expect(finding.location.line >= 1 && finding.location.column >= 1 && !finding.message.isEmpty)
        }
        return took
    }

    @Test func everyBitOfTheSampleFlipped() {
        var longest = 0.0
        let sample = Array(ManifestSample.text.utf8)
        for index in sample.indices {
            for bit in 0..<8 {
                var bytes = sample
                bytes[index] ^= 1 << UInt8(bit)
                longest = max(longest, judge(bytes))
            }
        }
        #expect(longest < Self.limit * Self.factor)
    }

    @Test func everyBeginningOfTheSample() {
        let sample = Array(ManifestSample.text.utf8)
        for count in sample.indices { judge(Array(sample[..<count])) }
    }

    @Test func randomBytesAndRandomMutations() {
        var generator = SeededGenerator(seed: 20_261_124)
        let seeds = ManifestFixture.all().map(\.yaml) + [Array(ManifestSample.text.utf8)]
        let signs = Array("{}[]:,-#&*!|>'\"%@`? \n\t\\".utf8)
        var longest = 0.0
        for number in 0..<Self.count {
            var bytes: [UInt8]
            if number % 4 == 0 {
                bytes = (0..<Int.random(in: 0...400, using: &generator)).map { _ in
                    Bool.random(using: &generator)
                        ? signs.randomElement(using: &generator) ?? 0
                        : UInt8.random(in: .min ... .max, using: &generator)
                }
            } else {
                bytes = seeds.randomElement(using: &generator) ?? []
                for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
                    let place = Int.random(in: bytes.indices, using: &generator)
                    switch Int.random(in: 0..<4, using: &generator) {
                    case 0: bytes[place] = signs.randomElement(using: &generator) ?? 0
                    case 1: bytes.remove(at: place)
                    case 2: bytes.insert(signs.randomElement(using: &generator) ?? 0, at: place)
                    default:
                        let end = min(bytes.count, place + Int.random(in: 1...40, using: &generator))
                        bytes.insert(
                            contentsOf: bytes[place..<end],
                            at: Int.random(in: bytes.indices, using: &generator))
                    }
                }
            }
            longest = max(longest, judge(bytes))
        }
        #expect(longest < Self.limit * Self.factor, "the longest took \(longest) ms")
    }

    private static let large: [(String, String)] = [
        (
            "M01: a bomb of aliases",
            "a: &a [x,x]\n" + (0..<9).map { "b\($0): &b\($0) [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" }.joined()
        ),
        ("M02: 128 KB of brackets", String(repeating: "[", count: 128_000)),
        ("M03: 30 KB of brackets", String(repeating: "[", count: 30_000)),
        ("30 KB of braces", String(repeating: "{a: ", count: 7_500)),
        ("64 KiB of keys", (0..<6_000).map { "k\($0): v\n" }.joined()),
        ("64 KiB of one key", String(repeating: "k: v\n", count: 13_000)),
        ("1,000 inputs", "inputs:\n" + (0..<1_000).map { "- {name: a\($0), type: string}\n" }.joined()),
        ("1,001 inputs", "inputs:\n" + (0..<1_001).map { "- {name: a\($0), type: string}\n" }.joined()),
        (
            "10,001 options",
            "inputs: [{name: a, type: select, allowed_values: ["
                + (0..<10_001).map { "\($0)" }.joined(separator: ",") + "]}]"
        ),
        (
            "500 conditions in a chain",
            "inputs:\n- {name: a0, type: boolean}\n"
                + (1..<500).map { "- {name: a\($0), type: boolean, visible_if: {a\($0 - 1): true}}\n" }
                .joined()
        ),
        ("a long description", "description: '" + String(repeating: "x", count: 60_000) + "'"),
        ("a long unknown key", String(repeating: "k", count: 1_000) + ": x"),
        ("a million near misses", (0..<4_000).map { "namee\($0): x\n" }.joined()),
    ]

    @Test(arguments: large) func largeAndDeep(_ name: String, _ text: String) {
        let head = "id: app\nname: A\nversion: '1'\n"
        let took = judge(Array((text.hasPrefix("[") || text.hasPrefix("{") ? text : head + text).utf8))
        #expect(took < Self.limit * Self.factor, "\(name): \(took) ms")
    }

    /// M26: whatever a pattern and a value do to each other, the answer comes in time.
    @Test func patternsAnswerInTime() throws {
        var generator = SeededGenerator(seed: 7)
        let parts = [
            "(a+)+", "(a|a)*", "[ab]*", "(a*)*b", "a{1,30}", "(.*,){20}", "(x+x+)+y", "\\w+\\s*", "[^b]*",
        ]
        for number in 0..<60 {
            let source =
                number == 0
                ? "(a+)+$" : (0..<3).map { _ in parts.randomElement(using: &generator) ?? "a" }.joined()
            guard
                let validator = try? validator("{name: a, type: string, validation: {pattern: '\(source)'}}")
            else { continue }
            for value in [
                String(repeating: "a", count: 10_000), String(repeating: "a", count: 10_000) + "!", "ab,ab,",
            ] {
                let took = milliseconds { _ = validator.validate(["a": .text(value)]) }
                #expect(took < Self.limit * 3, "\(source): \(took) ms")
            }
        }
    }
}

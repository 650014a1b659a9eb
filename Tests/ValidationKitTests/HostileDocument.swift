import ManifestKit
import TestSupport

@testable import ValidationKit

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
        HeavyDocument("actions that ask many inputs", head + "inputs:\n" + inputs(1000) + "actions:\n") {
            number in
            let names = (0..<70).map { "i\(900 + $0)" }.joined(separator: ",")
            return number < 100 ? "  a\(number): {script: a, inputs: [\(names)]}\n" : "#\n"
        },
        HeavyDocument(
            "own inputs of all actions there may be", head + "inputs:\n" + inputs(1000) + "actions:\n"
        ) {
            $0 < 100 ? "  a\($0): {script: a, inputs: [i7, {name: o, type: port}]}\n" : "#\n"
        },
        HeavyDocument("own inputs that wait for each other", head + "inputs: []\nactions:\n") { number in
            let own = (0..<100).map {
                "{name: o\(99 - $0), type: port\($0 < 99 ? ", visible_if: {o\(98 - $0): 1}" : "")}"
            }
            return "  a\(number): {script: a, inputs: [\(own.joined(separator: ","))]}\n"
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

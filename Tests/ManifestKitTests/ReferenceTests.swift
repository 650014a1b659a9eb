import Glibc
import TestSupport
import Testing

@testable import ManifestKit

/// `docs/manifest.yml` is the schema's test, and the schema is its.
@Suite("The reference") struct ReferenceTests {
    private static let folder =
        "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
            separator: "/")

    private static func bytes(_ path: String) throws -> [UInt8] {
        let parts = path.split(separator: "/").map { String($0) }
        let folder = try Folder(path: "\(folder)/\(parts.dropLast().joined(separator: "/"))")
        return try folder.read(parts.last ?? "", atMost: 1 << 20).bytes
    }

    @Test func hasNothingToFind() throws {
        let decoded = Manifest.decode(try Self.bytes("docs/manifest.yml"), file: "docs/manifest.yml")
        #expect(decoded.diagnostics.map(\.description) == [])
        #expect(decoded.value != nil)
    }

    /// Unknown keys would be findings; this is the other direction.
    @Test func usesEveryKeyOfTheSchema() throws {
        let findings = Findings(file: "docs/manifest.yml")
        let node = try #require(YAMLReader.read(try Self.bytes("docs/manifest.yml"), findings: findings))
        var used: Set<String> = []
        Self.walk(node, .map(.manifest), &used)
        var known: Set<String> = []
        Self.collect(.map(.manifest), &known)
        #expect(known.subtracting(used).sorted() == [])
    }

    @Test func namesEveryWordOfTheSchema() throws {
        let text = String(decoding: try Self.bytes("docs/manifest.yml"), as: UTF8.self)
        var words: Set<String> = []
        Self.collectWords(.map(.manifest), &words)
        let missing = words.filter { !text.contains($0) && HostRequirement.architectureNames[$0] == nil }
        #expect(missing.sorted() == [])
        for context in Condition.Context.allCases { #expect(text.contains(context.rawValue)) }
    }

    @Test func theSchemaForEditorsIsFresh() throws {
        let made = ManifestSchema.jsonSchema()
        let path = "docs/manifest.schema.json"
        if getenv("RECORD_SNAPSHOTS") != nil, let file = fopen("\(Self.folder)/\(path)", "w") {
            fwrite(made, 1, made.count, file)
            fclose(file)
        }
        #expect(
            try made == Self.bytes(path),
            "run the test with RECORD_SNAPSHOTS=1, or `provision schema >\(path)`")
    }

    /// The article of the documentation lists every code with its meaning.
    @Test func theArticleOnDiagnosticsHasEveryCode() throws {
        let path = "Sources/ManifestKit/ManifestKit.docc/Diagnostics.md"
        let rows = String(decoding: try Self.bytes(path), as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("| `") }
        #expect(rows == DiagnosticCode.allCases.map { "| `\($0.rawValue)` | \($0.summary) |" })
    }

    // MARK: - The schema beside a document

    /// Notes each key that stands where the schema has it.
    private static func walk(_ node: YAMLNode, _ value: SchemaValue, _ used: inout Set<String>) {
        switch (value, node.content) {
        case (.map(let map), .mapping(let entries)):
            for entry in entries {
                guard let key = map.keys.first(where: { $0.name == entry.key }) else { continue }
                used.insert("\(map.name).\(key.name)")
                walk(entry.value, key.value, &used)
            }
        case (.list(let element), .sequence(let nodes)): for node in nodes { walk(node, element, &used) }
        case (.names(let element, _), .mapping(let entries)):
            for entry in entries { walk(entry.value, element, &used) }
        case (.either(let values), _): for value in values { walk(node, value, &used) }
        default: break
        }
    }

    private static func collect(_ value: SchemaValue, _ keys: inout Set<String>) {
        switch value {
        case .map(let map):
            for key in map.keys where keys.insert("\(map.name).\(key.name)").inserted {
                collect(key.value, &keys)
            }
        case .list(let element), .names(let element, _): collect(element, &keys)
        case .either(let values): for value in values { collect(value, &keys) }
        default: break
        }
    }

    private static func collectWords(
        _ value: SchemaValue, _ words: inout Set<String>, _ seen: Set<String> = []
    ) {
        switch value {
        case .map(let map):
            guard !seen.contains(map.name) else { return }
            for key in map.keys { collectWords(key.value, &words, seen.union([map.name])) }
        case .list(let element), .names(let element, _): collectWords(element, &words, seen)
        case .either(let values): for value in values { collectWords(value, &words, seen) }
        case .word(let list): words.formUnion(list)
        default: break
        }
    }
}

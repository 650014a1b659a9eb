import ManifestKit
import TestSupport
import Testing

/// One meaning has one canonical form, and another meaning has another.
@Suite("Canonical forms") struct CanonicalFormTests {
    private func canonicalForm(_ text: String) throws -> String {
        let decoded = Manifest.decode(Array(text.utf8), file: "manifest.yml")
        let manifest = try #require(decoded.value, "\(decoded.diagnostics)\n\(text)")
        return String(decoding: manifest.canonicalForm(), as: UTF8.self)
    }

    /// Keys in any order, comments, blank lines, flow or block, and every way to quote.
    @Test(arguments: UInt64(0)..<100) func howAManifestIsWrittenMakesNoDifference(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var writer = Writer(generator: generator)
        let text = writer.document(Tree.everything)
        generator = writer.generator
        #expect(try canonicalForm(text) == canonicalForm(Tree.everything.plain), "\(text)")
    }

    /// A key that may be left out without a trace would be one that no digest covers.
    @Test func everyKeyOfEverySectionIsPartOfTheForm() throws {
        let form = try canonicalForm(Tree.everything.plain)
        let paths = Tree.everything.paths
        #expect(paths.count > 150)
        for path in paths where !path.contains(where: { $0.hasPrefix("x-") }) {
            let text = Tree.everything.removing(path[...]).plain
            let decoded = Manifest.decode(Array(text.utf8), file: "manifest.yml")
            guard let manifest = decoded.value else { continue }
            #expect(
                String(decoding: manifest.canonicalForm(), as: UTF8.self) != form,
                "without \(path.joined(separator: "."))")
        }
    }

    /// Every key of the schema is in the manifest that these tests are about.
    @Test func theManifestUsesEveryKeyOfTheSchema() {
        var missing: [String] = []
        let used = Set(Tree.everything.paths.compactMap(\.last))
        func look(_ value: SchemaValue) {
            switch value {
            case .map(let map): look(map)
            case .list(let value), .names(let value, _): look(value)
            case .either(let values): values.forEach(look)
            default: break
            }
        }
        func look(_ map: SchemaMap) {
            for key in map.keys {
                if !used.contains(key.name) { missing.append("\(map.name).\(key.name)") }
                look(key.value)
            }
        }
        look(SchemaMap.manifest)
        #expect(missing.isEmpty)
    }

    @Test func theFormIsReadAsTheManifestItIsOf() throws {
        // JSON is YAML: but for what the schema spells otherwise, the form is a manifest again.
        let form = try canonicalForm("id: app\nname: App\nversion: \"1\"\ninputs: [{name: a, type: port}]\n")
        #expect(try canonicalForm(form) == form)
    }
}

/// A manifest before it is written down.
private indirect enum Tree: Sendable {
    /// A text, which may be quoted in any way.
    case text(String)
    /// A number or boolean, which may not.
    case bare(String)
    case list([Tree])
    case map([(key: String, value: Tree)])

    /// The manifest in one line, keys in the order given.
    var plain: String {
        switch self {
        case .text(let text): JSON.quoted(text)
        case .bare(let text): text
        case .list(let elements): "[" + elements.map(\.plain).joined(separator: ", ") + "]"
        case .map(let entries):
            "{" + entries.map { JSON.quoted($0.key) + ": " + $0.value.plain }.joined(separator: ", ") + "}"
        }
    }

    /// The way to every key, through lists by the element's number.
    var paths: [[String]] {
        switch self {
        case .text, .bare: []
        case .list(let elements):
            elements.enumerated().flatMap { index, element in element.paths.map { ["\(index)"] + $0 } }
        case .map(let entries):
            entries.flatMap { entry in [[entry.key]] + entry.value.paths.map { [entry.key] + $0 } }
        }
    }

    func removing(_ path: ArraySlice<String>) -> Tree {
        guard let first = path.first else { return self }
        switch self {
        case .text, .bare: return self
        case .list(let elements):
            return .list(
                elements.enumerated().map { "\($0)" == first ? $1.removing(path.dropFirst()) : $1 })
        case .map(let entries):
            return .map(
                entries.compactMap { entry in
                    guard entry.key == first else { return entry }
                    return path.count == 1 ? nil : (entry.key, entry.value.removing(path.dropFirst()))
                })
        }
    }
}

private enum JSON {
    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            + "\""
    }
}

/// Writes a tree as somebody might.
private struct Writer {
    var generator: SeededGenerator

    mutating func document(_ tree: Tree) -> String {
        guard case .map(let entries) = tree else { return tree.plain }
        var text = coin() ? "---\n" : ""
        text += block(entries, indent: 0)
        return text + (coin() ? "...\n" : "# the end\n")
    }

    private mutating func coin() -> Bool { Bool.random(using: &generator) }

    private mutating func block(_ entries: [(key: String, value: Tree)], indent: Int) -> String {
        let space = String(repeating: " ", count: indent)
        var text = ""
        for entry in entries.shuffled(using: &generator) {
            if Int.random(in: 0..<6, using: &generator) == 0 {
                text += "\(space)# about \(entry.key): {[\n\n"
            }
            text += space + scalar(entry.key, isKey: true) + ":" + value(entry.value, indent: indent)
        }
        return text
    }

    /// What stands behind a key's colon, its line's end included.
    private mutating func value(_ tree: Tree, indent: Int) -> String {
        let step = Int.random(in: 1...4, using: &generator)
        switch tree {
        case .map(let entries) where !entries.isEmpty && coin():
            return lineEnd() + block(entries, indent: indent + step)
        case .list(let elements) where !elements.isEmpty && coin():
            let space = String(repeating: " ", count: indent + step)
            var text = lineEnd()
            for element in elements {
                if case .map(let entries) = element, coin() {
                    // The first key stands on the dash's line.
                    text += space + "- " + block(entries, indent: indent + step + 2).trimmingSpaces
                } else {
                    text += space + "- " + flow(element) + lineEnd()
                }
            }
            return text
        case .text(let text) where text.contains("\n") && coin():
            let space = String(repeating: " ", count: indent + 2)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return " |\(text.hasSuffix("\n") ? "" : "-")\n"
                + lines.dropLast(text.hasSuffix("\n") ? 1 : 0).map { $0.isEmpty ? "\n" : "\(space)\($0)\n" }
                .joined()
        default: return " " + flow(tree) + lineEnd()
        }
    }

    private mutating func lineEnd() -> String {
        coin() ? "\n" : Bool.random(using: &generator) ? "   \n" : "  # so: it is\n"
    }

    private mutating func flow(_ tree: Tree) -> String {
        switch tree {
        case .text(let text): return scalar(text, isKey: false)
        case .bare(let text): return text
        case .list(let elements):
            var parts: [String] = []
            for element in elements { parts.append(flow(element)) }
            return "[" + parts.joined(separator: coin() ? ", " : " , ")
                + (coin() && !parts.isEmpty ? ",]" : "]")
        case .map(let entries):
            var parts: [String] = []
            for entry in entries.shuffled(using: &generator) {
                parts.append(scalar(entry.key, isKey: true) + ": " + flow(entry.value))
            }
            return "{" + parts.joined(separator: ", ") + (coin() ? " }" : "}")
        }
    }

    /// Plain where nobody could take it for anything else, or in either kind of quotes.
    private mutating func scalar(_ text: String, isKey: Bool) -> String {
        let isWord = text.utf8.first.map { ("a"..."z").contains(Character(Unicode.Scalar($0))) } ?? false
        let isPlain =
            isWord && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(text)
            && text.utf8.allSatisfy { byte in
                ("a"..."z").contains(Character(Unicode.Scalar(byte))) || "_-./0123456789".utf8.contains(byte)
            }
        switch Int.random(in: 0..<3, using: &generator) {
        case 0 where isPlain: return text
        case 1 where !text.contains("\n"): return "'" + text.replacing("'", with: "''") + "'"
        default: return JSON.quoted(text)
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        // Comments before the first key would stand behind the dash: they may, on a line of their own.
        String(drop { $0 == " " })
    }
}

extension Tree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .bare("\(value)") }
    init(booleanLiteral value: Bool) { self = .bare("\(value)") }
    init(arrayLiteral elements: Tree...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, Tree)...) {
        self = .map(elements.map { (key: $0.0, value: $0.1) })
    }

    /// A manifest that uses every key, none with the value it would have anyhow.
    static let everything: Tree = [
        "schema_version": 1, "id": "every-thing", "name": "Every 'thing': \"all\" \\ of it",
        "version": "1.20",
        "revision": 3, "description": "Two lines,\nboth shown.\n", "category": "tools", "author": "A. Uthor",
        "homepage": "https://example.org/", "license": "MIT", "tags": ["web", "2.0", "on"],
        "docs": "https://example.org/docs", "stability": "beta",
        "changelog": [
            ["revision": 3, "notes": "more\nthan before", "breaking": true, "security": true],
            ["revision": 2, "notes": "first"],
        ],
        "x-ours": ["anything": [1, ["at": "all"]]],
        "os_requirements": [
            "family": ["ubuntu", "debian", "rocky"], "min_version": "9", "max_version": "99",
            "versions": ["ubuntu": ">=20.04 <25", "debian": ">=11"], "arch": ["amd64", "aarch64"],
            "allow_derivatives": true, "allow_rolling": true,
        ],
        "resource_requirements": ["min_ram_mb": 512, "min_disk_mb": 1024, "min_cpu_cores": 2],
        "input_groups": [
            [
                "id": "main", "label": "Main part", "description": "All\nof it", "collapsed": true,
                "visible_if": ["tls": true, "workers": ["gte": 2, "lt": 64]],
            ]
        ],
        "inputs": [
            [
                "name": "mode", "type": "select", "label": "Mode", "description": "How\nit runs",
                "placeholder": "dev", "example": "prod", "warning": "Think.", "unit": "modes",
                "group": "main",
                "advanced": true, "required": true, "default": "dev",
                "allowed_values": [
                    "dev", ["value": "prod", "label": "Production", "description": "For\nusers"],
                ],
                "immutable": "after_install", "env": "RUN_MODE", "aliases": ["way", "manner"],
                "deprecated": "use tls",
            ],
            ["name": "tls", "type": "boolean", "default": true],
            [
                "name": "workers", "type": "integer",
                "validation": [
                    "min_value": 2, "max_value": 64, "multiple_of": 2, "denied_values": [16],
                    "allowed_values": [2, 4, 8],
                ],
            ],
            [
                "name": "site", "type": "string", "visible_if": ["mode": ["prod", "dev"], "tls": true],
                "required_if": ["workers": ["gt": 2]], "readonly_if": ["$installed": true], "required": false,
                "when_hidden": "empty",
                "validation": [
                    "pattern": "^[a-z'\"\\\\:#]+$", "pattern_error": "Small letters.", "min_length": 1,
                    "max_length": 9, "charset": "unicode",
                ],
            ],
            [
                "name": "secret", "type": "password", "retain": "never", "validation": ["confirm": true],
                "generate": ["kind": "password", "length": 30, "alphabet": "abc#: '\"\\".withoutSpaces],
            ],
            ["name": "token", "type": "string", "sensitive": true, "required": false],
            [
                "name": "parts", "type": "multiselect", "allowed_values": ["a", "b", "c"],
                "validation": ["min_items": 1, "max_items": 2, "unique_items": true],
            ],
            ["name": "page", "type": "url", "validation": ["schemes": ["https", "redis"]]],
            ["name": "web_port", "type": "port", "validation": ["privileged": "warn"]],
            ["name": "data_folder", "type": "path", "validation": ["under": ["/srv", "/var"]]],
        ],
        "rules": [
            [
                "id": "enough",
                "assert": ["$any": [["workers": ["gte": 4]], ["$not": ["mode": "prod", "tls": true]]]],
                "message": "Too few.", "fields": ["workers"], "severity": "warning",
            ]
        ],
        "install_script": "setup/install.sh", "uninstall_script": "remove.sh", "timeout_seconds": 900,
        "idempotent": true,
        "actions": [
            "backup": [
                "script": "backup.sh", "label": "Save", "description": "All\nof it", "timeout_seconds": 60,
                "kill_grace": "20s", "idempotent": false, "destructive": true, "health_gate": false,
                "inputs": ["mode", ["name": "target", "type": "path"]],
                "retry": ["max_attempts": 2, "backoff": "fixed", "base": "5s", "max": "1m"],
                "exit_codes": ["9": ["class": "other", "message": "Ours."]],
            ],
            "verify": ["label": "Look"],
        ],
        "retry": ["max_attempts": 1, "backoff": "fixed", "base": "15s", "max": "10m"],
        "exit_codes": ["17": ["class": "temporary", "message": "Away."], "18": ["class": "packaging"]],
        "env": ["FIRST": "a 'b' $(c)", "SECOND": ""],
        "services": [["unit": "app.service", "essential": false], ["unit": "app.timer"]],
        "ports": [
            ["input": "web_port", "protocol": "udp", "exposure": "local", "purpose": "web"],
            ["number": 22, "exposure": "internal"],
        ],
        "health": [
            [
                "id": "web", "kind": "http", "url": "https://localhost/up", "expect_status": [200, 204],
                "expect_body": "ok: #1", "when": ["tls": true, "mode": "prod"], "timeout": "9s", "retries": 1,
                "interval": "3s", "start_period": "1m", "severity": "warning",
            ],
            ["id": "local", "kind": "http", "port": "web_port", "path": "/up", "expect_status": 301],
            ["id": "unit", "kind": "systemd", "unit": "app.service"],
            ["id": "process", "kind": "process", "name": "app"],
            ["id": "own", "kind": "command", "script": "check.sh"],
        ],
        "outputs": [
            ["name": "address", "type": "url", "label": "Address", "sensitive": true, "kind": "url"]
        ],
        "data": [["path": "/etc/app", "kind": "config", "backup": false]],
        "dependencies": [
            "requires": [["app": "mysql", "version": ">=5.7 <9", "when": ["mode": "prod"]]],
            "recommends": [["app": "certbot"]], "conflicts": [["app": "apache"]],
        ],
    ]
}

extension String {
    fileprivate var withoutSpaces: Tree { .text(filter { $0 != " " }) }
}

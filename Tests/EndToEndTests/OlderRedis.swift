import ManifestKit
import Synchronization
import TestSupport
import Testing

/// What Redis 6.2 knows, by what a newer server says of its own commands; all else it refuses.
///
/// A command that 6.2 lacks, or one of whose options it lacks, is passed on under a name that no Redis has, so that
/// the refusal comes in its place and as Redis words it.
final class OlderRedis: Sendable {
    private static let version = [6, 2, 99]

    /// Commands and subcommands that it lacks, and words of others that it does not take.
    private struct Gaps: Sendable {
        var commands: Set<String> = []
        var words: [String: Set<String>] = [:]
    }

    private let gaps: Gaps
    private let refusals = Mutex<[String]>([])

    /// What was refused so far.
    var refused: [String] { refusals.withLock(\.self) }

    /// Asks the server of its commands; its answer lies too deep for an ordinary client.
    init(knowing server: RedisServer) throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("commands.json")
        let words = ["redis-cli", "-s", server.socketPath, "--json", "COMMAND", "DOCS"]
        #expect(try ChildProcess.run(words, output: path) == 0)
        let docs = try JSONValue(parsing: FileTree.read(path)).object
        var gaps = Gaps()
        for member in try #require(docs) { Self.note(member.name, member.value.object, in: &gaps) }
        self.gaps = gaps
    }

    /// The command as it is passed on.
    func translate(_ command: [[UInt8]]) -> [[UInt8]] {
        let words = command.map { String(decoding: $0, as: UTF8.self).lowercased() }
        guard lacks(words) else { return command }
        refusals.withLock { $0.append(words.joined(separator: " ")) }
        return [Array("redis-6.2-has-no-\(words[0])".utf8)] + command.dropFirst()
    }

    private func lacks(_ words: [String]) -> Bool {
        let names = [words[0], words.prefix(2).joined(separator: "|")]
        if names.contains(where: gaps.commands.contains) { return true }
        let lacking = names.reduce(into: Set<String>()) { $0.formUnion(gaps.words[$1] ?? []) }
        if words.dropFirst().contains(where: lacking.contains) { return true }
        // What the server tells in prose only.
        return switch words[0] {
        case "xadd": words.contains { $0.hasSuffix("-*") }
        case "acl": words.dropFirst(3).contains { $0.hasPrefix("%") || $0.hasPrefix("(") }
        default: false
        }
    }

    private static func note(_ name: String, _ docs: JSONObject?, in gaps: inout Gaps) {
        if isYoung(docs) { gaps.commands.insert(name) }
        noteWords(of: name, docs, in: &gaps)
        for member in docs?["subcommands"]?.object ?? [:] {
            note(member.name, member.value.object, in: &gaps)
        }
    }

    /// Notes words that came later, or belong to a choice that did.
    private static func noteWords(
        of name: String, _ docs: JSONObject?, areYoung: Bool = false, in gaps: inout Gaps
    ) {
        for argument in docs?["arguments"]?.array ?? [] {
            let isYoung = areYoung || isYoung(argument.object)
            if isYoung, let token = argument.object?["token"]?.string {
                gaps.words[name, default: []].insert(token.lowercased())
            }
            noteWords(of: name, argument.object, areYoung: isYoung, in: &gaps)
        }
    }

    private static func isYoung(_ docs: JSONObject?) -> Bool {
        let since = docs?["since"]?.string?.split(separator: ".").compactMap { Int($0) }
        return version.lexicographicallyPrecedes(since ?? [])
    }
}

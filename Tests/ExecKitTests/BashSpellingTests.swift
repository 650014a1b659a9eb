import Glibc
import TestSupport
import Testing

@testable import ExecKit

/// What a real bash makes of secrets that it quotes, which depends on its locale.
@Suite("Secrets as bash spells them", .timeLimit(.minutes(1))) struct BashSpellingTests {
    private static let locales = ["C", "C.UTF-8"]

    /// What bash writes with this environment and these arguments.
    private func bash(_ script: String, _ arguments: [String], locale: String) throws -> [UInt8] {
        var pipe: (reading: Descriptor, writing: Descriptor)? = try Descriptor.pipe()
        let process = try GatedProcess(
            GatedProcess.Order(
                arguments: ["/bin/bash", "-c", script, "bash"] + arguments,
                environment: [("LC_ALL", locale), ("PATH", "/usr/bin:/bin")], directory: "/", mask: 0o022,
                input: try Directory("/dev").open("null", O_RDONLY), output: #require(pipe).writing,
                error: #require(pipe).writing))
        let reading = try #require(pipe).reading
        // With the other end open here, the output would have none.
        pipe = nil
        let output = reading.readAll(limit: 1 << 22)
        process.reap()
        return try #require(output)
    }

    private func masked(_ output: [UInt8], _ secrets: [String]) -> String {
        var redactor = Redactor(secrets: secrets.map { Array($0.utf8) })
        return String(decoding: redactor.redact(output[...]) + redactor.finish(), as: UTF8.self)
    }

    private static let mask = String(decoding: Redactor.mask, as: UTF8.self)

    @Test(
        arguments: locales,
        [
            "pässwörd1", "pass\u{1B}[0mwörd", "it's\nä\tword\\1", "bell\u{7}\u{8}\u{B}\u{C}\r\u{1}\u{7F}ö",
            "zero\u{200B}width\u{85}\u{2028}\u{E000}", "😀 and \"é\"", "a b,c~d#e!f{g}^h", "~a b#c",
            "#a=~b:~c d",
        ])
    func areHidden(_ locale: String, _ secret: String) throws {
        let output = try bash(
            #"printf '%q\n' "$1"; printf '%s\n' "${1@Q}"; set -x; : "$1"; : a"$1"b"#, [secret], locale: locale
        )
        // A traced word of a secret with a line break is several lines.
        let text = masked(output, [secret])
        let quotes = ["", "'", "$'"].map { ($0, $0.isEmpty ? "" : "'") }
        let wanted = Set(
            quotes.flatMap { opening, closing in
                ["", "+ : "].map { $0 + opening + Self.mask + closing } + [
                    "+ : \(opening)a\(Self.mask)b\(closing)"
                ]
            })
        let lines = Set(text.split(separator: "\n").map(String.init))
        #expect(lines.isSubset(of: wanted), "\(text)")
    }

    /// Any secret, in both locales.
    @Test(arguments: 0..<10 as Range<UInt64>) func areHiddenWhateverTheyAre(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array(
            "ab1 ä€😀'\"\\$`~#,!?*={}[]()<>|&;:^@%+-./_\n\t\r\u{1}\u{7}\u{1B}\u{7F}\u{85}\u{200B}")
        let secrets = (0..<25).map { _ in
            String(
                (0..<Int.random(in: 4...14, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                })
        }
        for locale in Self.locales {
            let output = try bash(
                #"for s; do printf '%q\0%s\0' "$s" "${s@Q}"; done"#, secrets, locale: locale)
            let words = output.split(separator: 0)
            try #require(words.count == 2 * secrets.count)
            for (index, word) in words.enumerated() {
                let line = masked(Array(word), [secrets[index / 2]])
                #expect(
                    [Self.mask, "'\(Self.mask)'", "$'\(Self.mask)'"].contains(line),
                    "seed \(seed), \(locale): \(secrets[index / 2].debugDescription) is \(String(decoding: word, as: UTF8.self))"
                )
            }
        }
    }
}

import Testing

@testable import ExecKit

@Suite("Hiding secrets") struct RedactorTests {
    private static let mask = String(decoding: Redactor.mask, as: UTF8.self)

    /// The output for `text`, fed in pieces of these sizes, over and over.
    private func redact(_ text: [UInt8], _ secrets: [String], sizes: [Int] = [.max]) -> [UInt8] {
        var redactor = Redactor(secrets: secrets.map { Array($0.utf8) })
        var output: [UInt8] = []
        var rest = text[...]
        var turn = 0
        while !rest.isEmpty {
            let piece = rest.prefix(sizes[turn % sizes.count])
            output += redactor.redact(piece)
            rest = rest.dropFirst(piece.count)
            turn += 1
        }
        return output + redactor.finish()
    }

    private func redact(_ text: String, _ secrets: [String], sizes: [Int] = [.max]) -> String {
        String(decoding: redact(Array(text.utf8), secrets, sizes: sizes), as: UTF8.self)
    }

    @Test func leavesEverythingElse() {
        #expect(redact("nothing to hide", ["hunter22"]) == "nothing to hide")
        #expect(redact("hunter2 hunter", ["hunter22"]) == "hunter2 hunter")
        #expect(redact("", ["hunter22"]) == "")
        #expect(redact("no secrets", []) == "no secrets")
    }

    @Test(arguments: [[1], [2], [3], [7], [64], [1, 5, 2]]) func hidesASecretThatReadsCutApart(_ sizes: [Int])
    {
        #expect(redact("before hunter22 after", ["hunter22"], sizes: sizes) == "before \(Self.mask) after")
    }

    /// J43: each row is what a program prints for this secret.
    @Test(arguments: [
        (#"p'a"s s/w$\rd"#, #"p'a"s s/w$\rd"#, "exact"),
        (#"p'a"s s/w$\rd"#, #"p'a\"s s/w$\\rd"#, "JSON"),
        (#"p'a"s s/w$\rd"#, #"p'a\"s s\/w$\\rd"#, "JSON with escaped slashes"),
        ("päss wörd", #"p\u00e4ss w\u00f6rd"#, "JSON in ASCII"),
        ("pass😀word", #"pass\ud83d\ude00word"#, "JSON in ASCII, two units"),
        ("a&b<cdef", #"a\u0026b\u003ccdef"#, "JSON for HTML, as Go spells it"),
        (#"a&b<"c'd>"#, #"a\u0026b\u003C\"c'd\u003E"#, "JSON for HTML in upper case"),
        (#"a&b<"c'd"#, #"a\u0026b\u003c\"c\u0027d"#, "JSON for HTML, quotes as well"),
        (#"a&b<"c'd"#, #"a\u0026b\u003C\u0022c\u0027d"#, "JSON for HTML, all quotes"),
        ("a/b<'c+d=", #"a/b\u003c\u0027c+d\u003d"#, "JSON for HTML, as Gson spells it"),
        ("a/b<'c+dä", #"a/b\u003C\u0027c\u002Bd\u00E4"#, "JSON for HTML, as .NET spells it"),
        ("a/b<cdef", #"a\u002Fb\u003Ccdef"#, "JSON for scripts"),
        ("a/b<cdef", #"a\/b\u003Ccdef"#, "JSON for HTML with escaped slashes"),
        ("pa\u{1B}ss/w", #"pa\u001bss/w"#, "JSON with a control"),
        (#"p'a"s s"#, #"p'\''a"s s"#, "in single quotes"),
        (#"p'a"s s"#, #"p'"'"'a"s s"#, "in single quotes, as Python spells it"),
        (#"p'a"s s"#, #"p\'a\"s\ s"#, "printf %q"),
        (#"pa$s`"w"#, #"pa\$s\`\"w"#, "in double quotes"),
        ("pass\tword", #"pass\tword"#, "$'…'"),
        ("pässwörd1", #"p\303\244ssw\303\266rd1"#, "$'…' without Unicode"),
        ("pa\u{1B}ss'w", #"pa\Ess\'w"#, "$'…' with a control"),
        (#"p<a>&"s'"#, "p&lt;a&gt;&amp;&quot;s&#39;", "HTML"),
        (#"p<a>&"s'"#, #"p&lt;a&gt;&amp;"s'"#, "HTML's text"),
        ("p@ss w/rd+", "p%40ss%20w%2Frd%2B", "URL"),
        ("p@ss w/rd+", "p%40ss%20w%2frd%2b", "URL in lower case"),
        ("p@ss w/rd+", "p%40ss%20w/rd%2B", "URL's path"),
        ("p@ss w/rd+", "p%40ss+w%2Frd%2B", "form"),
        ("hunter22", "aHVudGVyMj", "base64"),
        ("hunter22", "h1bnRlcjIy", "base64, one byte in"),
        ("hunter22", "odW50ZXIyM", "base64, two bytes in"),
        ("?>?>hunter", "Pz4_Pmh1bnRlc", "base64 for URLs"),
        ("hunter22", "68756e7465723232", "hexadecimal"),
        ("hunter22", "68756E7465723232", "hexadecimal in upper case"),
        ("line one\nline two", "line one\r\nline two", "with carriage returns"),
        ("line number one\nline number two", "line number two", "one of its lines"),
        (".*[a-z]+(x|y)$", ".*[a-z]+(x|y)$", "with signs of patterns"),
    ])
    func hidesEverySpelling(_ row: (secret: String, printed: String, spelling: String)) {
        #expect(redact("<\(row.printed)>", [row.secret]) == "<\(Self.mask)>", "\(row.spelling)")
    }

    /// J42.
    @Test func hidesTheLongerOfTwoSecretsWhole() {
        #expect(redact("a hunter22 b", ["hunter", "hunter22"]) == "a \(Self.mask) b")
        #expect(redact("a hunter2x b", ["hunter", "hunter22"]) == "a \(Self.mask)2x b")
    }

    /// What bash itself prints of a secret, in both kinds of locale.
    @Test(arguments: ["C", "C.UTF-8"]) func hidesWhatBashMakesOfASecret(locale: String) async throws {
        let secret = "pä ss'w\"ör$d\u{7}\\1"
        let run = try await TestServer().run(
            "export LC_ALL=\(locale); printf '%q\\n' \"$DB_PASSWORD\"; printf '%s\\n' \"${DB_PASSWORD@Q}\"; set -x; : \"$DB_PASSWORD\"",
            secrets: ["db_password": secret.replacing("\u{7}", with: "")])
        for part in ["ss'w", "303", "w\\\"", "ör", "ss\\'w"] {
            #expect(!run.text.contains(part), "\(run.text)")
        }
    }

    /// Long secrets of one character, and output of that character: every place may be the beginning of all of them.
    @Test func doesLittleForMuchThatLooksLikeSecrets() {
        let ends = ["b", "c", "d", "e"]
        let secrets = ends.map { Array((String(repeating: "a", count: 31_900) + $0).utf8) }
        var redactor = Redactor(secrets: secrets)
        var output: [UInt8] = []
        for _ in 0..<4 {
            output += redactor.redact([UInt8](repeating: UInt8(ascii: "a"), count: 65_536)[...])
        }
        output += redactor.redact(Array("b.".utf8)[...]) + redactor.finish()
        let rest = 4 * 65_536 - 31_900
        #expect(
            output == [UInt8](repeating: UInt8(ascii: "a"), count: rest) + Redactor.mask + Array(".".utf8))
    }

    @Test func hidesSecretsThatOverlap() {
        #expect(redact("<abcdefgh>", ["abcdef", "efgh"]) == "<\(Self.mask)>")
        #expect(redact("<abcdefgh>", ["abcdef", "efgh"], sizes: [1]) == "<\(Self.mask)>")
        #expect(redact("<ababab>", ["abab"]) == "<\(Self.mask)>")
    }

    /// J41.
    @Test(arguments: ["none", "root", "true", "False", "abc", ""]) func leavesCommonWordsAndShortOnes(
        _ word: String
    ) {
        #expect(redact("none root true False abc", [word]) == "none root true False abc")
        #expect(!SecretForms.hides(Array(word.utf8)))
    }

    @Test func theMaskShowsNoLength() {
        #expect(redact("hunter22", ["hunter22"]) == redact("averylongsecret", ["averylongsecret"]))
    }

    /// Any set of secrets, any text made of them and of what resembles them, any cuts.
    @Test(arguments: 0..<100 as Range<UInt64>) func leaksNothingHoweverItIsCut(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("abA1 '\"\\/%$\n".utf8)
        func word(_ length: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: length, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
        }
        let secrets = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            String(decoding: word(4...12), as: UTF8.self)
        }
        let forms = secrets.filter { SecretForms.hides(Array($0.utf8)) }.flatMap {
            SecretForms.of(Array($0.utf8))
        }
        var text: [UInt8] = []
        for _ in 0..<30 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: text += forms.randomElement(using: &random) ?? []
            case 1: text += (forms.randomElement(using: &random) ?? []).dropLast()
            case 2: text += (forms.randomElement(using: &random) ?? []).dropFirst()
            default: text += word(0...6)
            }
        }
        let whole = redact(text, secrets)
        for _ in 0..<5 {
            let sizes = (0..<4).map { _ in Int.random(in: 1...9, using: &random) }
            #expect(redact(text, secrets, sizes: sizes) == whole, "seed \(seed), sizes \(sizes)")
        }
        #expect(whole == oracle(text, forms), "seed \(seed)")
    }

    /// The definition, as plainly as it can be said: mask every byte of every occurrence.
    private func oracle(_ text: [UInt8], _ forms: [[UInt8]]) -> [UInt8] {
        var isSecret = [Bool](repeating: false, count: text.count)
        for form in forms {
            for start in 0..<max(0, text.count - form.count + 1) where text[start...].starts(with: form) {
                for index in start..<start + form.count { isSecret[index] = true }
            }
        }
        var output: [UInt8] = []
        for index in text.indices {
            if !isSecret[index] { output.append(text[index]) }
            if isSecret[index] && (index == 0 || !isSecret[index - 1]) { output += Redactor.mask }
        }
        return output
    }
}

/// Random numbers that are the same for the same seed (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

import Glibc
import ManifestKit
import TestSupport
import Testing

/// Runs cases through `form.js`, in node and in a browser without a window.
struct FormScript {
    /// A case as `Vectors/run.js` reads it.
    struct Case {
        let form: String
        let raw: JSONValue
        let context: JSONValue
        var condition: JSONValue?

        fileprivate var json: JSONValue {
            [
                "form": .string(form), "raw": raw, "context": context,
                "condition": condition ?? .null,
            ]
        }
    }

    private static let folder =
        "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
    private static let script = folder + "/../../Sources/PanelServer/Web/Assets/form.js"
    /// Hands a file of JSON to a script's function and prints what comes of it, where there is no page.
    private static let main = """
        const { resolve } = require('path');
        const { readFileSync, writeFileSync } = require('fs');
        const [script, runner, input] = process.argv.slice(1).map((path) => resolve(path));
        const result = require(runner)(require(script), JSON.parse(readFileSync(input, 'utf8')));
        writeFileSync(1, JSON.stringify(result));
        """

    /// The text of a file beside the vectors.
    static func vectors(_ name: String) throws -> JSONValue {
        try JSONValue(parsing: Fixtures.bytes("\(folder)/Vectors/\(name)"))
    }

    /// What each case comes to, in their order; nil where there is nothing to run it with, which is an issue.
    static func results(of cases: [Case], forms: [(String, JSONValue)]) throws -> [JSONValue]? {
        try result(of: "run.js", ["forms": .object(JSONObject(forms)), "cases": .array(cases.map(\.json))])
    }

    /// What a script of `Vectors` makes of its input with `form.js`, in node and in Chromium alike.
    static func result(of runner: String, _ input: JSONValue) throws -> [JSONValue]? {
        let directory = try TemporaryDirectory()
        let runner = "\(folder)/Vectors/\(runner)"
        var results: [JSONValue] = []
        if let node = program("node") {
            try Fixtures.write(input.bytes(), to: directory.path("input.json"))
            let words = [node, "-e", main, "--", script, runner, directory.path("input.json")]
            results.append(try JSONValue(parsing: Array(try output(of: words, directory).utf8)))
        }
        if let browser = program("chromium") {
            try Fixtures.write(try page(runner, input), to: directory.path("page.html"))
            let words = [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--log-level=3",
                "--user-data-dir=\(directory.path("profile"))", "--dump-dom",
                "file://\(directory.path("page.html"))",
            ]
            let text = try output(of: words, directory)
            let escaped = try #require(
                text.split(separator: "[[").last?.split(separator: "]]").first, "\(text)")
            results.append(try JSONValue(parsing: try #require(bytes(escaped: escaped))))
        }
        guard let first = results.first else {
            Issue.record("form.js was not run: install nodejs and chromium, as 'scripts/packages test' does")
            return nil
        }
        #expect(results.allSatisfy { $0 == first }, "node and Chromium differ")
        return first.array
    }

    private static func program(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    private static func output(of words: [String], _ directory: TemporaryDirectory) throws -> String {
        // Errors go the same way; a result with them in it is not JSON, and is shown.
        unlink(directory.path("output"))
        let process = try ChildProcess(words, output: directory.path("output"), folder: directory.path)
        // No signal: it ends by itself.
        let code = process.end(0)
        let text = try Fixtures.read(directory.path("output"))
        try #require(code == 0, "\(words[0]) ended with \(code): \(text)")
        return text
    }

    /// A page that runs the cases and shows the result, escaped so that no markup comes between.
    private static func page(_ runner: String, _ input: JSONValue) throws -> String {
        // As a text: in a literal of JavaScript `__proto__` would be no key like others.
        let text = JSONValue.string(String(decoding: input.bytes(), as: UTF8.self))
        let data = String(decoding: text.bytes(), as: UTF8.self).replacing("<", with: "\\u003c")
        return """
            <!doctype html><meta charset="utf-8"><body></body>
            <script>\(try Fixtures.read(script))</script>
            <script>\(try Fixtures.read(runner))</script>
            <script>document.body.textContent = '[[' + encodeURIComponent(JSON.stringify(
              runCases(ProvisionForm, JSON.parse(\(data))))) + ']]';</script>
            """
    }

    /// The bytes of a text with `%41` for `A`.
    private static func bytes(escaped text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) else { return nil }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}

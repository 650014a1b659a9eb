import ManifestKit
import TestSupport
import Testing
import ValidationKit

/// One file of vectors for both evaluators of conditions: this one, and `form.js` in the browser.
@Suite("Conditions, here and in the browser") struct ConditionVectorTests {
    private static let folder: String = {
        let path = "\(#filePath)"
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) + "/Vectors"
    }()
    private static var script: String {
        folder + "/../../../Sources/PanelServer/Web/Scripts/form.js"
    }

    private struct Vectors {
        let conditions: [JSONObject]
        let forms: [JSONObject]

        init() throws {
            let bytes = try Folder(path: folder).read("conditions.json", atMost: 1 << 20).bytes
            let file = try #require(try JSONValue(parsing: bytes).object)
            conditions = file["conditions"]?.array?.compactMap(\.object) ?? []
            forms = file["forms"]?.array?.compactMap(\.object) ?? []
        }

        /// What the file says of each case, in its order.
        var expected: [JSONValue] {
            (conditions + forms).flatMap { vector in
                vector["cases"]?.array?.compactMap { $0.object?["holds"] ?? $0.object?["visible"] } ?? []
            }
        }
    }

    private func manifest(_ inputs: [JSONValue], rules: [JSONValue] = []) throws -> Manifest {
        let document: JSONValue = [
            "schema_version": 1, "id": "app", "name": "App", "version": "1", "inputs": .array(inputs),
            "rules": .array(rules),
        ]
        let decoded = Manifest.decode(document.bytes(), file: "manifest.yml")
        return try #require(decoded.value, "\(decoded.diagnostics)")
    }

    private func answers(_ json: JSONValue?) throws -> [InputName: String] {
        var answers: [InputName: String] = [:]
        for member in json?.object ?? [:] {
            answers[try #require(InputName(member.name))] = try #require(member.value.string)
        }
        return answers
    }

    private func context(_ json: JSONValue?) -> FormContext {
        func value(_ name: String) -> String? { json?.object?[name]?.string }
        let server =
            json?.object?.contains { $0.name.hasPrefix("$server") } == true
            ? HostFacts(
                osID: value("$server.os") ?? "debian", versionID: value("$server.os_version"),
                architecture: value("$server.arch") ?? "x86_64",
                memoryMiB: value("$server.ram_mb").flatMap { Int($0) }) : nil
        return FormContext(
            server: server, action: value("$action") ?? "install", isInstalled: value("$installed") == "true")
    }

    @Test func holdWhereTheVectorsSayHere() throws {
        let vectors = try Vectors()
        #expect(vectors.expected.count >= 300)
        for vector in vectors.conditions {
            let about = try #require(vector["about"]?.string)
            let condition = try #require(vector["condition"])
            let inputs = try #require(vector["inputs"]?.object).map { member -> JSONValue in
                var input = member.value.object ?? ["type": member.value]
                input["name"] = .string(member.name)
                input["required"] = false
                return .object(input)
            }
            let rule: JSONValue = ["id": "r", "assert": condition, "message": "m"]
            let manifest = try manifest(inputs, rules: [rule])
            let decoded = try #require(manifest.rules.first).assertion
            #expect(decoded.json == condition, "\(about): the browser is given another spelling")
            let evaluator = try ConditionEvaluator(decoded, in: manifest)
            for example in vector["cases"]?.array?.compactMap(\.object) ?? [] {
                let holds = evaluator.holds(
                    try answers(example["answers"]), in: context(example["context"]))
                #expect(.bool(holds) == example["holds"], "\(about): \(example)")
            }
        }
    }

    @Test func hideWhatTheVectorsSayHere() throws {
        for vector in try Vectors().forms {
            let about = try #require(vector["about"]?.string)
            let manifest = try manifest(try #require(vector["inputs"]?.array))
            let validator = try InputValidator(manifest: manifest)
            for example in vector["cases"]?.array?.compactMap(\.object) ?? [] {
                let given = try answers(example["answers"])
                let visible = manifest.inputs.filter { input in
                    // No input decides about itself: an answer to it tells whether it is asked.
                    var raw = RawInputs()
                    for (name, text) in given { raw[name.description] = .text(text) }
                    if given[input.name] == nil {
                        raw[input.name.description] = .text(input.type == .boolean ? "true" : "x")
                    }
                    return validator.validate(raw).inputs?[input.name] != nil
                }
                let names = visible.map { JSONValue.string($0.name.description) }
                #expect(.array(names) == example["visible"], "\(about): \(example)")
            }
        }
    }

    @Test func areTheSameInTheBrowser() async throws {
        let folder = try TemporaryDirectory()
        let output = "\(folder.path)/answers"
        let node = try ChildProcess(
            ["node", Self.folder + "/conditions.mjs", Self.script, Self.folder + "/conditions.json"],
            output: output, folder: folder.path)
        let code = try await eventually("the end of node") { node.ending() }
        let text = try Fixtures.read(output)
        try #require(code == 0, "\(text)")
        let answers = try text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        let expected = try Vectors().expected
        #expect(answers.count == expected.count)
        for (index, (answer, wanted)) in zip(answers, expected).enumerated() where answer != wanted {
            Issue.record("case \(index) of the file: form.js says \(answer), the vectors \(wanted)")
        }
    }
}

import ManifestKit
import Testing
import ValidationKit

/// Both evaluators of conditions, the one in Swift and the one in the browser, over the same vectors.
@Suite("What forms come to, here and in the browser", .timeLimit(.minutes(2))) struct ConditionVectorTests {
    /// A line of `conditions.json`.
    private struct Vector {
        let text: String
        let form: String
        let condition: String?
        let raw: JSONObject
        let context: FormContext
        let expected: JSONObject

        init(_ json: JSONValue) throws {
            let object = try #require(json.object)
            text = String(decoding: json.bytes(), as: UTF8.self)
            form = try #require(object["form"]?.string)
            condition = object["condition"]?.string
            raw = object["raw"]?.object ?? [:]
            context = FormContext(vector: object["context"]?.object ?? [:])
            var expected = object
            for name in ["group", "form", "condition", "raw", "context"] { expected[name] = nil }
            self.expected = expected
        }
    }

    /// A case, and what Swift makes of it.
    private struct Judged {
        let outcome: JSONObject
        let script: FormScript.Case
    }

    private static func manifest(_ lines: [String], probe condition: String?) throws -> Manifest {
        var lines = lines
        if let condition { lines += ["rules:", "  - {id: probe, assert: \(condition), message: probe}"] }
        let text = (["id: app", "name: App", "version: \"1\""] + lines).joined(separator: "\n") + "\n"
        let decoded = Manifest.decode(Array(text.utf8), file: "manifest.yml")
        return try #require(decoded.value, "\(decoded.diagnostics)")
    }

    @Test func everyVectorHoldsInBoth() throws {
        let file = try #require(try FormScript.vectors("conditions.json").object)
        var lines: [String: [String]] = [:]
        var forms: [(String, JSONValue)] = []
        let vectors = try (file["cases"]?.array ?? []).map { try Vector($0) }
        for form in file["forms"]?.object ?? [:] {
            let text = form.value.array?.compactMap(\.string) ?? []
            lines[form.name] = text
            let manifest = try Self.manifest(text, probe: nil)
            for action in Set(vectors.filter { $0.form == form.name }.map(\.context.action)) {
                forms.append(("\(action): \(form.name)", Form(manifest, action: action).json))
            }
        }
        #expect(vectors.count >= 300)

        let judged = try vectors.map { vector in
            let manifest = try Self.manifest(
                try #require(lines[vector.form], "\(vector.text)"), probe: vector.condition)
            let condition = vector.condition.flatMap { _ in manifest.rules.last?.assertion }
            return Judged(
                outcome: try InputValidator(manifest: manifest).outcome(
                    RawInputs(vector.raw), vector.context, condition),
                script: FormScript.Case(
                    form: "\(vector.context.action): \(vector.form)", raw: .object(vector.raw),
                    context: vector.context.json,
                    condition: condition?.json))
        }
        guard let results = try FormScript.results(of: judged.map(\.script), forms: forms) else { return }
        try #require(results.count == vectors.count)
        for (index, vector) in vectors.enumerated() {
            let browser = try #require(results[index].object)
            for member in vector.expected {
                let expected = member.value.text
                let here = judged[index].outcome[member.name]?.text
                let there = browser[member.name]?.text
                #expect(here == expected, "Swift says otherwise of '\(member.name)': \(vector.text)")
                #expect(there == expected, "form.js says otherwise of '\(member.name)': \(vector.text)")
            }
            // What a vector does not name is the same in both all the same, but for what the panel alone makes up
            // and the rule that a condition was put into.
            let exception = vector.condition != nil ? "rules" : vector.form == "stand-ins" ? "values" : ""
            for member in judged[index].outcome where member.name != exception {
                #expect(
                    browser[member.name]?.text == member.value.text,
                    "they differ in '\(member.name)': \(vector.text)")
            }
        }
    }

    @Test func everyTypeReadsTheSameInBoth() throws {
        let types = try FormScript.vectors("types.json").object?["types"]?.array ?? []
        var forms: [(String, JSONValue)] = []
        var seen: Set<InputType> = []
        var cases: [FormScript.Case] = []
        var expected: [(what: String, browser: JSONObject)] = []
        for samples in types.compactMap(\.object) {
            let input = try #require(samples["input"]?.string)
            let manifest = try Self.manifest(["inputs: [\(input)]"], probe: nil)
            let type = try #require(manifest.inputs.first).type
            seen.insert(type)
            forms.append((input, Form(manifest).json))
            let validator = try InputValidator(manifest: manifest)
            func add(_ text: String, here: JSONObject, browser: JSONObject) throws {
                let raw: JSONObject = ["a": .string(text)]
                let outcome = try validator.outcome(RawInputs(raw), FormContext(), nil)
                let what = "\(type.rawValue) \(Diagnostic.quoted(text))"
                #expect(outcome.isSame(as: here), "Swift: \(what)")
                cases.append(
                    FormScript.Case(form: input, raw: .object(raw), context: FormContext().json))
                expected.append((what, browser))
            }
            func result(_ values: JSONObject, _ errors: JSONObject) -> JSONObject {
                ["values": .object(values), "errors": .object(errors)]
            }
            for pair in samples["accepted"]?.array ?? [] {
                let texts = (pair.array ?? []).compactMap(\.string)
                try #require(texts.count == 2)
                let outcome = result(["a": .string(texts[1])], [:])
                try add(texts[0], here: outcome, browser: outcome)
            }
            for pair in samples["refused"]?.array ?? [] {
                let texts = (pair.array ?? []).compactMap(\.string)
                try #require(texts.count == 2)
                let outcome = result([:], ["a": .string(texts[1])])
                try add(texts[0], here: outcome, browser: outcome)
            }
            for pair in samples["left_to_the_panel"]?.array ?? [] {
                let texts = (pair.array ?? []).compactMap(\.string)
                try #require(texts.count == 2)
                try add(
                    texts[0], here: result([:], ["a": .string(texts[1])]),
                    browser: result(["a": .string(texts[0])], [:]))
            }
        }
        #expect(seen == Set(InputType.allCases), "every type has its samples")
        guard let results = try FormScript.results(of: cases, forms: forms) else { return }
        try #require(results.count == cases.count)
        for (result, (what, browser)) in zip(results, expected) {
            #expect(try #require(result.object).isSame(as: browser), "form.js: \(what): \(result.text)")
        }
    }
}

extension JSONValue {
    /// One spelling, escaped beyond ASCII: Swift's `==` holds "é" composed and decomposed equal.
    fileprivate var text: String {
        let scalars = String(decoding: canonicalBytes(), as: UTF8.self).unicodeScalars
        return scalars.map { $0.escaped(asASCII: true) }.joined()
    }
}

extension JSONObject {
    /// Whether values and errors are the same.
    fileprivate func isSame(as other: JSONObject) -> Bool {
        ["values", "errors"].allSatisfy { self[$0]?.text == other[$0]?.text }
    }
}

extension FormContext {
    /// The context of a vector, by the names of the manifest.
    fileprivate init(vector: JSONObject) {
        self.init()
        let memory =
            vector["$server.ram_mb"]?.integer.map { Int($0) }
            ?? vector["$server.ram_mb"]?.string.flatMap { Int($0) }
        let system = vector["$server.os"]?.string
        if system != nil || memory != nil {
            server = HostFacts(
                osID: system ?? "", versionID: vector["$server.os_version"]?.string,
                architecture: vector["$server.arch"]?.string ?? "", memoryMiB: memory)
        }
        action = vector["$action"]?.string ?? "install"
        isInstalled = vector["$installed"]?.bool ?? false
        for member in vector["current"]?.object ?? [:] {
            if let name = InputName(member.name), let text = member.value.string { current[name] = text }
        }
    }
}

extension InputValidator {
    /// What the form comes to, as `run.js` tells it.
    fileprivate func outcome(
        _ raw: RawInputs, _ context: FormContext, _ condition: Condition?
    ) throws -> JSONObject {
        let generator = ValueGenerator { [UInt8](repeating: 7, count: $0) }
        let state = state(of: raw, in: context, generator: generator)
        var answers: [InputName: String] = [:]
        for field in state.fields { answers[field.name] = field.value?.revealed }
        func names(where isWanted: (FormState.Field) -> Bool) -> JSONValue {
            .array(state.fields.filter(isWanted).map(\.name.description).sorted().map(JSONValue.string))
        }
        let errors = state.fields.compactMap(\.violation).sorted { $0.field < $1.field }
        let texts = answers.sorted { $0.key.description < $1.key.description }
        let rules =
            state.otherViolations.filter { $0.code == .rule }.map(\.message)
            + state.warnings.filter { $0.code == .rule }.map(\.message)
        let holds = try condition.map {
            try ConditionEvaluator($0, in: manifest).holds(answers, in: context)
        }
        return [
            "holds": holds.map(JSONValue.bool) ?? .null, "hidden": names { !$0.isVisible },
            "required": names(where: \.isRequired), "readonly": names(where: \.isReadOnly),
            "values": .object(
                JSONObject(texts.map { ($0.key.description, .string($0.value)) })),
            "errors": .object(JSONObject(errors.map { ($0.field, .string($0.code.rawValue)) })),
            "rules": .array(rules.sorted().map(JSONValue.string)),
        ]
    }
}

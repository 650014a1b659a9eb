import ManifestKit
import Testing
import ValidationKit

/// What a person sees of a page's form while typing, over elements in miniature.
@Suite("A page's form", .timeLimit(.minutes(2))) struct FormPageTests {
    private static let manifest = """
        id: app
        name: App
        version: "1"
        input_groups: [{id: more, visible_if: {mode: prod}}]
        inputs:
          - {name: mode, type: select, allowed_values: [dev, prod], default: dev}
          - {name: managed, type: boolean, default: "false"}
          - {name: port_number, type: port, default: 80, readonly_if: {managed: "true"}}
          - {name: count, type: integer, required: false, required_if: {mode: prod}}
          - {name: tls, type: boolean, default: "true", visible_if: {mode: prod}, group: more}
          - {name: parts, type: multiselect, required: false, allowed_values: [a, b], group: more}
          - {name: mail, type: email}
          - {name: only_debian, type: string, visible_if: {$server.os: debian}}
          - {name: beside_debian, type: string, visible_if: {only_debian: {set: true}}}
        rules:
          - {id: few, assert: {$any: [{count: null}, {count: {lt: 5}}]}, message: few <b>, fields: [count]}
          - {id: whole, assert: {$not: {mode: prod, managed: "true"}}, message: whole, fields: []}
          - {id: memory, assert: {$server.ram_mb: {gt: 5}}, message: memory, fields: [mail]}

        """

    /// What is done, and what is seen then.
    private static let steps: [(done: JSONValue, seen: JSONValue)] = [
        // Nothing is said before anything is done.
        (.null, seen(hidden: devHidden, marked: devMarked)),
        (
            ["field": "mail", "value": "a@b"],
            seen(
                hidden: devHidden, marked: devMarked, messages: ["mail": "the value is not an e-mail address"]
            )
        ),
        (["field": "mail", "value": "a@b.co"], seen(hidden: devHidden, marked: devMarked)),
        (["field": "mode", "value": "prod"], seen(marked: prodMarked)),
        (["field": "count", "value": "7"], seen(marked: prodMarked, messages: ["count": "few <b>"])),
        (
            ["field": "count", "value": ""],
            seen(marked: prodMarked, messages: ["count": "an answer is required"])
        ),
        (["field": "count", "value": "4"], seen(marked: prodMarked)),
        (["field": "port_number", "value": "81"], seen(marked: prodMarked)),
        // A value that is wrong is not locked in.
        (
            ["field": "managed", "checked": true],
            seen(
                marked: prodMarked,
                messages: [
                    "": "whole", "port_number": "the value cannot be changed with these answers",
                ])
        ),
        (
            ["field": "port_number", "value": "80"],
            seen(marked: prodMarked, locked: ["port_number"], messages: ["": "whole"])
        ),
        (["field": "managed", "checked": false], seen(marked: prodMarked)),
        (
            ["field": "parts", "value": ["a", "z"]],
            seen(
                marked: prodMarked, messages: ["parts": "the value is not one of the values to choose from"])
        ),
        (
            ["field": "mode", "value": "dev"],
            seen(
                hidden: devHidden, marked: devMarked,
                messages: ["parts": "the value is not one of the values to choose from"])
        ),
    ]

    private static let devHidden: [JSONValue] = ["tls", "group more"]
    // What hangs upon a server that is not known is shown and not insisted on.
    private static let devMarked: [JSONValue] = ["mail"]
    private static let prodMarked: [JSONValue] = ["count", "mail"]

    private static func seen(
        hidden: [JSONValue] = [], marked: [JSONValue], locked: [JSONValue] = [], messages: JSONObject = [:]
    ) -> JSONValue {
        [
            "hidden": .array(hidden), "marked": .array(marked), "locked": .array(locked),
            "messages": .object(messages),
        ]
    }

    @Test func followsWhatIsTyped() throws {
        let decoded = Manifest.decode(Array(Self.manifest.utf8), file: "manifest.yml")
        let manifest = try #require(decoded.value, "\(decoded.diagnostics)")
        let input: JSONValue = [
            "form": Form(manifest).json, "context": FormContext().json,
            "steps": .array(Self.steps.map(\.done)),
        ]
        guard let results = try FormScript.result(of: "page.js", input) else { return }
        try #require(results.count == Self.steps.count)
        for (step, result) in zip(Self.steps, results) {
            let (seen, expected) = (result.canonicalBytes(), step.seen.canonicalBytes())
            #expect(
                String(decoding: seen, as: UTF8.self) == String(decoding: expected, as: UTF8.self),
                "\(String(decoding: step.done.bytes(), as: UTF8.self))")
        }
    }
}

import ArgumentParser
import ManifestKit
import ValidationKit

/// Shows what a form asks.
struct FormCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "form", abstract: "Shows what an application's form asks.")

    @Argument(help: "The application's id, or the path of its folder.")
    var id: String

    @Option(help: "The folder of applications.", completion: .directory)
    var installers = "installers"

    @Flag(help: "The form as programs read it.")
    var json = false

    func run() throws {
        let manifest = try ApplicationFolders.application(id, in: installers).manifest
        let form = Form(manifest)
        if json { return Terminal.put(form.json.indentedBytes()) }
        Terminal.say(FormText(form, manifest, Terminal()).text)
    }
}

/// A form as a person reads it on a terminal.
struct FormText {
    let text: String

    init(_ form: Form, _ manifest: Manifest, _ terminal: Terminal) {
        var lines = [terminal.styled("\(manifest.name) \(manifest.version)", .strong)]
        if !manifest.description.isEmpty {
            lines += manifest.description.split(separator: "\n").map { String($0) }
        }
        for field in form.fields {
            let mark = field.input.isRequired ? " *" : ""
            lines += ["", terminal.styled("\(field.name)", .strong) + "\(mark)  \(field.label)"]
            lines += Self.details(field).map { "    " + terminal.styled($0, .faint) }
        }
        if !form.rules.isEmpty { lines.append("") }
        for rule in form.rules {
            lines.append("\(rule.severity.rawValue): \(rule.message) unless \(rule.assertion.sentence)")
        }
        text = lines.joined(separator: "\n")
    }

    private static func details(_ field: Form.Field) -> [String] {
        let (input, rules) = (field.input, field.input.rules)
        var lines = [input.type.rawValue + (input.isSensitive ? ", never shown again" : "")]
        if let text = input.display.description { lines += text.split(separator: "\n").map { String($0) } }
        if let values = rules.allowedValues {
            lines.append("one of: " + values.map(\.value).joined(separator: ", "))
        }
        let range = [field.minValue.map { "from \($0)" }, field.maxValue.map { "to \($0)" }].compactMap(
            \.self)
        if !range.isEmpty {
            lines.append(range.joined(separator: " ") + (input.display.unit.map { " \($0)" } ?? ""))
        }
        let lengths = [rules.minLength.map { "at least \($0)" }, rules.maxLength.map { "at most \($0)" }]
            .compactMap(\.self)
        if !lengths.isEmpty { lines.append(lengths.joined(separator: ", ") + " characters") }
        if let pattern = rules.pattern { lines.append(pattern.message ?? "matches \(pattern.source)") }
        if let value = field.initialValue { lines.append("default: \(value)") }
        if let rule = input.generation { lines.append("made where none is given: \(rule.kind.rawValue)") }
        if let condition = input.visibility { lines.append("asked where \(condition.sentence)") }
        if let condition = input.requirement { lines.append("required where \(condition.sentence)") }
        if let condition = input.freeze { lines.append("fixed where \(condition.sentence)") }
        if let warning = input.display.warning { lines.append("mind: \(warning)") }
        return lines
    }
}

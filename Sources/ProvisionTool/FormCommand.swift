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

    @Option(help: "The action whose form it is.")
    var action = "install"

    @Flag(help: "The form as programs read it.")
    var json = false

    func run() throws {
        let manifest = try ApplicationFolders.application(id, in: installers).manifest
        try manifest.checkAction(action)
        let form = Form(manifest, action: action)
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
            lines += Self.details(field, form).map { "    " + terminal.styled($0, .faint) }
        }
        if !form.rules.isEmpty { lines.append("") }
        for rule in form.rules {
            let what = rule.severity == .error ? "refused" : "warned of"
            lines.append("\(what) unless \(rule.assertion.sentence): \(rule.message)")
        }
        if form.fields.contains(where: \.input.isRequired) { lines += ["", "* has to be answered"] }
        text = lines.joined(separator: "\n")
    }

    private static func details(_ field: Form.Field, _ form: Form) -> [String] {
        let input = field.input
        var lines = [input.type.rawValue + (input.isSensitive ? ", never shown again" : "")]
        if let text = input.display.description { lines += text.split(separator: "\n").map { String($0) } }
        if let id = input.display.group, let group = form.groups.first(where: { $0.id == id }) {
            lines.append("below: \(group.label)")
        }
        lines += limits(field)
        if let example = input.display.example { lines.append("for example: \(example)") }
        if let value = field.initialValue { lines.append("default: \(input.type.spelling(of: value))") }
        if let rule = input.generation { lines.append("made where none is given: \(rule.kind.rawValue)") }
        if let condition = input.visibility { lines.append("asked where \(condition.sentence)") }
        if let condition = input.requirement { lines.append("required where \(condition.sentence)") }
        if let condition = input.freeze { lines.append("fixed where \(condition.sentence)") }
        if input.immutability != nil { lines.append("fixed once installed") }
        if let text = input.deprecation { lines.append("goes away\(text.isEmpty ? "" : ": \(text)")") }
        if let warning = input.display.warning { lines.append("mind: \(warning)") }
        return lines
    }

    /// What a value has to satisfy beyond its type.
    private static func limits(_ field: Form.Field) -> [String] {
        let (type, rules) = (field.input.type, field.input.rules)
        var lines: [String] = []
        func number(_ number: DecimalNumber) -> String { type.spelling(of: number.description) }
        func range(_ parts: String?..., behind: String = "") {
            let given = parts.compactMap(\.self)
            if !given.isEmpty { lines.append(given.joined(separator: " ") + behind) }
        }
        if let values = rules.allowedValues {
            let shown = values.map { $0.value == $0.label ? $0.value : "\($0.value) (\($0.label))" }
            lines.append((type == .multiselect ? "any of: " : "one of: ") + shown.joined(separator: ", "))
        }
        if !rules.deniedValues.isEmpty {
            lines.append("none of: " + rules.deniedValues.joined(separator: ", "))
        }
        range(
            field.minValue.map { "from \(number($0))" }, field.maxValue.map { "to \(number($0))" },
            rules.step.map { "in steps of \(number($0))" },
            behind: field.input.display.unit.map { " \($0)" } ?? "")
        range(
            rules.minLength.map { "at least \($0)" }, rules.maxLength.map { "at most \($0)" },
            behind: " characters")
        range(
            rules.minItems.map { "at least \($0)" }, rules.maxItems.map { "at most \($0)" }, behind: " items")
        if rules.hasUniqueItems { lines.append("no item twice") }
        if let pattern = rules.pattern { lines.append(pattern.message ?? "matches \(pattern.source)") }
        if let schemes = rules.schemes {
            lines.append("begins with \(schemes.joined(separator: "://, "))://")
        }
        if let folders = rules.folders { lines.append("in \(folders.joined(separator: " or "))") }
        switch rules.privilege {
        case .allow: break
        case .warn: lines.append("ports below 1024 are warned of")
        case .deny: lines.append("no port below 1024")
        }
        if rules.isConfirmed { lines.append("asked twice") }
        return lines
    }
}

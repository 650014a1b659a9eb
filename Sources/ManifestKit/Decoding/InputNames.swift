/// The names, names of before and variables of inputs, each the only one of its kind.
struct InputNames {
    /// Who has a name or a variable.
    private struct Owner {
        let name: InputName
        let line: Int

        init(_ field: InputField) {
            name = field.name
            line = field.location.line
        }
    }

    private var names: [InputName: Owner] = [:]
    private var variables: [String: Owner] = [:]

    init() {}

    /// What `fields` are called; what is called so already, among them or by `others`, is reported.
    init(of fields: [InputField], beside others: InputNames, _ findings: Findings) {
        for field in fields {
            if let earlier = names[field.name] ?? others.names[field.name] {
                let found =
                    earlier.name == field.name
                    ? "is declared twice; it is already on line \(earlier.line)"
                    : "has a name that is already an alias of '\(earlier.name)'"
                findings.error(.collision, "input '\(field.name)' \(found)", at: field.location)
            } else if let earlier = variables[field.environmentName]
                ?? others.variables[field.environmentName]
            {
                findings.error(
                    .collision,
                    "inputs '\(earlier.name)' and '\(field.name)' share the variable '\(field.environmentName)'",
                    at: field.location)
            }
            names[field.name] = names[field.name] ?? Owner(field)
            variables[field.environmentName] = variables[field.environmentName] ?? Owner(field)
        }
        for field in fields {
            for alias in field.aliases {
                if let other = names[alias] ?? others.names[alias] {
                    findings.error(
                        .collision,
                        "alias '\(alias)' of input '\(field.name)' is already a name of '\(other.name)'",
                        at: field.aliasLocation ?? field.location)
                }
                names[alias] = names[alias] ?? Owner(field)
            }
        }
    }
}

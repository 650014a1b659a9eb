/// A condition over the answers of a form and over what is known around it.
///
/// The same grammar serves `visible_if`, `required_if`, `readonly_if`, rules,
/// health checks and dependencies. ValidationKit evaluates it, and `form.js` in
/// the browser; both run the same vectors. Evaluation is total and free of side
/// effects: whatever is hidden, unanswered or unknown is null.
public indirect enum Condition: Sendable, Hashable {
    /// Every one of the conditions holds.
    case all([Condition])
    /// At least one of the conditions holds.
    case any([Condition])
    /// The condition does not hold.
    case not(Condition)
    /// One value is compared.
    case comparison(Comparison)

    /// One value and what it is compared with.
    public struct Comparison: Sendable, Hashable {
        /// The left side.
        public let subject: Subject
        /// How it is compared.
        public let `operator`: Operator
        /// The right side: several for `in` and `not_in`, else one.
        public let operands: [Operand]

        package init(_ subject: Subject, _ operator: Operator, _ operands: [Operand]) {
            self.subject = subject
            self.operator = `operator`
            self.operands = operands
        }
    }

    /// A value that is there or null.
    public enum Subject: Sendable, Hashable {
        /// The answer to an input.
        case input(InputName)
        /// Something known around the form.
        case context(Context)

        /// The name as it is written: `enable_ssl`, `$server.os`.
        public var name: String {
            switch self {
            case .input(let name): name.description
            case .context(let context): context.rawValue
            }
        }
    }

    /// What is known around the form, by the name that manifests use.
    public enum Context: String, Sendable, CaseIterable {
        /// The server's system, `ID` of `/etc/os-release`.
        case os = "$server.os"
        /// The system's version.
        case osVersion = "$server.os_version"
        /// The kernel's word for the server's processor.
        case architecture = "$server.arch"
        /// The server's memory, in MiB.
        case memory = "$server.ram_mb"
        /// What is asked for: `install`, `configure`, …
        case action = "$action"
        /// Whether the application is installed on the server.
        case isInstalled = "$installed"

        /// How its values compare.
        package var kind: ValueKind {
            switch self {
            case .os, .architecture, .action: .text
            case .osVersion: .version
            case .memory: .number
            case .isInstalled: .boolean
            }
        }
    }

    /// How a value is compared; of null only `eq: null` and `set: false` hold.
    public enum Operator: String, Sendable, CaseIterable {
        /// Both are the same.
        case equal = "eq"
        /// Both are not the same.
        case notEqual = "ne"
        /// It is one of the operands.
        case isIn = "in"
        /// It is none of the operands.
        case isNotIn = "not_in"
        /// It is greater than the operand.
        case greater = "gt"
        /// It is the operand or greater.
        case atLeast = "gte"
        /// It is less than the operand.
        case less = "lt"
        /// It is the operand or less.
        case atMost = "lte"
        /// The whole value matches the pattern.
        case matches
        /// The whole value does not match the pattern.
        case notMatches = "not_matches"
        /// It begins with the operand.
        case startsWith = "starts_with"
        /// It ends with the operand.
        case endsWith = "ends_with"
        /// The text holds the operand, or the list has it as an item.
        case contains
        /// Whether there is a value at all, as the operand says.
        case isSet = "set"

        /// Whether values of `kind` can be compared so.
        package func applies(to kind: ValueKind) -> Bool {
            switch self {
            case .equal, .notEqual, .isIn, .isNotIn, .isSet: true
            case .greater, .atLeast, .less, .atMost: kind == .number || kind == .version || kind == .date
            case .matches, .notMatches, .startsWith, .endsWith: kind == .text
            case .contains: kind == .text || kind == .list
            }
        }
    }

    /// What a value is compared with.
    public enum Operand: Sendable, Hashable {
        /// No value.
        case null
        /// The canonical text of a value of the left side's kind; a pattern's source for `matches`.
        case text(String)
        /// The value of something else; null where that is.
        case subject(Subject)
    }

    /// Every value that decides, those on the right sides among them, as often as they appear.
    public var subjects: [Subject] {
        switch self {
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.subjects)
        case .not(let condition): condition.subjects
        case .comparison(let comparison):
            [comparison.subject]
                + comparison.operands.compactMap { if case .subject(let other) = $0 { other } else { nil } }
        }
    }

    /// The inputs whose answers decide.
    public var fields: [InputName] {
        subjects.compactMap { if case .input(let name) = $0 { name } else { nil } }
    }
}

extension Condition {
    /// The condition in the manifest's own grammar, in its one spelling: no short forms.
    package var json: JSONValue {
        switch self {
        case .all(let conditions): ["$all": .array(conditions.map(\.json))]
        case .any(let conditions): ["$any": .array(conditions.map(\.json))]
        case .not(let condition): ["$not": condition.json]
        case .comparison(let comparison):
            .object(
                JSONObject([
                    (
                        comparison.subject.name,
                        .object(JSONObject([(comparison.operator.rawValue, comparison.json)]))
                    )
                ]))
        }
    }
}

extension Condition.Comparison {
    fileprivate var json: JSONValue {
        switch `operator` {
        case .isIn, .isNotIn: .array(operands.map(\.json))
        case .isSet: .bool(operands == [.text("true")])
        default: operands.first?.json ?? .null
        }
    }
}

extension Condition.Operand {
    fileprivate var json: JSONValue {
        switch self {
        case .null: .null
        case .text(let text): .string(text)
        case .subject(let subject): ["field": .string(subject.name)]
        }
    }
}

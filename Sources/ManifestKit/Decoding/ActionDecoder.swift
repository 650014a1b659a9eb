/// Reads `actions` and what is short for an entry of it.
struct ActionDecoder {
    /// What an action has where it says nothing else.
    struct Defaults {
        let timeoutSeconds: Int
        let isIdempotent: Bool
        let retry: RetryRule
        let exitCodes: [Int: ExitCodeMeaning]
    }

    /// The most inputs of an action's own.
    private static let maximumInputs = 100
    /// The most actions.
    private static let maximumActions = 100

    let defaults: Defaults
    let scope: ConditionDecoder.Scope
    /// What the manifest's inputs are called.
    let taken: InputNames
    /// What else the manifest says that actions follow from.
    let hasServices: Bool
    let hasHealth: Bool
    let findings: Findings

    /// The actions that are offered, the standard ones first; nil where the script that installs was reported.
    func decode(_ manifest: MappingReader) -> [Action]? {
        let entries = manifest.map("actions", keys: nil)?.named ?? []
        var declared: [String: MappingReader] = [:]
        var own: [String] = []
        if entries.count > Self.maximumActions, let node = manifest.node("actions") {
            findings.error(
                .limit, "'actions' has \(entries.count) entries; at most \(Self.maximumActions) are read",
                at: node.location)
        }
        for entry in entries.prefix(Self.maximumActions) {
            guard Self.isName(entry.key) else {
                findings.error(
                    .identifier,
                    "action \(Diagnostic.quoted(entry.key)) is not a lower-case letter, then letters, digits and underscores, at most 32",
                    at: entry.location)
                continue
            }
            declared[entry.key] = MappingReader(
                entry.value, keys: .action, name: "the entry", owner: " of action '\(entry.key)'",
                findings: findings)
            guard Action.Standard(rawValue: entry.key) == nil else { continue }
            own.append(entry.key)
            let hint = findings.hint(for: entry.key, among: Action.Standard.allCases.map(\.rawValue))
            if !hint.isEmpty {
                findings.warning(.style, "action '\(entry.key)' is one of its own\(hint)", at: entry.location)
            }
        }
        let install = installScript(manifest, declared["install"])
        var actions: [Action] = []
        let names = Action.Standard.allCases.map { (name: $0.rawValue, standard: Optional($0)) }
        for (name, standard) in names + own.map({ ($0, nil) }) {
            let reader = declared[name]
            // All of an entry is read, whether it is offered or not: for the findings.
            let means = means(of: standard, name, reader, manifest, install: install)
            guard means != nil || reader != nil else { continue }
            let action = action(name, means, reader)
            if means != nil { actions.append(action) }
        }
        return install == nil ? nil : actions
    }

    private func action(_ name: String, _ means: Action.Means?, _ reader: MappingReader?) -> Action {
        let (asked, own, order) = inputs(of: reader)
        return Action(
            name: name, means: means ?? .health, label: reader?.text("label")?.text ?? name,
            description: reader?.text("description", lines: .many)?.text, inputs: asked, ownInputs: own,
            ownEvaluationOrder: order,
            timeoutSeconds: reader?.integer("timeout_seconds", in: 1...86_400) ?? defaults.timeoutSeconds,
            killGraceSeconds: reader?.duration("kill_grace", in: 1...300) ?? 10,
            isIdempotent: reader?.bool("idempotent") ?? defaults.isIdempotent,
            isDestructive: reader?.bool("destructive") ?? false,
            hasHealthGate: reader?.bool("health_gate") ?? true,
            retry: reader.flatMap { RetryDecoder.decode($0) } ?? defaults.retry,
            exitCodes: defaults.exitCodes.merging(reader.map { ExitCodeDecoder.decode($0) } ?? [:]) { $1 })
    }

    // MARK: Scripts

    private func installScript(_ manifest: MappingReader, _ action: MappingReader?) -> LocatedText? {
        guard manifest.has("install_script") || action?.has("script") == true else {
            return LocatedText(text: "install.sh", style: .plain, location: findings.start)
        }
        return script("install_script", manifest, action)
    }

    /// The script that the short key or the action's entry names; both may only name the same.
    private func script(_ key: String, _ manifest: MappingReader, _ action: MappingReader?) -> LocatedText? {
        let short = manifest.file(key)
        let long = action?.file("script")
        if let short, let long, short.text != long.text {
            findings.error(
                .rule, "'script'\(action?.owner ?? "") is not what '\(key)' says; keep one of the two",
                at: long.location)
        }
        return long ?? short
    }

    private func means(
        of standard: Action.Standard?, _ name: String, _ reader: MappingReader?, _ manifest: MappingReader,
        install: LocatedText?
    ) -> Action.Means? {
        func scripted(_ script: LocatedText) -> Action.Means {
            findings.scripts.append(script)
            return .script(script.text)
        }
        let given =
            standard == .remove ? script("uninstall_script", manifest, reader) : reader?.file("script")
        switch standard {
        case .install: return install.map(scripted)
        case _ where given != nil: return given.map(scripted)
        case .configure, .upgrade:
            if reader?.bool("idempotent") ?? defaults.isIdempotent { return install.map { .script($0.text) } }
        case .status, .start, .stop, .restart: if hasServices { return .services }
        case .verify: if hasHealth { return .health }
        case .remove, .backup, .restore, nil: break
        }
        if let reader, install != nil, !reader.has("script") {
            let instead: String =
                switch standard {
                case .configure, .upgrade: ", or 'idempotent: true'"
                case .status, .start, .stop, .restart: ", or 'services' to do it with"
                case .verify: ", or 'health' to do it with"
                default: ""
                }
            findings.error(.missingKey, "action '\(name)' needs a 'script'\(instead)", at: reader.location)
        }
        return nil
    }

    // MARK: Inputs

    /// Names of the manifest's inputs, and inputs that stand in the list themselves.
    private func inputs(of reader: MappingReader?) -> ([InputName]?, own: [InputField], order: [Int]) {
        guard let reader, let elements = reader.elements("inputs", atMost: Self.maximumInputs) else {
            return (nil, [], [])
        }
        var names: [InputName] = []
        var own: [YAMLNode] = []
        for element in elements {
            if case .mapping = element.content {
                own.append(element)
            } else if let text = reader.text(
                of: element, name: "an entry of 'inputs'\(reader.owner)", warns: false)
            {
                guard let name = InputName(text.text), scope[name] != nil else {
                    if scope.lacks(text.text) {
                        let hint = findings.hint(for: text.text, among: scope.names)
                        findings.error(
                            .reference, "\(Diagnostic.quoted(text.text))\(reader.owner) is no input\(hint)",
                            at: text.location)
                    }
                    continue
                }
                if names.contains(name) {
                    findings.error(
                        .collision, "'inputs'\(reader.owner) names '\(name)' twice", at: text.location)
                }
                names.append(name)
            }
        }
        let (fields, order) = InputListDecoder(findings: findings).decode(own: own, beside: scope, taken)
        return (names, fields, order)
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, ASCII.isLowercase(first), text.utf8.count <= 32 else {
            return false
        }
        return text.utf8.allSatisfy { ASCII.isLowercase($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
    }
}

/// Reads `retry`.
enum RetryDecoder {
    /// The rule under the owner's `retry`; nil where there is none.
    static func decode(_ owner: MappingReader) -> RetryRule? {
        guard let reader = owner.map("retry", keys: .retry) else { return nil }
        let standard = RetryRule.standard
        let base = reader.duration("base", in: 1...86_400) ?? standard.baseSeconds
        let most = reader.duration("max", in: 1...86_400) ?? max(base, standard.maxSeconds)
        if base > most, reader.has("base") {
            reader.findings.error(
                .rule, "'base'\(reader.owner) is longer than 'max'",
                at: reader.node("base")?.location ?? reader.location)
        }
        return RetryRule(
            maxAttempts: reader.integer("max_attempts", in: 1...3) ?? standard.maxAttempts,
            backoff: reader.word("backoff", RetryRule.Backoff.self) ?? standard.backoff,
            baseSeconds: min(base, most),
            maxSeconds: most)
    }
}

/// Reads `exit_codes`.
enum ExitCodeDecoder {
    /// The meanings under the owner's `exit_codes`, by their codes.
    static func decode(_ owner: MappingReader) -> [Int: ExitCodeMeaning] {
        guard let codes = owner.map("exit_codes", keys: nil) else { return [:] }
        var meanings: [Int: ExitCodeMeaning] = [:]
        for entry in codes.named {
            guard let code = Int(exactDecimal: entry.key), (1...255).contains(code) else {
                codes.findings.error(
                    .range, "exit code \(Diagnostic.quoted(entry.key)) is not a whole number from 1 to 255",
                    at: entry.location)
                continue
            }
            guard
                let map = MappingReader(
                    entry.value, keys: .exitCode, name: "the meaning", owner: " of exit code \(code)",
                    findings: codes.findings),
                let kind = map.word("class", ExitCodeMeaning.Class.self, except: .success)
            else { continue }
            meanings[code] = ExitCodeMeaning(kind, message: map.text("message")?.text)
        }
        return meanings
    }
}

/// Reads `health`.
struct HealthDecoder {
    /// The kinds of checks, as they are written.
    static let kinds = ["http", "tcp", "systemd", "process", "file", "command"]

    /// The keys that each kind looks at.
    private static let keys: [String: Set<String>] = [
        "http": ["url", "port", "path", "expect_status", "expect_body"], "tcp": ["port"], "systemd": ["unit"],
        "process": ["name"], "file": ["path"], "command": ["script"],
    ]

    /// Seconds that all checks of an application may take together.
    private static let longest = 86_400

    let scope: ConditionDecoder.Scope
    let findings: Findings

    func decode(_ manifest: MappingReader) -> [HealthCheck] {
        let checks = elements(manifest)
        let longest = checks.reduce(0) { $0 + $1.longestSeconds }
        if longest > Self.longest, let node = manifest.node("health") {
            findings.error(
                .range,
                "the checks of 'health' may take \(longest) seconds together; at most \(Self.longest)",
                at: node.location)
        }
        return checks
    }

    private func elements(_ manifest: MappingReader) -> [HealthCheck] {
        var seen: Set<String> = []
        return manifest.elements("health", atMost: 100)?.compactMap { node in
            guard let probe = MappingReader(node, keys: nil, name: "an entry of 'health'", findings: findings)
            else {
                return nil
            }
            let id = probe.name("id", "health check's id")?.description
            let owner = id.map { " of health check '\($0)'" } ?? " of a health check"
            guard
                let reader = MappingReader(
                    node, keys: .health, name: "the check", owner: owner, findings: findings),
                let id
            else { return nil }
            if !seen.insert(id).inserted {
                findings.error(.collision, "health check '\(id)' is declared twice", at: probe.location)
            }
            return check(id, reader)
        } ?? []
    }

    /// All of a check is read, whatever is wrong with a part of it: for the findings.
    private func check(_ id: String, _ reader: MappingReader) -> HealthCheck? {
        let kind = kind(reader)
        let check = HealthCheck(
            id: id, kind: kind ?? .process(name: ""),
            condition: reader.node("when").flatMap {
                ConditionDecoder(key: "when", owner: reader.owner, scope: scope, findings: findings).decode(
                    $0)
            },
            timeoutSeconds: reader.duration("timeout", in: 1...3600) ?? 5,
            retries: reader.integer("retries", in: 0...100) ?? 3,
            intervalSeconds: reader.duration("interval", in: 1...3600) ?? 2,
            startPeriodSeconds: reader.duration("start_period", in: 0...3600) ?? 30,
            severity: reader.word("severity", HealthCheck.Severity.self) ?? .critical)
        return kind == nil ? nil : check
    }

    private func kind(_ reader: MappingReader) -> HealthCheck.Kind? {
        guard let word = reader.word("kind", among: Self.kinds), let keys = Self.keys[word] else {
            return nil
        }
        let others = Self.keys.values.reduce(Set<String>()) { $0.union($1) }.subtracting(keys)
        for entry in reader.entries where others.contains(entry.key) {
            findings.error(
                .rule, "'\(entry.key)'\(reader.owner) is not for checks of kind \(word)",
                at: entry.location)
        }
        switch word {
        case "http": return http(reader)
        case "tcp":
            reader.require("port")
            return port(reader).map(HealthCheck.Kind.tcp)
        case "systemd":
            reader.require("unit")
            return reader.unit("unit").map { .systemd(unit: $0.text) }
        case "process":
            reader.require("name")
            return process(reader).map { .process(name: $0) }
        case "file":
            reader.require("path")
            return reader.fullPath("path").map { .file(path: $0.text) }
        default:
            reader.require("script")
            return reader.file("script").map { script in
                findings.scripts.append(script)
                return .command(script: script.text)
            }
        }
    }

    // MARK: HTTP

    private func http(_ reader: MappingReader) -> HealthCheck.Kind? {
        guard reader.has("url") != reader.has("port") else {
            findings.error(
                .rule,
                "\(reader.owner.trimmed.dropFirst(3)) has to name 'url' or 'port'\(reader.has("url") ? ", not both" : "")",
                at: reader.location)
            return nil
        }
        let statuses = statuses(reader) ?? [200]
        let body = reader.text("expect_body")?.text
        if reader.has("url") {
            if let node = reader.node("path") {
                findings.error(
                    .rule, "'path'\(reader.owner) stands beside a 'url', which has its own", at: node.location
                )
            }
            guard let text = reader.text("url") else { return nil }
            guard (try? URLValue.canonicalText(of: text.text)) != nil,
                URLValue.schemes.contains(URLValue.scheme(of: text.text))
            else {
                findings.error(
                    .format,
                    "'url'\(reader.owner) is \(Diagnostic.quoted(text.text)); write an address of http or https",
                    at: text.location)
                return nil
            }
            return .http(.url(text.text), expectStatus: statuses, expectBody: body)
        }
        guard let port = port(reader) else { return nil }
        let path = reader.text("path")
        if let path, path.text.utf8.first != UInt8(ascii: "/") {
            findings.error(
                .format, "'path'\(reader.owner) is \(Diagnostic.quoted(path.text)); a path begins with '/'",
                at: path.location)
        }
        return .http(.local(port, path: path?.text ?? "/"), expectStatus: statuses, expectBody: body)
    }

    private func statuses(_ reader: MappingReader) -> [Int]? {
        guard let node = reader.node("expect_status") else { return nil }
        let nodes = if case .sequence(let elements) = node.content { elements } else { [node] }
        let numbers = nodes.map { node -> Int? in
            guard case .scalar(let text, .plain) = node.content, let number = Int(exactDecimal: text),
                (100...599).contains(number)
            else { return nil }
            return number
        }
        guard !numbers.isEmpty, !numbers.contains(nil) else {
            findings.error(
                .format, "'expect_status'\(reader.owner) is not a status from 100 to 599, nor a list of them",
                at: node.location)
            return nil
        }
        return numbers.compactMap(\.self)
    }

    // MARK: Parts

    private func port(_ reader: MappingReader) -> HealthCheck.Port? {
        guard let text = reader.text("port", warns: false) else { return nil }
        if let number = Int(exactDecimal: text.text) {
            guard (1...65535).contains(number) else {
                findings.error(
                    .range, "'port'\(reader.owner) is '\(number)'; write 1 to 65535, or an input's name",
                    at: text.location)
                return nil
            }
            return .number(number)
        }
        guard let input = PortReference(scope: scope, findings: findings).input(text, owner: reader.owner)
        else { return nil }
        guard scope[input]?.field.isSensitive != true else {
            findings.error(
                .reference,
                "input '\(input)'\(reader.owner) is sensitive; the check's program would show it to everybody",
                at: text.location)
            return nil
        }
        return .input(input)
    }

    private func process(_ reader: MappingReader) -> String? {
        guard let node = reader.node("name"),
            let text = reader.text(of: node, name: "'name'\(reader.owner)", isFree: false)
        else { return nil }
        if !text.text.trimmed.isEmpty { return text.text }
        findings.error(
            .format, "'name'\(reader.owner) is empty; write the process's name", at: text.location)
        return nil
    }
}

/// An input that gives a port's number.
struct PortReference {
    let scope: ConditionDecoder.Scope
    let findings: Findings

    func input(_ text: LocatedText, owner: String) -> InputName? {
        guard let field = InputName(text.text).flatMap({ scope[$0]?.field }) else {
            if scope.lacks(text.text) {
                let hint = findings.hint(for: text.text, among: scope.names)
                findings.error(
                    .reference, "\(Diagnostic.quoted(text.text))\(owner) is no input\(hint)",
                    at: text.location)
            }
            return nil
        }
        guard field.type == .port else {
            findings.error(
                .reference,
                "input '\(field.name)'\(owner) is of type \(field.type.rawValue); a port is wanted",
                at: text.location)
            return nil
        }
        return field.name
    }
}

/// Reads the top of a manifest; the parts have decoders of their own.
struct ManifestDecoder {
    private let reader: MappingReader
    private let findings: Findings

    /// The manifest that `node` holds, or nil where something it cannot do without was reported.
    static func decode(_ node: YAMLNode, findings: Findings) -> Manifest? {
        // The version says how unknown keys are taken, so it is read before they are looked at.
        guard let probe = MappingReader(node, keys: nil, name: "the manifest", findings: findings) else {
            return nil
        }
        let version: Int? = probe.integer("schema_version", in: 1...1)
        findings.isLenient = !probe.has("schema_version")
        guard let reader = MappingReader(node, keys: .manifest, name: "the manifest", findings: findings)
        else { return nil }
        return ManifestDecoder(reader: reader, findings: findings).manifest(schemaVersion: version)
    }

    private func manifest(schemaVersion: Int?) -> Manifest? {
        let head = head(schemaVersion)
        let host = HostRequirementDecoder(findings: findings).decode(reader.node("os_requirements"))
        let inputs = InputListDecoder(findings: findings).decode(reader)
        // What follows from the inputs is read where they could not be, too: for its own findings.
        let scope = inputs?.scope ?? ConditionDecoder.Scope(isComplete: false)
        let fields = inputs?.fields ?? []
        let shown = PresentationDecoder(manifest: reader, scope: scope, findings: findings)
        let groups = shown.groups()
        let rules = shown.rules()
        let changelog = shown.changelog()
        let owned = InventoryDecoder(manifest: reader, id: head?.id, scope: scope, findings: findings)
        let services = owned.services()
        let health = HealthDecoder(scope: scope, findings: findings).decode(reader)
        let defaults = ActionDecoder.Defaults(
            timeoutSeconds: reader.integer("timeout_seconds", in: 1...86_400) ?? 600,
            isIdempotent: reader.bool("idempotent") ?? false, retry: RetryDecoder.decode(reader) ?? .standard,
            exitCodes: ExitCodeDecoder.decode(reader))
        if reader.has("retry"), !defaults.isIdempotent, let node = reader.node("retry"),
            !reader.has("actions")
        {
            findings.warning(
                .style, "'retry' has no effect without 'idempotent: true'", at: node.location)
        }
        let actions = ActionDecoder(
            defaults: defaults, scope: scope, taken: inputs?.taken ?? InputNames(),
            hasServices: !services.isEmpty,
            hasHealth: !health.isEmpty,
            findings: findings
        ).decode(reader)
        let own = (actions ?? []).flatMap(\.ownInputs)
        let environment = environment(beside: fields + own)
        shown.checkGroups(of: fields, among: groups)
        shown.checkGroups(of: own, among: groups)
        let (ports, outputs, data) = (owned.ports(), owned.outputs(), owned.data())
        let (dependencies, resources) = (owned.dependencies(), owned.resources())
        guard let head, let host, let inputs, let order = inputs.evaluationOrder, let actions else {
            return nil
        }
        return Manifest(
            head: head, hostRequirement: host.requirement, resourceRequirement: resources,
            inputGroups: groups,
            inputs: inputs.fields, rules: rules, actions: actions, timeoutSeconds: defaults.timeoutSeconds,
            isIdempotent: defaults.isIdempotent, retry: defaults.retry, exitCodes: defaults.exitCodes,
            environment: environment, services: services, ports: ports, health: health, outputs: outputs,
            data: data,
            dependencies: dependencies, changelog: changelog, file: findings.file,
            idLocation: reader.node("id")?.location ?? findings.start, scripts: findings.scripts,
            conditionPatterns: findings.patterns, looseVersionLocation: host.looseVersionLocation,
            evaluationOrder: order)
    }

    private func head(_ schemaVersion: Int?) -> Manifest.Head? {
        let id = identifier()
        let name = shownText("name")
        let version = shownText("version")
        let optional = (
            description: reader.text("description", lines: .many)?.text ?? "",
            category: reader.text("category")?.text ?? "", author: reader.text("author")?.text,
            homepage: address("homepage"), license: reader.text("license")?.text,
            tags: reader.texts("tags")?.map(\.text) ?? [], documentation: address("docs")
        )
        let revision = reader.integer("revision", in: 1...Int(Int32.max)) ?? 1
        let stability = reader.word("stability", Manifest.Stability.self) ?? .stable
        guard let id, let name, let version else { return nil }
        return Manifest.Head(
            schemaVersion: schemaVersion, id: id, name: name, version: version, revision: revision,
            description: optional.description, category: optional.category, author: optional.author,
            homepage: optional.homepage, documentation: optional.documentation, license: optional.license,
            tags: optional.tags, stability: stability)
    }

    private func identifier() -> ManifestID? {
        guard let node = reader.node("id"), let text = reader.text(of: node, name: "'id'", isFree: false)
        else {
            return nil
        }
        if let id = ManifestID(text.text) { return id }
        findings.error(
            .identifier,
            "id \(Diagnostic.quoted(text.text)) is not lower-case letters and digits with single hyphens between them, at most 63",
            at: text.location)
        return nil
    }

    /// A text of one line that has to say something.
    private func shownText(_ key: String) -> String? {
        guard let node = reader.node(key), let text = reader.text(of: node, name: "'\(key)'", isFree: false)
        else { return nil }
        guard !text.text.trimmed.isEmpty, text.text.unicodeScalars.count <= 200 else {
            findings.error(
                .format, "'\(key)' is empty or too long; write 1 to 200 characters", at: text.location)
            return nil
        }
        return text.text
    }

    private func address(_ key: String) -> String? {
        guard let node = reader.node(key), let text = reader.text(of: node, name: "'\(key)'", isFree: false)
        else { return nil }
        guard let address = try? InputType.url.canonicalText(of: text.text),
            address.hasSameBytes(as: text.text),
            URLValue.schemes.contains(URLValue.scheme(of: address))
        else {
            findings.error(
                .format,
                "\(key) \(Diagnostic.quoted(text.text)) is not a URL such as 'https://example.org/path'",
                at: text.location)
            return nil
        }
        return text.text
    }

    /// Variables that every script is given; they share a space with those of the inputs.
    private func environment(beside inputs: @autoclosure () -> [InputField]) -> [String: String] {
        guard let map = reader.map("env", keys: nil) else { return [:] }
        let taken = Dictionary(inputs().map { ($0.environmentName, $0.name) }) { first, _ in first }
        var variables: [String: String] = [:]
        for entry in map.named {
            EnvironmentName.check(entry.key, owner: " of 'env'", at: entry.location, findings)
            if let input = taken[entry.key] {
                findings.error(
                    .collision, "variable '\(entry.key)' of 'env' is already that of input '\(input)'",
                    at: entry.location)
            }
            if entry.value.isUnusable { continue }
            variables[entry.key] = map.text(of: entry.value, name: "variable '\(entry.key)' of 'env'")?.text
        }
        return variables
    }
}

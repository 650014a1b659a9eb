/// Reads what an application has on its server: services, ports, outputs, data, dependencies, resources.
struct InventoryDecoder {
    let manifest: MappingReader
    /// The application's own name, where it could be read.
    let id: ManifestID?
    let scope: ConditionDecoder.Scope
    let findings: Findings

    func services() -> [ServiceUnit] {
        var seen: Set<String> = []
        return manifest.maps("services", keys: .service).compactMap { reader in
            let isEssential = reader.bool("essential") ?? true
            guard let text = reader.unit("unit") else { return nil }
            unique(text, "unit", &seen)
            return ServiceUnit(unit: text.text, isEssential: isEssential)
        }
    }

    func ports() -> [PortUse] {
        var seen: Set<PortKey> = []
        return manifest.maps("ports", keys: .port).compactMap { reader in
            let transport = reader.word("protocol", PortUse.TransportProtocol.self) ?? .tcp
            let exposure = reader.word("exposure", PortUse.Exposure.self) ?? .public
            let purpose = reader.text("purpose")?.text
            guard reader.has("input") != reader.has("number") else {
                findings.error(
                    .rule, "a port has to name 'input' or 'number'\(reader.has("input") ? ", not both" : "")",
                    at: reader.location)
                return nil
            }
            let number = reader.integer("number", in: 1...65535).map(HealthCheck.Port.number)
            let input = reader.text("input", warns: false).flatMap {
                PortReference(scope: scope, findings: findings).input($0, owner: " of 'ports'")
            }
            guard let port = number ?? input.map(HealthCheck.Port.input) else { return nil }
            if !seen.insert(PortKey(port: port, transport: transport)).inserted {
                findings.error(
                    .collision, "port '\(port.name)' of protocol \(transport.rawValue) is declared twice",
                    at: reader.location)
            }
            return PortUse(port: port, protocol: transport, exposure: exposure, purpose: purpose)
        }
    }

    /// What may be declared once.
    private struct PortKey: Hashable {
        let port: HealthCheck.Port
        let transport: PortUse.TransportProtocol
    }

    func outputs() -> [Output] {
        var seen: Set<String> = []
        return manifest.maps("outputs", keys: .output).compactMap { reader in
            let type = reader.word("type", InputType.self) ?? .string
            let label = reader.text("label")?.text
            let isSensitive = reader.bool("sensitive") ?? (type == .password)
            if type == .password, !isSensitive, let node = reader.node("sensitive") {
                findings.error(
                    .rule, "'sensitive'\(reader.owner) is false; a password is always sensitive",
                    at: node.location)
            }
            let kind = reader.word("kind", Output.Kind.self) ?? .value
            if kind == .credential, !isSensitive, let node = reader.node("kind") {
                findings.warning(
                    .style, "the credential\(reader.owner) is shown to everybody; say 'sensitive: true'",
                    at: node.location)
            }
            guard let name = reader.name("name", "output's name") else { return nil }
            unique(
                LocatedText(
                    text: name.description, style: .plain,
                    location: reader.node("name")?.location ?? reader.location), "output", &seen)
            return Output(
                name: name, type: type, label: label ?? name.description, isSensitive: isSensitive, kind: kind
            )
        }
    }

    func data() -> [DataPath] {
        var seen: Set<String> = []
        return manifest.maps("data", keys: .data).compactMap { reader in
            let kind = reader.word("kind", DataPath.Kind.self)
            let isBackedUp = reader.bool("backup")
            guard let text = reader.fullPath("path") else { return nil }
            unique(text, "path", &seen)
            guard let kind else { return nil }
            let isKept = kind == .config || kind == .state || kind == .upload
            return DataPath(path: text.text, kind: kind, isBackedUp: isBackedUp ?? isKept)
        }
    }

    func dependencies() -> Dependencies {
        guard let reader = manifest.map("dependencies", keys: .dependencies) else { return Dependencies() }
        var dependencies = Dependencies()
        dependencies.requires = list("requires", reader)
        dependencies.recommends = list("recommends", reader)
        dependencies.conflicts = list("conflicts", reader)
        for conflict in dependencies.conflicts
        where dependencies.requires.contains(where: {
            $0.app == conflict.app && $0.versions == nil && conflict.versions == nil
                && conflict.condition == nil
        }) {
            findings.error(
                .rule, "app '\(conflict.app)' is required and in conflict at once",
                at: reader.node("conflicts")?.location ?? reader.location)
        }
        return dependencies
    }

    private func list(_ key: String, _ reader: MappingReader) -> [Dependency] {
        var seen: Set<String> = []
        return reader.maps(key, keys: .dependency).compactMap { reader in
            let app = application(reader, &seen)
            let bounds = reader.text("version")
            let versions = bounds.flatMap { VersionRange($0.text) }
            if let bounds, versions?.isEmpty ?? true {
                let predicate = versions == nil ? "is not bounds such as '>=5.7 <9'" : "leaves no version"
                findings.error(
                    .format, "version \(Diagnostic.quoted(bounds.text)) \(predicate)", at: bounds.location)
            }
            let condition = reader.node("when").flatMap {
                ConditionDecoder(
                    key: "when", owner: app.map { " of dependency '\($0)'" } ?? reader.owner, scope: scope,
                    findings: findings
                )
                .decode($0)
            }
            guard let app else { return nil }
            return Dependency(app: app, versions: versions, condition: condition)
        }
    }

    /// The other application, which is neither this one nor named before.
    private func application(_ reader: MappingReader, _ seen: inout Set<String>) -> ManifestID? {
        guard let node = reader.node("app"),
            let text = reader.text(of: node, name: "'app'\(reader.owner)", warns: false, isFree: false)
        else { return nil }
        guard let app = ManifestID(text.text) else {
            findings.error(
                .identifier, "app \(Diagnostic.quoted(text.text)) is no application's id", at: text.location)
            return nil
        }
        if app == id {
            findings.error(.reference, "app '\(app)' is this application itself", at: text.location)
        }
        unique(text, "app", &seen)
        return app
    }

    func resources() -> ResourceRequirement {
        guard let reader = manifest.map("resource_requirements", keys: .resources) else {
            return ResourceRequirement()
        }
        return ResourceRequirement(
            memoryMiB: reader.integer("min_ram_mb", in: 1...Int(Int32.max)),
            diskMiB: reader.integer("min_disk_mb", in: 1...Int(Int32.max)),
            processors: reader.integer("min_cpu_cores", in: 1...4096))
    }

    private func unique(_ text: LocatedText, _ what: String, _ seen: inout Set<String>) {
        guard !seen.insert(text.text).inserted else { return }
        findings.error(.collision, "\(what) '\(text.text)' is declared twice", at: text.location)
    }
}

extension HealthCheck.Port {
    /// The number, or the input's name.
    fileprivate var name: String {
        switch self {
        case .number(let number): String(number)
        case .input(let name): name.description
        }
    }
}

extension MappingReader {
    /// `name.service`, with the characters that systemd takes and a kind that can be started and stopped.
    func unit(_ key: String) -> LocatedText? {
        guard let node = node(key), let text = text(of: node, name: "'\(key)'\(owner)", isFree: false) else {
            return nil
        }
        let kinds = [".service", ".socket", ".timer", ".target", ".path", ".mount"]
        let isUnit =
            kinds.contains { text.text.hasSuffix($0) && text.text.utf8.count > $0.utf8.count }
            && text.text.utf8.count <= 255
            && text.text.utf8.allSatisfy { ASCII.isAlphanumeric($0) || ":-_.\\@".utf8.contains($0) }
        if isUnit { return text }
        findings.error(
            .format,
            "'\(key)'\(owner) is \(Diagnostic.quoted(text.text)), no unit's name such as 'nginx.service'",
            at: text.location)
        return nil
    }

    /// A full path on the server.
    func fullPath(_ key: String) -> LocatedText? {
        guard let node = node(key), let text = text(of: node, name: "'\(key)'\(owner)", isFree: false) else {
            return nil
        }
        do throws(ValueProblem) {
            _ = try PathValue.canonicalText(of: text.text)
            return text
        } catch {
            findings.error(
                .format, "\(key) \(Diagnostic.quoted(text.text))\(owner) \(error.predicate)",
                at: text.location)
            return nil
        }
    }
}

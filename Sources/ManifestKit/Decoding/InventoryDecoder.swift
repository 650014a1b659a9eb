/// Reads what an application has on its server: services, ports, outputs, data, dependencies, resources.
struct InventoryDecoder {
    let manifest: MappingReader
    let scope: ConditionDecoder.Scope
    let findings: Findings

    func services() -> [ServiceUnit] {
        var seen: Set<String> = []
        return manifest.maps("services", keys: .service).compactMap { reader in
            guard let text = reader.text("unit") else { return nil }
            guard Self.isUnit(text.text) else {
                findings.error(
                    .format,
                    "unit \(Diagnostic.quoted(text.text)) is not a unit's name such as 'nginx.service'",
                    at: text.location)
                return nil
            }
            unique(text, "unit", &seen)
            return ServiceUnit(unit: text.text, isEssential: reader.bool("essential") ?? true)
        }
    }

    func ports() -> [PortUse] {
        manifest.maps("ports", keys: .port).compactMap { reader in
            guard reader.has("input") != reader.has("number") else {
                findings.error(.rule, "a port has to name either 'input' or 'number'", at: reader.location)
                return nil
            }
            let number = reader.integer("number", in: 1...65535).map(HealthCheck.Port.number)
            let input = reader.text("input", warns: false).flatMap {
                PortReference(scope: scope, findings: findings).input($0, owner: " of 'ports'")
            }
            guard let port = number ?? input.map(HealthCheck.Port.input) else { return nil }
            return PortUse(
                port: port, protocol: reader.word("protocol", PortUse.TransportProtocol.self) ?? .tcp,
                exposure: reader.word("exposure", PortUse.Exposure.self) ?? .public,
                purpose: reader.text("purpose")?.text)
        }
    }

    func outputs() -> [Output] {
        var seen: Set<String> = []
        return manifest.maps("outputs", keys: .output).compactMap { reader in
            guard let name = reader.name("name", "output's name"),
                let text = reader.text("name", warns: false)
            else {
                return nil
            }
            unique(text, "output", &seen)
            let type = reader.word("type", InputType.self) ?? .string
            return Output(
                name: name, type: type, label: reader.text("label")?.text ?? name.description,
                isSensitive: reader.bool("sensitive") ?? (type == .password),
                kind: reader.word("kind", Output.Kind.self) ?? .value)
        }
    }

    func data() -> [DataPath] {
        var seen: Set<String> = []
        return manifest.maps("data", keys: .data).compactMap { reader in
            guard let text = reader.text("path"), let kind = reader.word("kind", DataPath.Kind.self) else {
                return nil
            }
            do throws(ValueProblem) {
                _ = try PathValue.canonicalText(of: text.text)
            } catch {
                findings.error(
                    .format, "path \(Diagnostic.quoted(text.text)) \(error.predicate)", at: text.location)
                return nil
            }
            unique(text, "path", &seen)
            let isKept = kind == .config || kind == .state || kind == .upload
            return DataPath(path: text.text, kind: kind, isBackedUp: reader.bool("backup") ?? isKept)
        }
    }

    func dependencies() -> Dependencies {
        guard let reader = manifest.map("dependencies", keys: .dependencies) else { return Dependencies() }
        var dependencies = Dependencies()
        dependencies.requires = list("requires", reader)
        dependencies.recommends = list("recommends", reader)
        dependencies.conflicts = list("conflicts", reader)
        return dependencies
    }

    private func list(_ key: String, _ reader: MappingReader) -> [Dependency] {
        reader.maps(key, keys: .dependency).compactMap { reader in
            guard let text = reader.text("app", warns: false) else { return nil }
            guard let app = ManifestID(text.text) else {
                findings.error(
                    .identifier, "app \(Diagnostic.quoted(text.text)) is no application's id",
                    at: text.location)
                return nil
            }
            let bounds = reader.text("version")
            let versions = bounds.flatMap { VersionRange($0.text) }
            if let bounds, versions == nil {
                findings.error(
                    .format, "version \(Diagnostic.quoted(bounds.text)) is not bounds such as '>=5.7 <9'",
                    at: bounds.location)
            }
            let condition = reader.node("when").flatMap {
                ConditionDecoder(
                    key: "when", owner: " of dependency '\(app)'", scope: scope, findings: findings
                )
                .decode($0)
            }
            return Dependency(app: app, versions: versions, condition: condition)
        }
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

    /// `name.service`, with the characters that systemd takes and a kind that can be started and stopped.
    private static func isUnit(_ text: String) -> Bool {
        let kinds = [".service", ".socket", ".timer", ".target", ".path", ".mount"]
        return kinds.contains { text.hasSuffix($0) && text.utf8.count > $0.utf8.count }
            && text.utf8.count <= 255
            && text.utf8.allSatisfy { ASCII.isAlphanumeric($0) || ":-_.\\@".utf8.contains($0) }
    }
}

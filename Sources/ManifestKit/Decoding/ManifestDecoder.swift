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
        reader.require("id", "name", "version", "inputs")
        let id = identifier()
        let name = shownText("name")
        let version = shownText("version")
        let host = HostRequirementDecoder(findings: findings).decode(reader.node("os_requirements"))
        let inputs = InputListDecoder(findings: findings).decode(reader)
        let homepage = self.homepage()
        let script = installScript()
        let exitCodes = self.exitCodes()
        let optional = (
            description: reader.text("description", lines: .many)?.text ?? "",
            category: reader.text("category")?.text ?? "",
            author: reader.text("author")?.text,
            license: reader.text("license")?.text,
            tags: reader.texts("tags")?.map(\.text) ?? []
        )
        let revision = reader.integer("revision", in: 1...Int(Int32.max)) ?? 1
        let stability = reader.word("stability", Manifest.Stability.self) ?? .stable
        let timeout = reader.integer("timeout_seconds", in: 1...86_400) ?? 600
        let isIdempotent = reader.bool("idempotent") ?? false
        guard let id, let name, let version, let host, let inputs, let script else { return nil }
        return Manifest(
            schemaVersion: schemaVersion, id: id, name: name, version: version, revision: revision,
            description: optional.description, category: optional.category, author: optional.author,
            homepage: homepage,
            license: optional.license, tags: optional.tags, stability: stability,
            hostRequirement: host.requirement,
            inputs: inputs.fields, installScript: script.text, timeoutSeconds: timeout,
            isIdempotent: isIdempotent,
            exitCodes: exitCodes, installScriptLocation: script.location,
            looseVersionLocation: host.looseVersionLocation, evaluationOrder: inputs.evaluationOrder)
    }

    private func identifier() -> ManifestID? {
        guard let text = reader.text("id") else { return nil }
        if let id = ManifestID(text.text) { return id }
        findings.error(
            .identifier,
            "id \(Diagnostic.quoted(text.text)) is not lower-case letters and digits with single hyphens between them, at most 63",
            at: text.location)
        return nil
    }

    /// A text of one line that has to say something.
    private func shownText(_ key: String) -> String? {
        guard let text = reader.text(key) else { return nil }
        guard !text.text.trimmed.isEmpty, text.text.unicodeScalars.count <= 200 else {
            findings.error(.format, "'\(key)' is empty or longer than 200 characters", at: text.location)
            return nil
        }
        return text.text
    }

    private func homepage() -> String? {
        guard let text = reader.text("homepage") else { return nil }
        guard text.text.hasPrefix("https://") || text.text.hasPrefix("http://"), !text.text.contains(" ")
        else {
            findings.error(
                .format,
                "homepage \(Diagnostic.quoted(text.text)) is not a URL that begins with https:// or http://",
                at: text.location)
            return nil
        }
        return text.text
    }

    private func installScript() -> LocatedText? {
        guard reader.has("install_script") else {
            return LocatedText(text: "install.sh", style: .plain, location: findings.start)
        }
        guard let text = reader.text("install_script") else { return nil }
        guard RelativePath.isWellFormed(text.text) else {
            findings.error(
                .file,
                "install_script \(Diagnostic.quoted(text.text)) is not a path inside the application's folder",
                at: text.location)
            return nil
        }
        return text
    }

    private func exitCodes() -> [Int: ExitCodeMeaning] {
        guard let node = reader.node("exit_codes"),
            let codes = MappingReader(node, keys: nil, name: "'exit_codes'", findings: findings)
        else { return [:] }
        var meanings: [Int: ExitCodeMeaning] = [:]
        for entry in codes.entries {
            guard let code = Int(exactDecimal: entry.key), (1...255).contains(code) else {
                findings.error(
                    .range, "exit code \(Diagnostic.quoted(entry.key)) is not a whole number from 1 to 255",
                    at: entry.location)
                continue
            }
            meanings[code] = meaning(of: code, from: entry.value)
        }
        return meanings
    }

    private func meaning(of code: Int, from node: YAMLNode) -> ExitCodeMeaning? {
        let owner = " of exit code \(code)"
        guard
            let map = MappingReader(
                node, keys: .exitCode, name: "the meaning", owner: owner, findings: findings)
        else {
            return nil
        }
        map.require("class")
        guard let kind = map.word("class", ExitCodeMeaning.Class.self, except: .success) else { return nil }
        return ExitCodeMeaning(kind, message: map.text("message")?.text)
    }
}

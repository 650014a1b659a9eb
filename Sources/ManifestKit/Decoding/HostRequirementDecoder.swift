/// Reads `os_requirements`.
struct HostRequirementDecoder {
    /// The requirement, and where it says less clearly than it could which system a version is of.
    struct Result {
        let requirement: HostRequirement
        var looseVersionLocation: SourceMark?
    }

    let findings: Findings

    /// The requirement that `node` holds; none without a node, nil if it was reported.
    func decode(_ node: YAMLNode?) -> Result? {
        guard let node else { return Result(requirement: .none) }
        guard
            let reader = MappingReader(
                node, keys: .operatingSystem, name: "'os_requirements'", place: " of 'os_requirements'",
                findings: findings)
        else { return nil }
        let families = self.families(reader)
        // What hangs upon a list that was reported is no finding of its own.
        let isReported = reader.has("family") && families == nil
        let declared = declaredVersions(reader, families: isReported ? nil : families ?? [])
        var versions = declared
        var loose: SourceMark?
        var lowest: [String: ManifestVersion] = [:]
        for (key, comparison) in [("min_version", VersionRange.Comparison.atLeast), ("max_version", .atMost)]
        {
            guard let bound = version(key, reader) else { continue }
            guard let families else {
                if isReported { continue }
                findings.error(
                    .operatingSystem,
                    "'\(key)' does not say which system's version it is; name it in 'family'",
                    at: bound.location)
                continue
            }
            let targets = bound.families(of: families)
            if comparison == .atMost, !targets.isEmpty,
                targets.allSatisfy({ lowest[$0].map { bound.version < $0 } ?? false })
            {
                findings.error(
                    .operatingSystem, "'min_version' is later than 'max_version', so that no version will do",
                    at: reader.node("min_version")?.location ?? bound.location)
            }
            for family in targets { lowest[family] = bound.version }
            if families.count > 1 { loose = loose ?? bound.location }
            for family in targets where declared[family] == nil {
                let more = VersionRange.Bound(comparison: comparison, version: bound.version)
                versions[family] = VersionRange(bounds: (versions[family]?.bounds ?? []) + [more])
            }
        }
        let requirement = HostRequirement(
            families: families, versions: versions,
            architectures: architectures(reader),
            allowsDerivatives: reader.bool("allow_derivatives") ?? false,
            allowsRolling: reader.bool("allow_rolling") ?? false)
        return Result(requirement: requirement, looseVersionLocation: loose)
    }

    private func families(_ reader: MappingReader) -> [String]? {
        guard let texts = reader.texts("family", atMost: 32) else { return nil }
        if texts.isEmpty {
            findings.error(
                .operatingSystem, "'family' is empty; leave it out if any system will do",
                at: reader.node("family")?.location ?? reader.location)
        }
        for text in texts {
            if !Self.isFamily(text.text) {
                findings.error(
                    .operatingSystem,
                    "family \(Diagnostic.quoted(text.text)) is no ID of /etc/os-release: lower-case letters, digits and '._-'",
                    at: text.location)
            } else if !Self.commonFamilies.contains(text.text) {
                let hint = findings.hint(for: text.text, among: Self.commonFamilies)
                guard !hint.isEmpty else { continue }
                findings.warning(
                    .operatingSystem, "family '\(text.text)' is none of the common systems\(hint)",
                    at: text.location)
            }
        }
        return texts.map(\.text)
    }

    private func declaredVersions(_ reader: MappingReader, families: [String]?) -> [String: VersionRange] {
        guard let node = reader.node("versions"),
            let map = MappingReader(node, keys: nil, name: "'versions'", findings: findings)
        else { return [:] }
        var declared: [String: VersionRange] = [:]
        for entry in map.named {
            if let families, !families.contains(entry.key) {
                findings.error(
                    .operatingSystem,
                    "'versions' names \(Diagnostic.quoted(entry.key)), which 'family' does not list"
                        + (Self.commonFamilies.contains(entry.key)
                            ? "" : findings.hint(for: entry.key, among: families)),
                    at: entry.location)
                continue
            }
            guard !entry.value.isUnusable,
                let text = map.text(
                    of: entry.value, name: "'\(entry.key)' of 'versions'", isFree: false)
            else { continue }
            guard let range = VersionRange(text.text), !range.isEmpty else {
                let predicate =
                    VersionRange(text.text) == nil ? "are not bounds such as '>=11 <14'" : "leave no version"
                findings.error(
                    .operatingSystem,
                    "versions \(Diagnostic.quoted(text.text)) of '\(entry.key)' \(predicate)",
                    at: text.location)
                continue
            }
            declared[entry.key] = range
        }
        return declared
    }

    /// A scalar bound and the families it is meant for.
    private struct ScalarBound {
        let version: ManifestVersion
        let location: SourceMark

        /// `20.04` beside ubuntu is one of ubuntu's versions and nobody else's; anything else is everybody's.
        func families(of listed: [String]) -> [String] {
            guard listed.count > 1, listed.contains("ubuntu"), looksLikeUbuntu else { return listed }
            return ["ubuntu"]
        }

        private var looksLikeUbuntu: Bool {
            let text = Array(version.description.utf8)
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            return text.count == 5 && text[..<2].allSatisfy(digits.contains)
                && (text[2...].elementsEqual(".04".utf8) || text[2...].elementsEqual(".10".utf8))
        }
    }

    private func version(_ key: String, _ reader: MappingReader) -> ScalarBound? {
        guard let text = reader.text(key) else { return nil }
        guard text.text.utf8.first.map(ASCII.isDigit) == true, let version = ManifestVersion(text.text) else {
            findings.error(
                .operatingSystem, "\(key) \(Diagnostic.quoted(text.text)) is not a version such as '20.04'",
                at: text.location)
            return nil
        }
        return ScalarBound(version: version, location: text.location)
    }

    private func architectures(_ reader: MappingReader) -> [String]? {
        guard let texts = reader.texts("arch", atMost: 32) else { return nil }
        if texts.isEmpty {
            findings.error(
                .operatingSystem, "'arch' is empty; leave it out if any processor will do",
                at: reader.node("arch")?.location ?? reader.location)
        }
        return texts.compactMap { text in
            if let name = HostRequirement.architectureNames[text.text] { return name }
            let known = HostRequirement.architectureNames.keys.sorted()
            findings.error(
                .operatingSystem,
                "arch \(Diagnostic.quoted(text.text)) is not one of \(known.joined(separator: ", "))"
                    + findings.hint(for: text.text, among: known),
                at: text.location)
            return nil
        }.uniqued()
    }

    /// IDs that are probably meant by what is nearly one of them.
    private static let commonFamilies = [
        "almalinux", "alpine", "amzn", "arch", "centos", "debian", "devuan", "fedora", "gentoo", "kali",
        "linuxmint",
        "manjaro", "nixos", "ol", "opensuse-leap", "opensuse-tumbleweed", "pop", "raspbian", "rhel", "rocky",
        "sles",
        "ubuntu", "void",
    ]

    private static func isFamily(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 63
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "._-".utf8.contains($0)
            }
    }
}

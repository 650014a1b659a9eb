/// Which operating systems and processors an application can be installed on.
public struct HostRequirement: Sendable {
    /// The systems, by `ID` of `/etc/os-release`; nil for any.
    public let families: [String]?
    /// The bounds on the version of each family that has any.
    public let versions: [String: VersionRange]
    /// The processors, in the kernel's words; nil for any.
    public let architectures: [String]?
    /// Whether a system that is derived from a family will do.
    public let allowsDerivatives: Bool
    /// Whether a system without a version will do where one is bounded.
    public let allowsRolling: Bool

    /// Anything will do.
    package static let none = HostRequirement(
        families: nil, versions: [:], architectures: nil, allowsDerivatives: false, allowsRolling: false)

    init(
        families: [String]?, versions: [String: VersionRange], architectures: [String]?,
        allowsDerivatives: Bool,
        allowsRolling: Bool
    ) {
        self.families = families
        self.versions = versions
        self.architectures = architectures
        self.allowsDerivatives = allowsDerivatives
        self.allowsRolling = allowsRolling
    }

    /// Holds a server's facts against every requirement.
    ///
    /// The list is empty where nothing is required. The version is checked only
    /// where the family fits and has bounds.
    public func check(_ facts: HostFacts) -> [HostCheck] {
        [familyCheck(facts), versionCheck(facts), architectureCheck(facts)].compactMap(\.self)
    }

    /// Whether a server meets every requirement.
    public func isMet(by facts: HostFacts) -> Bool { check(facts).allSatisfy(\.passed) }

    /// The required family that the server belongs to: its own, or the nearest it is derived from.
    private func family(of facts: HostFacts) -> String? {
        guard let families else { return facts.osID }
        if families.contains(facts.osID) { return facts.osID }
        return allowsDerivatives ? facts.idLike.first(where: families.contains) : nil
    }

    private func familyCheck(_ facts: HostFacts) -> HostCheck? {
        guard let families else { return nil }
        let wanted = families.joined(separator: " or ") + (allowsDerivatives ? " or derived from it" : "")
        return HostCheck(check: .family, passed: family(of: facts) != nil, actual: facts.osID, wanted: wanted)
    }

    private func versionCheck(_ facts: HostFacts) -> HostCheck? {
        guard let family = family(of: facts), let range = versions[family] else { return nil }
        let wanted = "\(family) \(range)"
        guard let text = facts.versionID else {
            return HostCheck(
                check: .version, passed: allowsRolling, actual: "no version (rolling release)", wanted: wanted
            )
        }
        let isInside = ManifestVersion(text).map(range.contains) ?? false
        return HostCheck(check: .version, passed: isInside, actual: text, wanted: wanted)
    }

    private func architectureCheck(_ facts: HostFacts) -> HostCheck? {
        guard let architectures else { return nil }
        return HostCheck(
            check: .architecture, passed: architectures.contains(facts.architecture),
            actual: facts.architecture,
            wanted: architectures.joined(separator: " or "))
    }
}

/// One requirement held against one server.
public struct HostCheck: Sendable, Hashable, Encodable, CustomStringConvertible {
    /// What was looked at.
    public enum Subject: String, Sendable, Encodable {
        /// The operating system.
        case family
        /// Its version.
        case version
        /// The processor.
        case architecture = "arch"
        /// The memory, in MiB.
        case memory = "ram_mb"
        /// The free disk, in MiB.
        case disk = "disk_mb"
        /// How many processors there are.
        case processors = "cpu_cores"

        /// Whether this is about how much there is of something, and not about the system.
        public var isResource: Bool { self == .memory || self == .disk || self == .processors }
    }

    /// What was looked at.
    public let check: Subject
    /// Whether the server will do.
    public let passed: Bool
    /// What the server has.
    public let actual: String
    /// What the manifest wants.
    public let wanted: String

    /// `ram_mb is '512', wanted: 1024 or more`.
    public var description: String { "\(check.rawValue) is '\(actual)', wanted: \(wanted)" }

    package init(check: Subject, passed: Bool, actual: String, wanted: String) {
        self.check = check
        self.passed = passed
        self.actual = actual
        self.wanted = wanted
    }
}

extension HostRequirement {
    /// The kernel's words for processors, and the other words that are in use for them.
    static let architectureNames: [String: String] = [
        "x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64", "armv7l": "armv7l",
        "armhf": "armv7l", "i686": "i686", "i386": "i686", "riscv64": "riscv64", "ppc64le": "ppc64le",
        "ppc64el": "ppc64le", "s390x": "s390x", "loongarch64": "loongarch64",
    ]
}

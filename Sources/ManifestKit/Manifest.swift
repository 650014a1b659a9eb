/// The contract of one application: what is asked, what is run, where, and what counts as success.
///
/// A manifest can be made only by ``decode(_:file:)``; one that exists has no
/// error in what can be judged without running patterns.
public struct Manifest: Sendable {
    /// How far an application can be relied upon.
    public enum Stability: String, Sendable, CaseIterable {
        /// Being tried out.
        case experimental
        /// Complete, and not much used yet.
        case beta
        /// For general use.
        case stable
        /// Still works; another should be used.
        case deprecated
        /// Not installed any more; what is installed can still be managed.
        case withdrawn
    }

    /// What an application is, before what is asked and done.
    public struct Head: Sendable, Hashable {
        /// The version of the schema the file declares; nil in seed mode.
        public let schemaVersion: Int?
        /// The application's name, equal to its folder's.
        public let id: ManifestID
        /// The name people read.
        public let name: String
        /// The application's upstream version, as written.
        public let version: String
        /// The packaging revision, from 1.
        public let revision: Int
        /// What the application is; empty if the manifest does not say.
        public let description: String
        /// The shelf it stands on; empty if the manifest does not say.
        public let category: String
        /// Who wrote the manifest.
        public let author: String?
        /// The application's page.
        public let homepage: String?
        /// Where the application is documented.
        public let documentation: String?
        /// The licence of the application.
        public let license: String?
        /// Words to find it by.
        public let tags: [String]
        /// How far it can be relied upon.
        public let stability: Stability
    }

    /// What the application is; its members can be asked of the manifest itself.
    public let head: Head
    /// The servers it can be installed on.
    public let hostRequirement: HostRequirement
    /// What a server has to have.
    public let resourceRequirement: ResourceRequirement
    /// Headings of the form.
    public let inputGroups: [InputGroup]
    /// What is asked, in the order of the file.
    public let inputs: [InputField]
    /// What has to hold between several answers.
    public let rules: [CrossRule]
    /// What can be done, the standard actions first; `install` is always among them.
    public let actions: [Action]
    /// How long a script may run where its action does not say.
    public let timeoutSeconds: Int
    /// Whether the platform may run a script again on its own where its action does not say.
    public let isIdempotent: Bool
    /// Whether and when a script is tried again where its action does not say.
    public let retry: RetryRule
    /// The meanings the manifest gives to exit codes.
    public let exitCodes: [Int: ExitCodeMeaning]
    /// Variables that every script is given.
    public let environment: [String: String]
    /// The application's systemd units.
    public let services: [ServiceUnit]
    /// The ports it listens on.
    public let ports: [PortUse]
    /// Checks that tell whether it works.
    public let health: [HealthCheck]
    /// Results that its scripts leave behind.
    public let outputs: [Output]
    /// Paths that belong to it.
    public let data: [DataPath]
    /// Other applications that matter to it.
    public let dependencies: Dependencies
    /// What each revision changed.
    public let changelog: [ChangelogEntry]

    /// A pattern of a condition, and what it belongs to: `visible_if of input 'a'`.
    package struct ConditionPattern: Sendable {
        package let rule: PatternRule
        package let owner: String
    }

    /// The file that findings name.
    let file: String
    /// Where the id is written.
    let idLocation: SourceMark
    /// Every script that is named, and where.
    let scripts: [LocatedText]
    /// Every pattern of a condition.
    package let conditionPatterns: [ConditionPattern]
    /// Where a scalar `min_version` or `max_version` is written that binds to several families or to ubuntu alone.
    package let looseVersionLocation: SourceMark?
    /// The inputs' positions, each after those its visibility depends on.
    package let evaluationOrder: [Int]

    /// The place of a mark, for a finding.
    package func location(of mark: SourceMark) -> SourceLocation { mark.location(in: file) }

    /// The action called `name`, where it is offered.
    public func action(named name: String) -> Action? { actions.first { $0.name == name } }

    /// Holds a server's facts against every requirement, on its system and on what it has.
    public func check(_ facts: HostFacts) -> [HostCheck] {
        hostRequirement.check(facts) + resourceRequirement.check(facts)
    }

    /// The script that installs, relative to the application's folder.
    public var installScript: String {
        if case .script(let script)? = action(named: "install")?.means { script } else { "install.sh" }
    }

    /// The meaning of a script's exit code.
    public func meaning(ofExitCode code: Int) -> ExitCodeMeaning { exitCodes[code] ?? .standard(code) }

    /// The input called `name`.
    public func input(named name: InputName) -> InputField? { inputs.first { $0.name == name } }

    /// The manifest in `bytes`, and everything there is to say about them.
    ///
    /// `file` is the path that findings name; nothing is opened.
    public static func decode(_ bytes: [UInt8], file: String) -> Decoded<Manifest> {
        let findings = Findings(file: file)
        let manifest = YAMLReader.read(bytes, findings: findings).flatMap {
            ManifestDecoder.decode($0, findings: findings)
        }
        return Decoded(value: manifest, diagnostics: findings.diagnostics)
    }
}

// What an application is can be asked without the word `head`.
extension Manifest {
    /// The version of the schema the file declares; nil in seed mode.
    public var schemaVersion: Int? { head.schemaVersion }
    /// The application's name, equal to its folder's.
    public var id: ManifestID { head.id }
    /// The name people read.
    public var name: String { head.name }
    /// The application's upstream version, as written.
    public var version: String { head.version }
    /// The packaging revision, from 1.
    public var revision: Int { head.revision }
    /// What the application is; empty if the manifest does not say.
    public var description: String { head.description }
    /// The shelf it stands on; empty if the manifest does not say.
    public var category: String { head.category }
    /// Who wrote the manifest.
    public var author: String? { head.author }
    /// The application's page.
    public var homepage: String? { head.homepage }
    /// The licence of the application.
    public var license: String? { head.license }
    /// Words to find it by.
    public var tags: [String] { head.tags }
    /// How far it can be relied upon.
    public var stability: Stability { head.stability }
}

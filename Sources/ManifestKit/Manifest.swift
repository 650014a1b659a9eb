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
    /// The licence of the application.
    public let license: String?
    /// Words to find it by.
    public let tags: [String]
    /// How far it can be relied upon.
    public let stability: Stability
    /// The servers it can be installed on.
    public let hostRequirement: HostRequirement
    /// What is asked, in the order of the file.
    public let inputs: [InputField]
    /// The script that installs, relative to the application's folder.
    public let installScript: String
    /// How long a script may run.
    public let timeoutSeconds: Int
    /// Whether the platform may run the script again on its own.
    public let isIdempotent: Bool
    /// The meanings the manifest gives to exit codes.
    public let exitCodes: [Int: ExitCodeMeaning]

    /// Where `install_script` is written, or the beginning of the file.
    package let installScriptLocation: SourceLocation
    /// Where a scalar `min_version` or `max_version` is written that binds to several families or to ubuntu alone.
    package let looseVersionLocation: SourceLocation?
    /// The inputs' positions, each after those its visibility depends on.
    package let evaluationOrder: [Int]

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

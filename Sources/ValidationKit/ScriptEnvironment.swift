public import ManifestKit

/// What a script finds besides its inputs: which run this is, on which server, and where its files are.
public struct ScriptRun: Sendable, Hashable {
    /// The job's name.
    public var job: String
    /// What is asked for.
    public var action: String
    /// The number of the attempt, from 1.
    public var attempt: Int
    /// The server's name.
    public var server: String
    /// The server's facts.
    public var facts: HostFacts
    /// The application's own folder, kept between runs.
    public var stateFolder: String
    /// The working directory, gone with the attempt.
    public var workFolder: String
    /// Takes lines `name=value` for the application's outputs.
    public var outputFile: String
    /// Takes lines `percent message`.
    public var progressFile: String

    /// A run with all its parts.
    public init(
        job: String, action: String, attempt: Int, server: String, facts: HostFacts, stateFolder: String,
        workFolder: String, outputFile: String, progressFile: String
    ) {
        self.job = job
        self.action = action
        self.attempt = attempt
        self.server = server
        self.facts = facts
        self.stateFolder = stateFolder
        self.workFolder = workFolder
        self.outputFile = outputFile
        self.progressFile = progressFile
    }
}

/// A script's environment, built from nothing: what is not named here or in the manifest is not there.
public enum ScriptEnvironment {
    /// One variable.
    public struct Variable: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// Its value.
        public let value: ValidatedValue

        init(_ name: String, _ text: String) {
            self.name = name
            value = .plain(text)
        }

        init(_ input: ValidatedInput) {
            name = input.environmentName
            value = input.value
        }
    }

    /// The same for every script.
    private static let base: [Variable] = [
        Variable("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        Variable("HOME", "/root"),
        Variable("LANG", "C.UTF-8"),
        Variable("TERM", "dumb"),
        Variable("DEBIAN_FRONTEND", "noninteractive"),
        Variable("NEEDRESTART_MODE", "a"),
        Variable("UCF_FORCE_CONFFOLD", "1"),
    ]

    /// The whole environment: the system's, the run's, the manifest's own, and the inputs in its order.
    public static func variables(of inputs: ValidatedInputs, manifest: Manifest, run: ScriptRun) -> [Variable]
    {
        let own = manifest.environment.sorted { $0.key < $1.key }.map { Variable($0.key, $0.value) }
        return base + variables(of: run, manifest) + own + inputs.values.map(Variable.init)
    }

    private static func variables(of run: ScriptRun, _ manifest: Manifest) -> [Variable] {
        [
            Variable("PROVISION_JOB_ID", run.job),
            Variable("PROVISION_ACTION", run.action),
            Variable("PROVISION_ATTEMPT", String(run.attempt)),
            Variable("PROVISION_APP_ID", manifest.id.description),
            Variable("PROVISION_APP_VERSION", manifest.version),
            Variable("PROVISION_APP_REVISION", String(manifest.revision)),
            Variable("PROVISION_SERVER_ID", run.server),
            Variable("PROVISION_OS_ID", run.facts.osID),
            Variable("PROVISION_OS_VERSION", run.facts.versionID ?? ""),
            Variable("PROVISION_ARCH", run.facts.architecture),
            Variable("PROVISION_STATE_DIR", run.stateFolder),
            Variable("PROVISION_WORK_DIR", run.workFolder),
            Variable("PROVISION_OUTPUT_FILE", run.outputFile),
            Variable("PROVISION_PROGRESS_FILE", run.progressFile),
        ]
    }
}

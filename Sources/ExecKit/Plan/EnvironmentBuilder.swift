import JobKit
import ManifestKit
import ValidationKit

/// Builds a script's environment from nothing: what is not named here or in the manifest is not there.
struct EnvironmentBuilder: Sendable {
    let order: JobOrder
    let manifest: Manifest
    let facts: HostFacts
    let agent: AgentID
    let paths: ScriptPaths

    /// The same for every script.
    private static let base: [ExecutionPlan.Variable] = [
        .init("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        .init("HOME", "/root"),
        .init("LANG", "C.UTF-8"),
        .init("TERM", "dumb"),
        .init("DEBIAN_FRONTEND", "noninteractive"),
        .init("NEEDRESTART_MODE", "a"),
        .init("UCF_FORCE_CONFFOLD", "1"),
    ]

    /// The whole environment, with the inputs last, in the order of the manifest.
    func build(_ inputs: ValidatedInputs) -> [ExecutionPlan.Variable] {
        Self.base + own
            + inputs.values.map { input in
                switch input.value {
                case .plain(let text): .init(input.environmentName, text)
                case .secret(let secret): .init(input.environmentName, secret: secret)
                }
            }
    }

    private var own: [ExecutionPlan.Variable] {
        [
            .init("PROVISION_JOB_ID", order.attempt.job.description),
            .init("PROVISION_ACTION", order.action),
            .init("PROVISION_ATTEMPT", String(order.attempt.number)),
            .init("PROVISION_APP_ID", manifest.id.description),
            .init("PROVISION_APP_VERSION", manifest.version),
            .init("PROVISION_APP_REVISION", String(manifest.revision)),
            .init("PROVISION_SERVER_ID", agent.description),
            .init("PROVISION_OS_ID", facts.osID),
            .init("PROVISION_OS_VERSION", facts.versionID ?? ""),
            .init("PROVISION_ARCH", facts.architecture),
            .init("PROVISION_STATE_DIR", paths.state),
            .init("PROVISION_WORK_DIR", paths.work),
            .init("PROVISION_OUTPUT_FILE", paths.output),
            .init("PROVISION_PROGRESS_FILE", paths.progress),
        ]
    }
}

/// Where a script finds what it is given and puts what it makes.
struct ScriptPaths: Hashable, Sendable {
    /// The application's own folder, kept between runs.
    let state: String
    /// The working directory, gone with the attempt.
    let work: String
    /// Lines `name=value` for the application's outputs.
    let output: String
    /// Lines `percent message`.
    let progress: String
}

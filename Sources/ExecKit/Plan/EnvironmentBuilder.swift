import JobKit
import ManifestKit
import ValidationKit

/// Builds the environment of an order's script.
struct EnvironmentBuilder: Sendable {
    let order: JobOrder
    let manifest: Manifest
    let facts: HostFacts
    let agent: AgentID
    let paths: ScriptPaths

    /// The whole environment, with the inputs last, in the order of the manifest.
    func build(_ inputs: ValidatedInputs) -> [ExecutionPlan.Variable] {
        let run = ScriptRun(
            job: order.attempt.job.description, action: order.action, attempt: order.attempt.number,
            server: agent.description, facts: facts, stateFolder: paths.state, workFolder: paths.work,
            outputFile: paths.output, progressFile: paths.progress)
        return ScriptEnvironment.variables(of: inputs, manifest: manifest, run: run).map { variable in
            switch variable.value {
            case .plain(let text): .init(variable.name, text)
            case .secret(let secret): .init(variable.name, secret: secret)
            }
        }
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

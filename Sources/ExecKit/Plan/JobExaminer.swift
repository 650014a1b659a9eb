import JobKit
import ManifestKit
import ValidationKit

/// Judges an order against this server, step by step.
///
/// 1. its time limits;
/// 2. the application's files, and their digest;
/// 3. the action and its script;
/// 4. the server, against `os_requirements` and `resource_requirements`;
/// 5. the sealed inputs;
/// 6. all inputs, against the manifest;
/// 7. the health checks that count for them.
struct JobExaminer: Sendable {
    let copies: ApplicationCopies
    let agent: AgentID
    let facts: HostFacts
    let sealers: [InputSealer]
    /// The program `HealthProbe`.
    let probe: String

    private static let timeouts = 1...86_400
    private static let graces = 1...300
    /// What runs scripts.
    static let shell = "/bin/bash"

    /// What the order's script is given.
    func plan(_ order: JobOrder, paths: ScriptPaths) throws(Refusal) -> ExecutionPlan {
        try checkLimits(order)  // 1
        let application = try copies.application(of: order)  // 2
        try checkScript(order, application.manifest)  // 3
        try checkHost(application.manifest)  // 4
        let raw = try openInputs(order, application.manifest)  // 5
        let context = FormContext(server: facts, action: order.action)
        let inputs = try validate(raw, application.validator, context)  // 6
        let environment = EnvironmentBuilder(
            order: order, manifest: application.manifest, facts: facts, agent: agent, paths: paths)
        var plan = ExecutionPlan(
            arguments: [Self.shell, "-p", "\(application.installer.folderPath)/\(order.script)"],
            environment: environment.build(inputs), directory: paths.work,
            limits: AttemptLimits(timeout: order.timeoutSeconds * 1000, grace: order.graceSeconds * 1000))
        if application.manifest.action(named: order.action)?.hasHealthGate ?? true {
            plan.checks = try HealthPlanner(probe: probe, application: application, context: context)
                .checks(inputs)  // 7
        }
        return plan
    }

    private func checkLimits(_ order: JobOrder) throws(Refusal) {
        guard Self.timeouts.contains(order.timeoutSeconds) else {
            throw Refusal(
                .limits,
                "a timeout of '\(order.timeoutSeconds)' seconds is not between 1 and \(Self.timeouts.upperBound)"
            )
        }
        guard Self.graces.contains(order.graceSeconds) else {
            throw Refusal(
                .limits,
                "a grace of '\(order.graceSeconds)' seconds is not between 1 and \(Self.graces.upperBound)")
        }
    }

    private func checkScript(_ order: JobOrder, _ manifest: Manifest) throws(Refusal) {
        guard order.action == "install", order.script == manifest.installScript else {
            throw Refusal(
                .notListed,
                "the application '\(manifest.id)' has no action '\(order.action)' with the script '\(order.script)'"
            )
        }
    }

    private func checkHost(_ manifest: Manifest) throws(Refusal) {
        var facts = facts
        facts.diskMiB = RootDisk.freeMiB() ?? facts.diskMiB
        let failed = manifest.check(facts).filter { !$0.passed }
        guard failed.isEmpty else {
            throw Refusal(.osUnsupported, failed.map(\.description).joined(separator: "; "))
        }
    }

    /// Sensitive inputs come sealed and no others do: so none rests in clear on its way, or in a log.
    private func openInputs(_ order: JobOrder, _ manifest: Manifest) throws(Refusal) -> RawInputs {
        var raw = RawInputs()
        let sensitive = Set(manifest.inputs.filter(\.isSensitive).map(\.name.description))
        for (name, text) in order.inputs {
            guard !sensitive.contains(name) else {
                throw Refusal(.inputsInvalid, "input '\(name)' has to come sealed")
            }
            raw[name] = .text(text)
        }
        for (name, sealed) in order.sealed {
            guard sensitive.contains(name) else {
                throw Refusal(
                    .inputsInvalid, "input '\(name)' came sealed, and the manifest calls it no secret")
            }
            // A job may have been sealed before the keys were changed.
            let opened = sealers.lazy.compactMap { sealer in
                try? sealer.open(sealed, input: name, job: order.attempt.job, application: order.application)
            }
            guard let secret = opened.first else {
                throw Refusal(.sealInvalid, "the sealed input '\(name)' does not open with this server's key")
            }
            raw[name] = .text(secret.reveal())
        }
        return raw
    }

    private func validate(
        _ raw: RawInputs, _ validator: InputValidator, _ context: FormContext
    ) throws(Refusal) -> ValidatedInputs {
        switch validator.validate(raw, in: context) {
        case .valid(let inputs, _): return inputs
        case .invalid(let violations):
            let reasons = violations.map {
                $0.field.isEmpty ? $0.message : "input '\($0.field)': \($0.message)"
            }
            throw Refusal(.inputsInvalid, reasons.joined(separator: "; "))
        }
    }
}

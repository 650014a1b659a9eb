import JobKit
import ManifestKit
import ValidationKit

/// Turns the health checks of a manifest into programs that end with 0 where all is well.
struct HealthPlanner: Sendable {
    /// The program `HealthProbe`.
    let probe: String
    /// The application, as copied.
    let application: Application
    let context: FormContext

    /// The checks that count for these inputs, in the manifest's order.
    func checks(_ inputs: ValidatedInputs) throws(Refusal) -> [ExecutionPlan.Check] {
        let answers = inputs.values.filter { $0.origin != .hidden }.map { ($0.name, $0.value.text) }
        var checks: [ExecutionPlan.Check] = []
        for check in application.manifest.health {
            let isWanted = try holds(check, Dictionary(answers) { first, _ in first })
            guard isWanted, let arguments = arguments(of: check.kind, inputs) else { continue }
            checks.append(
                ExecutionPlan.Check(
                    id: check.id, arguments: arguments, seesInputs: check.kind.isScript,
                    isCritical: check.severity == .critical, timeout: check.timeoutSeconds * 1000,
                    retries: check.retries, interval: check.intervalSeconds * 1000,
                    startPeriod: check.startPeriodSeconds * 1000))
        }
        return checks
    }

    private func holds(_ check: HealthCheck, _ answers: [InputName: String]) throws(Refusal) -> Bool {
        guard let condition = check.condition else { return true }
        do throws(PatternError) {
            return try ConditionEvaluator(condition, in: application.manifest).holds(answers, in: context)
        } catch {
            throw Refusal(
                .notListed, "the health check '\(check.id)' has a condition that cannot be read: \(error)")
        }
    }

    /// The program by its full path and its arguments; nil where the port's input has no value.
    private func arguments(of kind: HealthCheck.Kind, _ inputs: ValidatedInputs) -> [String]? {
        switch kind {
        case .http(let target, let statuses, let text):
            guard let address = address(of: target, inputs) else { return nil }
            let wanted = statuses.map(String.init).joined(separator: ",")
            return [probe, "http", address, wanted] + (text.map { [$0] } ?? [])
        case .tcp(let port): return number(of: port, inputs).map { [probe, "tcp", $0] }
        case .systemd(let unit): return ["/bin/systemctl", "is-active", "--", unit]
        case .process(let name): return [probe, "process", name]
        case .file(let path): return [probe, "file", path]
        case .command(let script):
            return [JobExaminer.shell, "-p", "\(application.installer.folderPath)/\(script)"]
        }
    }

    private func address(of target: HealthCheck.HTTPTarget, _ inputs: ValidatedInputs) -> String? {
        switch target {
        case .url(let text): text
        case .local(let port, let path): number(of: port, inputs).map { "http://localhost:\($0)\(path)" }
        }
    }

    private func number(of port: HealthCheck.Port, _ inputs: ValidatedInputs) -> String? {
        switch port {
        case .number(let number): String(number)
        case .input(let name):
            switch inputs.values.first(where: { $0.name == name && $0.origin != .hidden })?.value {
            case .plain(let text): text.isEmpty ? nil : text
            case .secret, nil: nil
            }
        }
    }
}

extension HealthCheck.Kind {
    /// Whether the application's own files do the looking.
    fileprivate var isScript: Bool { if case .command = self { true } else { false } }
}

extension ValidatedValue {
    /// The value in clear, as the script has it.
    fileprivate var text: String {
        switch self {
        case .plain(let text): text
        case .secret(let secret): secret.reveal()
        }
    }
}

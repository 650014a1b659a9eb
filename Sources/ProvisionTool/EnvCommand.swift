import ArgumentParser
import ManifestKit
import ValidationKit

/// Shows the environment that a script would see.
struct EnvCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env", abstract: "Shows exactly the environment a script would see, secrets masked.",
        discussion: """
            Backslashes and control characters of values are written as \\\\, \\n, \\t and \\u{…}; --json has every value as it is. Without \
            --os the conditions that ask for the server find nothing.
            """)

    @Argument(help: "The application's id, or the path of its folder.")
    var id: String

    @Option(name: .customLong("set"), help: "An answer, as NAME=VALUE.")
    var answers: [String] = []

    @Option(help: "What the installed application has, as NAME=VALUE.")
    var current: [String] = []

    @Option(help: "The folder of applications.", completion: .directory)
    var installers = "installers"

    @Option(help: "What is asked for: one of the application's actions.")
    var action = "install"

    @Option(help: "The server's system, as ID of /etc/os-release has it.")
    var os: String?

    @Option(help: "The system's version.")
    var osVersion: String?

    @Option(help: "The kernel's word for the processor.")
    var arch = "x86_64"

    @Option(help: "The system's memory, in MiB.")
    var memory: Int?

    @Flag(help: "The variables as programs read them.")
    var json = false

    @Flag(help: "The variables as a shell reads them, to try a script by hand; secrets are left empty.")
    var shell = false

    func validate() throws {
        if json, shell {
            throw ValidationError("--json and --shell are two ways to write the same; keep one")
        }
    }

    func run() throws {
        let application = try ApplicationFolders.application(id, in: installers)
        try application.manifest.checkAction(action)
        let facts = os.map {
            HostFacts(osID: $0, versionID: osVersion, architecture: arch, memoryMiB: memory)
        }
        for check in facts.map(application.manifest.check) ?? [] where !check.passed {
            Terminal.complain("warning: such a server would be refused: \(check)")
        }
        let context = FormContext(
            server: facts, action: action, isInstalled: !current.isEmpty,
            current: try current(application.manifest))
        let generator = ValueGenerator { count in (0..<count).map { _ in UInt8.random(in: .min ... .max) } }
        let validation = application.validator.validate(try raw(), in: context, generator: generator)
        for warning in validation.warnings { Terminal.complain("warning: \(warning)") }
        guard let inputs = validation.inputs else {
            for violation in validation.violations { Terminal.complain("error: \(violation)") }
            throw ExitCode(1)
        }
        let run = ScriptRun(
            job: "JOB_ID", action: action, attempt: 1, server: "SERVER_ID",
            facts: facts ?? HostFacts(osID: "OS_ID", versionID: "OS_VERSION", architecture: arch),
            stateFolder: "/var/lib/provisioning/apps/\(application.id)", workFolder: "WORK_DIR",
            outputFile: "WORK_DIR/OUTPUT_FILE", progressFile: "WORK_DIR/PROGRESS_FILE")
        show(ScriptEnvironment.variables(of: inputs, manifest: application.manifest, run: run))
    }

    private func raw() throws -> RawInputs {
        var raw = RawInputs()
        for (name, text) in try Self.pairs(answers, of: "--set") { raw[name] = .text(text) }
        return raw
    }

    /// What the installed application has, in canonical spelling.
    private func current(_ manifest: Manifest) throws -> [InputName: String] {
        var values: [InputName: String] = [:]
        for (name, text) in try Self.pairs(current, of: "--current") {
            guard let field = InputName(name).flatMap(manifest.input(named:)), !field.isSensitive else {
                let hint = NearMiss.hint(
                    for: name, among: manifest.inputs.filter { !$0.isSensitive }.map(\.name.description))
                throw ValidationError(
                    "\(Diagnostic.quoted(name)) of --current is no input that is kept\(hint)")
            }
            do throws(ValueProblem) {
                values[field.name] = try field.canonicalText(of: text)
            } catch {
                throw ValidationError("\(name) of --current: \(Diagnostic.quoted(text)) \(error.predicate)")
            }
        }
        return values
    }

    /// The names and texts of an option, each name once.
    private static func pairs(_ words: [String], of option: String) throws -> [(String, String)] {
        var seen: Set<String> = []
        return try words.map { word in
            guard let sign = word.firstIndex(of: "=") else {
                throw ValidationError("\(Diagnostic.quoted(word)) of \(option) is not NAME=VALUE")
            }
            let name = String(word[..<sign])
            guard seen.insert(name).inserted else {
                throw ValidationError(
                    "\(Diagnostic.quoted(name)) is given twice; several items of a multiselect stand as a,b")
            }
            return (name, String(word[word.index(after: sign)...]))
        }
    }

    private func show(_ variables: [ScriptEnvironment.Variable]) {
        let shown = variables.map { ($0.name, $0.value.description) }
        if json {
            return Terminal.put(JSONValue.object(JSONObject(shown.map { ($0, .string($1)) })).indentedBytes())
        }
        if shell { return Terminal.put(Array(Self.script(variables).utf8)) }
        for (name, text) in shown { Terminal.say("\(name)=\(Self.oneLine(text))") }
    }

    /// Assignments that any shell reads; what only a server has stands for a folder of their own.
    private static func script(_ variables: [ScriptEnvironment.Variable]) -> String {
        var lines = ["work=$(mktemp -d)", "state=$work/state; mkdir \"$state\""]
        for variable in variables {
            switch (variable.name, variable.value) {
            case ("PROVISION_STATE_DIR", _): lines.append("PROVISION_STATE_DIR=$state")
            case ("PROVISION_WORK_DIR", _): lines.append("PROVISION_WORK_DIR=$work")
            case ("PROVISION_OUTPUT_FILE", _): lines.append("PROVISION_OUTPUT_FILE=$work/output")
            case ("PROVISION_PROGRESS_FILE", _): lines.append("PROVISION_PROGRESS_FILE=$work/progress")
            case (_, .secret): lines.append("\(variable.name)=''  # a secret: fill it in")
            case (_, .plain(let text)):
                lines.append("\(variable.name)='\(text.replacing("'", with: "'\\''"))'")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\t": line += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                line += "\\u{\(String(scalar.value, radix: 16))}"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}

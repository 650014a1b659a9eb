import ArgumentParser
import ManifestKit
import ValidationKit

/// Shows the environment that a script would see.
struct EnvCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env", abstract: "Shows exactly the environment a script would see, secrets masked.",
        discussion: """
            Control characters of values are written as \\n, \\t and \\u{…}; --json has every value as it is. Without \
            --os the conditions that ask for the server find nothing.
            """)

    @Argument(help: "The application's id, or the path of its folder.")
    var id: String

    @Option(name: .customLong("set"), help: "An answer, as NAME=VALUE.")
    var answers: [String] = []

    @Option(help: "The folder of applications.", completion: .directory)
    var installers = "installers"

    @Option(help: "What is asked for.")
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

    func run() throws {
        let application = try ApplicationFolders.application(id, in: installers)
        let facts = os.map {
            HostFacts(osID: $0, versionID: osVersion, architecture: arch, memoryMiB: memory)
        }
        let context = FormContext(server: facts, action: action)
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
            outputFile: "OUTPUT_FILE", progressFile: "PROGRESS_FILE")
        show(ScriptEnvironment.variables(of: inputs, manifest: application.manifest, run: run))
    }

    private func raw() throws -> RawInputs {
        var raw = RawInputs()
        for answer in answers {
            guard let sign = answer.firstIndex(of: "=") else {
                throw ValidationError("\(Diagnostic.quoted(answer)) of --set is not NAME=VALUE")
            }
            raw[String(answer[..<sign])] = .text(String(answer[answer.index(after: sign)...]))
        }
        return raw
    }

    private func show(_ variables: [ScriptEnvironment.Variable]) {
        let shown = variables.map { ($0.name, $0.value.description) }
        if json {
            return Terminal.put(JSONValue.object(JSONObject(shown.map { ($0, .string($1)) })).indentedBytes())
        }
        for (name, text) in shown { Terminal.say("\(name)=\(Self.oneLine(text))") }
    }

    private static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            switch scalar {
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

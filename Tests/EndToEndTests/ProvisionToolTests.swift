import Glibc
import ManifestKit
import TestSupport
import Testing

@Suite("The authors' tool", .timeLimit(.minutes(2))) struct ProvisionToolTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    /// Calls the tool; its exit code, and all it wrote.
    private func call(_ words: String..., path: String = "/usr/local/bin:/usr/bin:/bin") async throws
        -> (code: Int, output: String)
    {
        let own = try TemporaryDirectory()
        let tool = Program("provision", settings: ["PATH": path], folder: own.path)
        try tool.start(words)
        return (try await tool.end(), tool.output)
    }

    /// The path of an application's folder.
    private func application(manifest: String, script: String = "#!/bin/bash\nexit 0\n") throws -> String {
        let path = "\(folder.path)/demo"
        mkdir(path, 0o755)
        try Fixtures.write(manifest, to: "\(path)/manifest.yml")
        try Fixtures.write(script, to: "\(path)/install.sh", mode: 0o755)
        return path
    }

    private static let manifest = """
        schema_version: 1
        id: demo
        name: Demo
        version: "1"
        inputs:
          - {name: site, type: hostname, label: Site}
          - {name: admin_password, type: password}

        """

    @Test func findsNothingInTheApplicationsOfTheTree() async throws {
        let (code, output) = try await call("check", "installers")
        #expect(code == 0)
        #expect(output == "3 applications: no findings\n")
    }

    @Test func makesAnApplicationThatPassesItsCheck() async throws {
        let made = try await call("new", "my-app", "--installers", "\(folder.path)/new")
        #expect(made.code == 0, "\(made.output)")
        let checked = try await call("check", "\(folder.path)/new")
        #expect(checked.output == "1 application: no findings\n")
        #expect(checked.code == 0)
        let again = try await call("new", "my-app", "--installers", "\(folder.path)/new")
        #expect(again.code == 64)
        #expect(again.output.contains("is there already"), "\(again.output)")
        #expect(try await call("new", "My_App").code == 64)
    }

    @Test func findsWhatIsWrongByLineAndColumn() async throws {
        let path = try application(
            manifest: Self.manifest + "retrys: {}\n", script: "#!/bin/bash\nif true; then\n")
        let (code, output) = try await call("check", path)
        #expect(code == 1)
        #expect(output.contains("\(path)/manifest.yml:8:1: error: unknown key 'retrys'"), "\(output)")
        #expect(output.contains("\(path)/install.sh:"), "\(output)")
        #expect(output.contains("error: bash: syntax error"), "\(output)")
    }

    @Test func tellsProgramsTheSame() async throws {
        let path = try application(manifest: Self.manifest + "retrys: {}\n")
        for format in ["json", "sarif"] {
            let (code, output) = try await call("check", path, "--format", format)
            #expect(code == 1)
            let report = try JSONValue(parsing: Array(output.utf8)).object
            switch format {
            case "json":
                let finding = report?["findings"]?.array?.first?.object
                #expect(finding?["code"]?.string == "unknown_key")
                #expect(finding?["line"]?.integer == 8)
            default:
                let result = report?["runs"]?.array?.first?.object?["results"]?.array?.first?.object
                #expect(report?["version"]?.string == "2.1.0")
                #expect(result?["ruleId"]?.string == "unknown_key")
            }
        }
        let (_, annotations) = try await call("check", path, "--format", "github")
        #expect(annotations.hasPrefix("::error file=\(path)/manifest.yml,line=8,col=1"), "\(annotations)")
    }

    @Test func showsTheEnvironmentWithItsSecretsMasked() async throws {
        let path = try application(manifest: Self.manifest)
        let (code, output) = try await call(
            "env", path, "--set", "site= example.com ", "--set", "admin_password=c4nary-9F2e")
        #expect(code == 0, "\(output)")
        let lines = output.split(separator: "\n")
        #expect(lines.contains("SITE=example.com"), "\(output)")
        #expect(lines.contains("ADMIN_PASSWORD=••••"), "\(output)")
        #expect(!output.contains("c4nary"))
        let refused = try await call("env", path, "--set", "admin_password=c4nary-9F2e")
        #expect(refused.code == 1)
        #expect(refused.output.contains("site: an answer is required"), "\(refused.output)")
        #expect(!refused.output.contains("c4nary"))
        #expect(try await call("env", path, "--set", "site").code == 64)
    }

    @Test func refusesAnswersAndActionsThatAreNone() async throws {
        let path = try application(manifest: Self.manifest)
        let twice = try await call("env", path, "--set", "site=a", "--set", "site=b")
        #expect(twice.code == 64 && twice.output.contains("'site' is given twice"), "\(twice.output)")
        let near = try await call("env", path, "--set", "sit=a")
        #expect(
            near.code == 1 && near.output.contains("no input 'sit'; did you mean 'site'?"), "\(near.output)")
        let action = try await call("env", path, "--action", "instal")
        #expect(action.code == 64 && action.output.contains("did you mean 'install'?"), "\(action.output)")
        // Not offered: there is neither a script nor a service.
        #expect(try await call("env", path, "--action", "restart").code == 64)
    }

    @Test func showsWhatAnActionAsksAndKeeps() async throws {
        let manifest =
            Self.manifest + "actions: {renew: {script: install.sh, inputs: [{name: force, type: boolean}]}}\n"
        let path = try application(manifest: manifest)
        let form = try await call("form", path, "--action", "renew")
        #expect(form.output.contains("force *") && !form.output.contains("site"), "\(form.output)")
        let env = try await call(
            "env", path, "--action", "renew", "--set", "force=true", "--current", "site=a.example")
        #expect(env.code == 0)
        #expect(
            env.output.contains("\nFORCE=true\n") && env.output.contains("\nSITE=a.example\n"),
            "\(env.output)")
        let wrong = try await call(
            "env", path, "--action", "renew", "--set", "force=true", "--current", "site=-")
        #expect(wrong.code == 64)
        #expect(wrong.output.contains("site of --current: '-' is not a host name"), "\(wrong.output)")
        let secret = try await call("env", path, "--action", "renew", "--current", "admin_password=x")
        #expect(secret.code == 64)
        #expect(secret.output.contains("'admin_password' of --current is no input that is kept"))
        #expect(!secret.output.contains("did you mean"), "\(secret.output)")
    }

    @Test func tellsOfAServerThatWouldBeRefused() async throws {
        let path = try application(
            manifest: Self.manifest
                + "os_requirements: {family: [debian]}\nresource_requirements: {min_ram_mb: 512}\n")
        let (code, output) = try await call(
            "env", path, "--set", "site=a", "--set", "admin_password=1234", "--os", "fedora", "--memory",
            "100")
        #expect(code == 0)
        #expect(output.contains("family is 'fedora', wanted: debian"), "\(output)")
        #expect(output.contains("ram_mb is '100', wanted: 512 or more"), "\(output)")
    }

    /// The recipe of docs/writing-installers.md, with a value that a shell would act upon.
    @Test func printsAnEnvironmentThatAShellReads() async throws {
        let text = "it's $(touch \(folder.path)/witness) `x` \"y\" \\\n"
        let path = try application(
            manifest: Self.manifest + "  - {name: note, type: text}\n",
            script: "#!/bin/bash\nprintf '%s|%s|%s' \"$NOTE\" \"$PROVISION_WORK_DIR\" \"$ADMIN_PASSWORD\"\n")
        let (code, script) = try await call(
            "env", path, "--shell", "--set", "site=a", "--set", "admin_password=c4nary-9F2e", "--set",
            "note=\(text)")
        #expect(code == 0 && !script.contains("c4nary"), "\(script)")
        try Fixtures.write(script, to: folder.path("env.sh"))
        let bash = try ChildProcess(
            [
                "env", "-i", "bash", "-pc", "set -a; . \"$1\"; exec bash -p \"$2\"", "try",
                folder.path("env.sh"),
                "\(path)/install.sh",
            ], output: folder.path("printed"), folder: folder.path)
        #expect(try await eventually("the end of the script") { bash.ending() } == 0)
        let parts = try Fixtures.read(folder.path("printed")).split(
            separator: "|", omittingEmptySubsequences: false)
        #expect(
            parts.count == 3 && parts[0] == text && parts[1].hasPrefix("/tmp/") && parts[2].isEmpty,
            "\(parts)")
        #expect(access(folder.path("witness"), F_OK) != 0)
    }

    @Test func saysWhatItCouldNotDo() async throws {
        let path = try application(manifest: Self.manifest)
        let bare = try await call("check", path, path: folder.path)
        #expect(bare.code == 0 && bare.output.contains("bash is not installed here"), "\(bare.output)")
        let asked = try await call("check", path, "--shellcheck", path: folder.path)
        #expect(asked.code == 64 && asked.output.contains("shellcheck is not installed"), "\(asked.output)")
        // However often it is named, it is one application.
        let once = try await call("check", path, "\(path)/manifest.yml", folder.path)
        #expect(once.output == "1 application: no findings\n", "\(once.output)")
        #expect(try await call("form", "\(path)/manifest.yml").code == 0)
    }

    @Test func failsWhereItsOutputIsLost() async throws {
        let tool = try ChildProcess(
            ["sh", "-c", "exec \"$0\" schema >/dev/full", "\(Program.folder)/provision"],
            output: folder.path("errors"),
            folder: folder.path)
        #expect(try await eventually("its end") { tool.ending() } == 74)
        #expect(try Fixtures.read(folder.path("errors")).contains("the output cannot be written"))
    }

    @Test func showsTheForm() async throws {
        let path = try application(manifest: Self.manifest)
        let (code, text) = try await call("form", path)
        #expect(code == 0)
        #expect(text.contains("site *  Site"), "\(text)")
        let (_, json) = try await call("form", path, "--json")
        let fields = try JSONValue(parsing: Array(json.utf8)).object?["fields"]?.array
        #expect(fields?.compactMap { $0.object?["name"]?.string } == ["site", "admin_password"])
    }

    @Test func printsTheSchemaOfTheTree() async throws {
        #expect(try await call("schema").output == FileTree.text("docs/manifest.schema.json"))
    }

    @Test func saysWhatItCannotRead() async throws {
        let (code, output) = try await call("check", "\(folder.path)/nowhere")
        #expect(code == 64)
        #expect(output.contains("'\(folder.path)/nowhere'"), "\(output)")
    }
}

import ArgumentParser
import Glibc
import ManifestKit

/// Makes an application that passes `check` as it stands.
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Makes the folder of a new application.")

    @Argument(help: "The application's id: small letters, digits and single hyphens.")
    var id: String

    @Option(help: "The folder of applications.", completion: .directory)
    var installers = "installers"

    func run() throws {
        guard let id = ManifestID(id) else {
            throw ValidationError(
                "\(Diagnostic.quoted(id)) is no application's id: small letters and digits with single hyphens between them, at most 63"
            )
        }
        let folder = "\(installers)/\(id)"
        guard mkdir(installers, 0o755) == 0 || errno == EEXIST else { throw failure("make", installers) }
        guard mkdir(folder, 0o755) == 0 else {
            throw errno == EEXIST ? ValidationError("'\(folder)' is there already") : failure("make", folder)
        }
        try write(Template.manifest(id), to: "\(folder)/manifest.yml", mode: 0o644)
        try write(Template.script, to: "\(folder)/install.sh", mode: 0o755)
        Terminal.say("\(folder)/manifest.yml\n\(folder)/install.sh")
    }

    private func write(_ text: String, to path: String, mode: mode_t) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("write", path) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw failure("write", path) }
    }

    private func failure(_ verb: String, _ path: String) -> ValidationError {
        ValidationError("cannot \(verb) '\(path)': \(String(cString: strerror(errno)))")
    }
}

/// What a new application begins with.
enum Template {
    static func manifest(_ id: ManifestID) -> String {
        let words = id.description.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return """
            schema_version: 1
            id: \(id)
            name: \(words.joined(separator: " "))
            version: "1.0"
            revision: 1
            description: What it is, in a sentence
            category: other

            os_requirements:
              family: [debian, ubuntu]
              versions: {debian: ">=11", ubuntu: ">=20.04"}

            inputs:
              - name: greeting
                type: string
                label: Greeting
                description: What /etc/\(id).conf says
                default: hello
                validation:
                  pattern: '^[A-Za-z0-9 ]+$'
                  pattern_error: letters, digits and spaces
                  max_length: 80

            install_script: install.sh
            timeout_seconds: 600
            idempotent: true

            """
    }

    static let script = """
        #!/bin/bash
        # Inputs come as variables, nothing as standard input. Exit codes: 0 done, 1 wrong inputs, 2 failed and worth
        # another try, 3 a person must act. Running it again changes what differs, and nothing else.
        set -euo pipefail

        file=/etc/$PROVISION_APP_ID.conf
        text="greeting = $GREETING"

        if [[ -e $file && $(<"$file") == "$text" ]]; then
            printf 'unchanged: %s\\n' "$file"
            exit 0
        fi
        printf '%s\\n' "$text" >"$file.new" || exit 2
        mv -f "$file.new" "$file"
        printf 'written: %s\\n' "$file"

        """
}

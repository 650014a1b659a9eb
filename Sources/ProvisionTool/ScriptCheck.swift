import Glibc
import ManifestKit
import Subprocess

/// Has an application's shell scripts read by those who know shell: `bash -n`, and shellcheck where it is installed.
struct ScriptCheck {
    let folder: String
    let usesShellcheck: Bool

    /// Bytes of a checker's output that are read.
    private static let outputLimit = 4 << 20

    /// What was found, script by script.
    func findings() async -> [Diagnostic] {
        // A folder without a manifest is no application, whatever lies in it.
        guard (try? Folder(path: folder).status(of: "manifest.yml")) != nil else { return [] }
        var findings: [Diagnostic] = []
        for script in scripts() {
            let path = "\(folder)/\(script)"
            let syntax = await Self.syntax(path)
            findings += syntax
            // What cannot be read as shell has nothing more to say.
            if syntax.isEmpty, usesShellcheck { findings += await Self.shellcheck(path) }
        }
        return findings
    }

    /// The files that end in `.sh` or begin as shell scripts do, in the folder and below it.
    private func scripts() -> [String] {
        guard let folder = try? Folder(path: folder) else { return [] }
        return Self.scripts(in: folder, prefix: "", depth: 0)
    }

    private static func scripts(in folder: Folder, prefix: String, depth: Int) -> [String] {
        guard depth < 8, let names = try? folder.names() else { return [] }
        return names.flatMap { name -> [String] in
            switch try? folder.status(of: name).kind {
            case .folder?:
                let below = try? folder.folder(named: name)
                return below.map { scripts(in: $0, prefix: prefix + name + "/", depth: depth + 1) } ?? []
            case .regular?:
                guard let bytes = try? folder.read(name, atMost: 1 << 20).bytes, isShell(name, bytes) else {
                    return []
                }
                return [prefix + name]
            default: return []
            }
        }
    }

    private static func isShell(_ name: String, _ bytes: [UInt8]) -> Bool {
        let first = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }.prefix(128), as: UTF8.self)
        guard first.hasPrefix("#!") else { return name.hasSuffix(".sh") }
        return first.split(separator: "/").last?.split(separator: " ").contains { $0 == "bash" || $0 == "sh" }
            ?? false
    }

    /// Whether a program of that name is where programs are looked for.
    static func isInstalled(_ name: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }

    // MARK: - bash

    /// Reads lines like `path: line 3: syntax error near …`.
    private static func syntax(_ path: String) async -> [Diagnostic] {
        let result = try? await run(
            // A script may switch extended patterns on, which bash does not learn by reading alone.
            .name("bash"), arguments: ["-O", "extglob", "-n", "--", path],
            environment: .inherit.updating(["LC_ALL": "C"]),
            output: .discarded, error: .string(limit: outputLimit))
        guard let result, !result.terminationStatus.isSuccess else { return [] }
        let lines = result.standardError.split(separator: "\n")
        let found = lines.compactMap { line -> Diagnostic? in
            guard line.hasPrefix("\(path): line ") else { return nil }
            let rest = line.dropFirst(path.count + 7)
            guard let colon = rest.firstIndex(of: ":"), let number = Int(rest[..<colon]) else { return nil }
            let message = rest[rest.index(after: colon)...].drop { $0 == " " }
            return Diagnostic(
                .error, .script, "bash: \(message)", at: SourceLocation(file: path, line: number))
        }
        // The second line of an error repeats the source.
        return Array(found.prefix(1))
    }

    // MARK: - shellcheck

    /// What the kit tells itself, that a script has no first line, is left out.
    private static func shellcheck(_ path: String) async -> [Diagnostic] {
        let result = try? await run(
            .name("shellcheck"),
            arguments: ["--format=json1", "--external-sources", "--exclude=SC2148", "--", path],
            output: .bytes(limit: outputLimit), error: .discarded)
        guard let result, let report = try? JSONValue(parsing: result.standardOutput) else { return [] }
        return report.object?["comments"]?.array?.compactMap { comment in
            guard let object = comment.object, let line = object["line"]?.integer,
                let column = object["column"]?.integer,
                let message = object["message"]?.string, let level = object["level"]?.string
            else { return nil }
            let severity: Diagnostic.Severity =
                switch level {
                case "error": .error
                case "warning": .warning
                default: .note
                }
            let code = object["code"]?.integer.map { "SC\($0): " } ?? ""
            return Diagnostic(
                severity, .script, code + message,
                at: SourceLocation(file: path, line: Int(line), column: Int(column)))
        } ?? []
    }
}

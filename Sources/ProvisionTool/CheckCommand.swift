import ArgumentParser
import Glibc
import ManifestKit
import ValidationKit

/// Finds what is wrong with applications, as a compiler would say it.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Finds what is wrong with applications.",
        discussion: """
            PATH is an application's folder, its manifest.yml, or a folder of applications; 'installers' unless given. \
            Scripts are read by 'bash -n', and by shellcheck where it is installed. Exit codes: 0 no errors, 1 errors, \
            64 called wrongly.
            """)

    @Argument(help: "Folders of applications, applications, or their manifests.", completion: .file())
    var paths: [String] = []

    @Option(
        help: "How findings are written: \(FindingsFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
    var format = FindingsFormat.text

    @Flag(
        inversion: .prefixedNo,
        help: "Whether scripts are given to shellcheck; unless said otherwise, where it is installed.")
    var shellcheck: Bool?

    func run() async throws {
        if shellcheck == true, !ScriptCheck.isInstalled("shellcheck") {
            throw ValidationError("shellcheck is not installed")
        }
        if !ScriptCheck.isInstalled("bash") {
            Terminal.complain("warning: bash is not installed here; no script was parsed")
        }
        var findings: [Diagnostic] = []
        var seen: Set<String> = []
        for path in paths.isEmpty ? ["installers"] : paths {
            for folder in try ApplicationFolders.at(path) where seen.insert(Self.resolved(folder)).inserted {
                let loaded = Application.load(folder: folder)
                findings += loaded.diagnostics
                findings += await ScriptCheck(folder: folder, usesShellcheck: shellcheck ?? true).findings()
            }
        }
        Terminal.put(format.report(findings, applications: seen.count))
        if findings.contains(where: \.isError) { throw ExitCode(1) }
    }

    /// The one path of a folder, however it was named.
    private static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// Which applications a path means.
enum ApplicationFolders {
    /// The folders of the applications at `path`, in order.
    ///
    /// - Throws: where there is nothing that could be one.
    static func at(_ path: String) throws -> [String] {
        let name = path.split(separator: "/").last.map { String($0) } ?? path
        if name == "manifest.yml" {
            let folder = path.dropLast(name.count + 1)
            return [folder.isEmpty ? "." : String(folder)]
        }
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        do throws(FileError) {
            let folder = try Folder(path: trimmed)
            let names = try folder.names()
            if names.contains("manifest.yml") { return [trimmed] }
            let found = names.filter { name in
                !name.hasPrefix(".") && !name.hasPrefix("_")
                    && (try? folder.status(of: name).kind) != .regular
            }
            guard !found.isEmpty else { throw FileError(.notFound, path: trimmed, "holds no application") }
            return found.map { "\(trimmed)/\($0)" }
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// The application called `id`, below the folder of applications, or by the path of its folder or manifest.
    static func application(_ id: String, in installers: String) throws -> Application {
        let isThere = access("\(installers)/\(id)", F_OK) == 0
        let isPath =
            id.contains("/") || id == "." || id == "manifest.yml" || !isThere && access(id, F_OK) == 0
        let folder = isPath ? try at(id).first ?? id : "\(installers)/\(id)"
        let loaded = Application.load(folder: folder)
        guard let application = loaded.value else {
            for finding in loaded.diagnostics { Terminal.complain(finding.description) }
            throw ExitCode(1)
        }
        return application
    }
}

extension Manifest {
    /// Refuses an action that the application does not offer.
    func checkAction(_ name: String) throws {
        guard action(named: name) == nil else { return }
        let known = actions.map(\.name)
        let hint = NearMiss.hint(for: name, among: known)
        let cure = hint.isEmpty ? "; it has \(known.joined(separator: ", "))" : hint
        throw ValidationError("the application has no action \(Diagnostic.quoted(name))\(cure)")
    }
}

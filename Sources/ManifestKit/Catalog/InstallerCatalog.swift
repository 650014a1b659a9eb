/// The applications of a folder, each in a folder of its own.
///
/// A broken application is left out and reported; it never hides the others.
public struct InstallerCatalog: Sendable {
    /// The applications without errors, sorted by name.
    public let installers: [Installer]
    /// What was found, application by application, in source order.
    public let diagnostics: [Diagnostic]

    /// Loads every application below the folder at `path`.
    ///
    /// Files beside the folders, and folders whose names begin with `.` or `_`, are
    /// no applications and passed over.
    public static func load(folder path: String) -> InstallerCatalog {
        let place = SourceLocation(file: path)
        do throws(FileError) {
            let root = try Folder(path: path)
            var installers: [Installer] = []
            var diagnostics: [Diagnostic] = []
            for name in try root.names() where !name.hasPrefix(".") && !name.hasPrefix("_") {
                guard let kind = try? root.status(of: name).kind, kind != .regular else { continue }
                let loaded = InstallerFolder.load(named: name, in: root)
                if let installer = loaded.value { installers.append(installer) }
                diagnostics += loaded.diagnostics
            }
            return InstallerCatalog(installers: installers.sorted { $0.id < $1.id }, diagnostics: diagnostics)
        } catch {
            return InstallerCatalog(
                installers: [], diagnostics: [Diagnostic(.error, .folder, error.description, at: place)])
        }
    }

    /// The application called `id`.
    public func installer(_ id: ManifestID) -> Installer? { installers.first { $0.id == id } }
}

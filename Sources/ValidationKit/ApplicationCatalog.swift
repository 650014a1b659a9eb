public import ManifestKit

/// The applications of a folder that may be offered, and what was found about all of them.
public struct ApplicationCatalog: Sendable {
    /// The applications without errors, sorted by name.
    public let applications: [Application]
    /// What was found, application by application, in source order.
    public let diagnostics: [Diagnostic]

    /// Loads every application below the folder at `path`; a broken one never hides the others.
    public static func load(folder path: String) -> ApplicationCatalog {
        let catalog = InstallerCatalog.load(folder: path)
        let made = catalog.installers.map(Application.make)
        // The catalogue has told the files in order; a file's two lists become one.
        let diagnostics = (catalog.diagnostics + made.flatMap(\.diagnostics)).enumerated().sorted {
            first, second in
            let (left, right) = (first.element.location, second.element.location)
            return (left.file, left.line, left.column, first.offset) < (
                right.file, right.line, right.column, second.offset
            )
        }
        return ApplicationCatalog(
            applications: made.compactMap(\.value), diagnostics: diagnostics.map(\.element))
    }

    /// The application called `id`.
    public func application(_ id: ManifestID) -> Application? { applications.first { $0.id == id } }
}

import JobKit
import ManifestKit
import ServiceSettings
import ValidationKit

/// The panel's own repository: what it offers, each with the digest that orders name.
struct Catalog: Sendable {
    /// An application that may be offered.
    struct Entry: Sendable {
        let application: Application
        let contentDigest: String
    }

    /// By id.
    let entries: [Entry]
    /// What there is to say about the folder's manifests.
    let diagnostics: [Diagnostic]
    /// Names of folders whose application cannot be offered.
    let leftOut: [String]
    private let byID: [String: Entry]

    /// Loads every application below a folder; broken ones are left out and told of.
    ///
    /// - Throws: ``StartupProblem`` where there is no such folder.
    init(folder: String) throws {
        do throws(FileError) {
            _ = try Folder(path: folder)
        } catch {
            throw StartupProblem("PANEL_INSTALLERS: \(error)")
        }
        let catalog = ApplicationCatalog.load(folder: folder)
        diagnostics = catalog.diagnostics
        entries = catalog.applications.compactMap { application in
            guard let digest = try? application.installer.contentDigest() else { return nil }
            return Entry(application: application, contentDigest: digest)
        }
        let offered = Set(entries.map(\.application.id.description))
        let broken = catalog.diagnostics.filter(\.isError).compactMap { finding in
            finding.location.file.dropFirst(folder.count).split(separator: "/").first.map { String($0) }
        }
        let undigested = catalog.applications.map(\.id.description)
        leftOut = Set(broken + undigested).subtracting(offered).sorted()
        byID = Dictionary(uniqueKeysWithValues: entries.map { ($0.application.id.description, $0) })
    }

    subscript(id: String) -> Entry? { byID[id] }
}

import JobKit
import ManifestKit
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
    private let byID: [String: Entry]

    /// Loads every application below a folder; broken ones are left out and told of.
    init(folder: String) {
        let catalog = ApplicationCatalog.load(folder: folder)
        diagnostics = catalog.diagnostics
        entries = catalog.applications.compactMap { application in
            guard let digest = try? application.installer.contentDigest() else { return nil }
            return Entry(application: application, contentDigest: digest)
        }
        byID = Dictionary(uniqueKeysWithValues: entries.map { ($0.application.id.description, $0) })
    }

    subscript(id: String) -> Entry? { byID[id] }
}

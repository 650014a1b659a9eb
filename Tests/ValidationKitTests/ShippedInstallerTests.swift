import ManifestKit
import Testing
import ValidationKit

@Suite("The installers that are shipped") struct ShippedInstallerTests {
    @Test func loadWithoutAFinding() {
        let root = "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let catalog = ApplicationCatalog.load(folder: root.joined(separator: "/") + "/installers")
        #expect(catalog.diagnostics.map(\.description).isEmpty)
        #expect(catalog.applications.map(\.id.description).contains("nginx"))
    }
}

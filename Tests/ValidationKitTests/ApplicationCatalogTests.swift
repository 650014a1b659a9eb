import Glibc
import ManifestKit
import Testing
import ValidationKit

@Suite("Catalogues of applications") struct ApplicationCatalogTests {
    private let path: String

    init() throws {
        var template = Array("/tmp/validationkit-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    private func write(_ id: String, pattern: String) {
        mkdir(path + "/" + id, 0o755)
        let manifest =
            "id: \(id)\nname: App\nversion: \"1\"\ninputs:\n  - {name: a, type: string, validation: {pattern: '\(pattern)'}}\n"
        for (name, text) in [("manifest.yml", manifest), ("install.sh", "#!/bin/bash\n")] {
            guard let file = fopen("\(path)/\(id)/\(name)", "w") else { continue }
            fputs(text, file)
            fclose(file)
            chmod("\(path)/\(id)/\(name)", 0o755)
        }
    }

    private func remove(_ ids: String...) {
        for id in ids {
            unlink("\(path)/\(id)/manifest.yml")
            unlink("\(path)/\(id)/install.sh")
            rmdir("\(path)/\(id)")
        }
        rmdir(path)
    }

    @Test func anApplicationWhosePatternIsRefusedIsLeftOut() throws {
        defer { remove("bad", "good", "noted") }
        write("bad", pattern: "^(a)\\1$")
        write("good", pattern: "^[a-z]+$")
        write("noted", pattern: "[a-z]+")
        let catalog = ApplicationCatalog.load(folder: path)
        #expect(catalog.applications.map(\.id.description) == ["good", "noted"])
        #expect(
            catalog.diagnostics.map { $0.description.replacing(path, with: "installers") } == [
                "installers/bad/manifest.yml:5:56: error: pattern of input 'a' uses a back-reference, which patterns may not",
                "installers/noted/manifest.yml:5:51: note: pattern of input 'a' has to match the whole value; write '^…$' to show it",
            ])
        let application = try #require(catalog.applications.first)
        #expect(application.validator.validate(["a": .text("abc")]).environment == ["A=abc"])
    }
}

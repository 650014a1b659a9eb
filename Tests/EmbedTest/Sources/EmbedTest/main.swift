import Glibc
import ManifestKit

guard CommandLine.arguments.count == 2 else {
    print("usage: EmbedTest FOLDER, a folder of applications")
    exit(64)
}
let catalog = InstallerCatalog.load(folder: CommandLine.arguments[1])
for diagnostic in catalog.diagnostics { print(diagnostic) }
for installer in catalog.installers {
    let fields = Form(installer.manifest).fields.map { "\($0.name): \($0.input.type.rawValue)" }
    print("\(installer.id) \(installer.manifest.version) (\(fields.joined(separator: ", ")))")
}
exit(catalog.diagnostics.contains(where: \.isError) ? 1 : 0)

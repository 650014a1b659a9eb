public import ManifestKit

/// An application that may be offered: its files, and the validator of its inputs.
///
/// One exists only if neither decoding nor linting found an error.
public struct Application: Sendable, Identifiable {
    /// The application as it lies on disk.
    public let installer: Installer
    /// The validator of its inputs, with every pattern compiled.
    public let validator: InputValidator

    /// The application's name.
    public var id: ManifestID { installer.id }

    /// The contract.
    public var manifest: Manifest { installer.manifest }

    /// The application in the folder at `path`, if nothing found is an error; and all findings.
    public static func load(folder path: String) -> Decoded<Application> {
        let loaded = Installer.load(folder: path)
        guard let installer = loaded.value else {
            return Decoded(value: nil, diagnostics: loaded.diagnostics)
        }
        let made = make(installer)
        return Decoded(
            value: made.value, diagnostics: (loaded.diagnostics + made.diagnostics).inSourceOrder())
    }

    /// The application in `installer`, if the linter finds no error; and what it found.
    public static func make(_ installer: Installer) -> Decoded<Application> {
        let diagnostics = ManifestLinter.lint(installer.manifest)
        let validator = try? InputValidator(manifest: installer.manifest)
        return Decoded(
            value: validator.map { Application(installer: installer, validator: $0) },
            diagnostics: diagnostics)
    }
}

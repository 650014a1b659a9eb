/// One application as it lies on disk: its manifest, its script, its files.
public struct Installer: Sendable, Identifiable {
    /// The contract.
    public let manifest: Manifest
    /// The application's folder.
    public let folderPath: String
    /// Every regular file of the folder, sorted by path.
    public let files: [InstallerFile]
    /// The manifest as it was read.
    let manifestBytes: [UInt8]

    /// The application's name.
    public var id: ManifestID { manifest.id }

    /// The path of the script that installs.
    public var scriptPath: String { folderPath + "/" + manifest.installScript }

    /// The bytes whose digest stands for the application's content.
    ///
    /// A line that names this form; then, for the manifest and every other file in
    /// the order of their paths: the path, whether it is a program (0755 or 0644, as
    /// git has it: a clone's umask changes nothing), the bytes. Texts and bytes follow
    /// their length, so that no two folders have one form.
    package func contentDigestInput() throws(FileError) -> [UInt8] {
        try Self.contentDigestInput(of: files) { path, bytes throws(FileError) in
            guard path != InstallerFolder.manifestName || bytes == manifestBytes else {
                throw FileError(
                    .changed, path: folderPath + "/" + path, "changed since the application was loaded")
            }
        }
    }

    /// The same of a folder whatever its manifest says.
    package static func contentDigestInput(of folder: Folder) throws(FileError) -> [UInt8] {
        try contentDigestInput(of: InstallerFolder.files(of: folder)) { _, _ in }
    }

    private static func contentDigestInput(
        of files: [InstallerFile], check: (String, [UInt8]) throws(FileError) -> Void
    ) throws(FileError) -> [UInt8] {
        var input = Array("provision-content-v1\n".utf8)
        input.append(bigEndian: UInt64(files.count))
        for file in files {
            let bytes = try file.bytes()
            try check(file.path, bytes)
            input.append(lengthPrefixed: Array(file.path.utf8))
            input.append(bigEndian: file.isProgram ? 0o755 : 0o644)
            input.append(lengthPrefixed: bytes)
        }
        return input
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    fileprivate mutating func append(lengthPrefixed bytes: [UInt8]) {
        append(bigEndian: UInt64(bytes.count))
        append(contentsOf: bytes)
    }
}

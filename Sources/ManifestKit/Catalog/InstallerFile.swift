/// One regular file of an application's folder, as it was when the folder was loaded.
public struct InstallerFile: Sendable, Hashable {
    /// The path inside the folder: `files/site.conf`.
    public let path: String
    /// The permission bits.
    public let mode: UInt32
    /// The size in bytes.
    public let size: Int
    /// The application's folder.
    let folderPath: String

    /// Whether anyone may execute it.
    var isProgram: Bool { mode & 0o111 != 0 }

    /// The file's bytes; refused if the file is not as it was when the folder was loaded.
    package func bytes() throws(FileError) -> [UInt8] {
        let (bytes, status) = try Folder(path: folderPath).read(path, atMost: InstallerFolder.maximumFileSize)
        guard status.mode == mode, status.size == size else {
            throw FileError(
                .changed, path: folderPath + "/" + path, "changed since the application was loaded")
        }
        return bytes
    }
}

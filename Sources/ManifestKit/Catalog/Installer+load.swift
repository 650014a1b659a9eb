import Glibc

extension Installer {
    /// The application in the folder at `path`, or nil if any finding is an error; and all findings.
    public static func load(folder path: String) -> Decoded<Installer> {
        let (parent, name) = parts(of: path)
        do throws(FileError) {
            return InstallerFolder.load(named: name, in: try Folder(path: parent))
        } catch {
            let place = SourceLocation(file: path)
            return Decoded(
                value: nil, diagnostics: [Diagnostic(.error, .folder, error.description, at: place)])
        }
    }

    /// The folder above, and the folder's own name, which its manifest has to have for an id.
    private static func parts(of path: String) -> (parent: String, name: String) {
        var path = path
        let last = path.split(separator: "/").last ?? ""
        if last.isEmpty || last == "." || last == "..", let resolved = realpath(path, nil) {
            path = String(cString: resolved)
            free(resolved)
        }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (
            slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...])
        )
    }
}

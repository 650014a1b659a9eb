/// Reads one application's folder; everything that speaks against it becomes a finding.
struct InstallerFolder {
    static let manifestName = "manifest.yml"
    static let maximumScriptSize = 1024 * 1024
    static let maximumFileSize = 16 * 1024 * 1024
    private static let maximumTotalSize = 64 * 1024 * 1024
    private static let maximumFiles = 1000
    private static let maximumDepth = 8

    /// The application, or nil if any finding is an error; and all findings.
    static func load(named name: String, in root: Folder) -> Decoded<Installer> {
        let path = root.path == "." ? name : root.path + "/" + name
        let place = SourceLocation(file: path + "/" + manifestName)
        do throws(FileError) {
            let folder = try root.folder(named: name)
            let bytes = try folder.read(manifestName, atMost: maximumScriptSize).bytes
            let decoded = Manifest.decode(bytes, file: place.file)
            var reader = InstallerFolder(folderPath: path, place: place)
            try reader.list(folder, prefix: "", depth: 0)
            if let manifest = decoded.value {
                if manifest.id.description != name {
                    reader.report(.identifier, "id '\(manifest.id)' is not the folder's name, '\(name)'")
                }
                reader.checkScripts(of: manifest, in: folder)
            }
            let files = reader.files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
            let installer = decoded.value.map {
                Installer(manifest: $0, folderPath: path, files: files, manifestBytes: bytes)
            }
            return Decoded(
                value: installer, diagnostics: (decoded.diagnostics + reader.diagnostics).inSourceOrder())
        } catch {
            return Decoded(
                value: nil, diagnostics: [Diagnostic(.error, .folder, error.description, at: place)])
        }
    }

    private let folderPath: String
    private let place: SourceLocation
    private var files: [InstallerFile] = []
    private var totalSize = 0
    private var diagnostics: [Diagnostic] = []

    private init(folderPath: String, place: SourceLocation) {
        self.folderPath = folderPath
        self.place = place
    }

    private mutating func list(_ folder: Folder, prefix: String, depth: Int) throws(FileError) {
        guard depth < Self.maximumDepth else {
            return report(.limit, "'\(folder.path)' lies more than \(Self.maximumDepth) folders deep")
        }
        for name in try folder.names() {
            guard files.count <= Self.maximumFiles else { return }
            let path = prefix + name
            guard RelativePath.isName(name), !name.unicodeScalars.contains("\u{FFFD}") else {
                report(
                    .file, "the name \(Diagnostic.quoted(path)) holds characters that may not stand in one")
                continue
            }
            let status = try folder.status(of: name)
            switch status.kind {
            case .regular: add(path, status)
            case .folder: try list(try folder.folder(named: name), prefix: path + "/", depth: depth + 1)
            case .link: report(.file, "'\(path)' is a link; an application's folder holds regular files only")
            case .other:
                report(.file, "'\(path)' is not a regular file; an application's folder holds nothing else")
            }
        }
    }

    private mutating func add(_ path: String, _ status: FileStatus) {
        files.append(InstallerFile(path: path, mode: status.mode, size: status.size, folderPath: folderPath))
        totalSize += status.size
        if status.mode & 0o6000 != 0 {
            report(.file, "'\(path)' runs as its owner or group (set-ID bit); take the bit away")
        }
        if status.size > Self.maximumFileSize {
            report(.size, "'\(path)' has \(status.size) bytes; at most \(Self.maximumFileSize) are read")
        }
        if totalSize > Self.maximumTotalSize, totalSize - status.size <= Self.maximumTotalSize {
            report(.size, "the folder holds more than \(Self.maximumTotalSize) bytes")
        }
        if files.count == Self.maximumFiles + 1 {
            report(.limit, "the folder holds more than \(Self.maximumFiles) files")
        }
    }

    /// A script is run as `bash -p script`, so that it works without being executable; by hand it does not.
    private mutating func checkScripts(of manifest: Manifest, in folder: Folder) {
        var seen: Set<String> = []
        for script in manifest.scripts where seen.insert(script.text).inserted {
            check(script, at: manifest.location(of: script.location), in: folder)
        }
    }

    private mutating func check(_ script: LocatedText, at place: SourceLocation, in folder: Folder) {
        func finding(_ predicate: String, _ severity: Diagnostic.Severity = .error) {
            diagnostics.append(
                Diagnostic(severity, .script, "script '\(script.text)' \(predicate)", at: place))
        }
        do throws(FileError) {
            let (bytes, status) = try folder.read(script.text, atMost: Self.maximumScriptSize)
            if !bytes.starts(with: "#!".utf8) { finding("does not begin with '#!', as in '#!/bin/bash'") }
            if bytes.contains(UInt8(ascii: "\r")) {
                finding("has carriage returns; save it with line feeds alone")
            }
            if bytes.contains(0) { finding("holds zero bytes and is no text") }
            if status.mode & 0o111 == 0 { finding("is not executable; 'chmod +x' makes it so", .warning) }
        } catch {
            finding(error.predicate)
        }
    }

    private mutating func report(_ code: DiagnosticCode, _ message: String) {
        diagnostics.append(Diagnostic(.error, code, message, at: place))
    }
}

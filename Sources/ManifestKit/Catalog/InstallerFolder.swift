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
                    reader.diagnostics.append(
                        Diagnostic(
                            .error, .identifier,
                            "id '\(manifest.id)' is not the folder's name, '\(name)'; rename one of the two",
                            at: manifest.location(of: manifest.idLocation)))
                }
                reader.checkScripts(of: manifest, in: folder)
            }
            let files = reader.sortedFiles
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

    /// The files of an application's folder, whatever its manifest says.
    static func files(of folder: Folder) throws(FileError) -> [InstallerFile] {
        let place = SourceLocation(file: folder.path + "/" + manifestName)
        var reader = InstallerFolder(folderPath: folder.path, place: place)
        try reader.list(folder, prefix: "", depth: 0)
        if let finding = reader.diagnostics.first {
            throw FileError(.notRegular, path: folder.path, finding.message)
        }
        return reader.sortedFiles
    }

    private var sortedFiles: [InstallerFile] {
        files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
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

    private mutating func checkScripts(of manifest: Manifest, in folder: Folder) {
        var seen: Set<String> = []
        for script in manifest.scripts where seen.insert(script.text).inserted {
            do throws(FileError) {
                let (bytes, status) = try folder.read(script.text, atMost: Self.maximumScriptSize)
                check(script.text, bytes, status)
            } catch {
                diagnostics.append(
                    Diagnostic(
                        .error, .script, "script '\(script.text)' \(error.predicate)",
                        at: manifest.location(of: script.location)))
            }
        }
    }

    /// A script is run as `bash -p script`, so that it works without being executable; by hand it does not.
    private mutating func check(_ name: String, _ bytes: [UInt8], _ status: FileStatus) {
        func finding(_ predicate: String, line: Int = 1, _ severity: Diagnostic.Severity = .error) {
            let place = SourceLocation(file: "\(folderPath)/\(name)", line: line)
            diagnostics.append(Diagnostic(severity, .script, "script '\(name)' \(predicate)", at: place))
        }
        func line(of byte: UInt8) -> Int? {
            bytes.firstIndex(of: byte).map { index in bytes[..<index].count { $0 == UInt8(ascii: "\n") } + 1 }
        }
        let first = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        if !first.starts(with: "#!".utf8) {
            finding("does not begin with '#!', as in '#!/bin/bash'")
        } else if !Self.isShell(first) {
            let shown = Diagnostic.quoted(String(decoding: first.prefix(64), as: UTF8.self))
            finding("begins with \(shown); scripts are run by bash, whatever stands there")
        }
        if let line = line(of: UInt8(ascii: "\r")) {
            finding("has carriage returns; save it with line feeds alone", line: line)
        }
        if let line = line(of: 0) { finding("holds zero bytes and is no text", line: line) }
        if status.mode & 0o111 == 0 { finding("is not executable; 'chmod +x' makes it so", .warning) }
    }

    /// Whether a line names bash or sh: `#!/bin/bash`, `#!/usr/bin/env -S bash -e`.
    private static func isShell(_ line: ArraySlice<UInt8>) -> Bool {
        let words = line.dropFirst(2).split(separator: UInt8(ascii: " "))
        return words.contains { word in
            let name = word.split(separator: UInt8(ascii: "/")).last ?? []
            return name.elementsEqual("bash".utf8) || name.elementsEqual("sh".utf8)
        }
    }

    private mutating func report(_ code: DiagnosticCode, _ message: String) {
        diagnostics.append(Diagnostic(.error, code, message, at: place))
    }
}

import Glibc
import ManifestKit
import TestSupport
import Testing

/// The sample manifest of the README of record.
let sample = ManifestSample.text

/// What comes of a manifest that is a smallest one and `lines`.
func decode(_ lines: String, inputs: String = "[]") -> Decoded<Manifest> {
    Manifest.decode(
        Array("id: app\nname: App\nversion: \"1\"\ninputs: \(inputs)\n\(lines)\n".utf8), file: "manifest.yml")
}

/// The manifest that is a smallest one and `lines`.
func manifest(_ lines: String, inputs: String = "[]") throws -> Manifest {
    let decoded = decode(lines, inputs: inputs)
    return try #require(decoded.value, "\(decoded.diagnostics)")
}

extension TemporaryDirectory {
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) {
        write(name, Array(text.utf8), mode: mode)
    }

    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) {
        let parts = name.split(separator: "/")
        for count in 1..<max(1, parts.count) {
            mkdir(path + "/" + parts[..<count].joined(separator: "/"), 0o755)
        }
        guard let file = fopen(path + "/" + name, "w") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        chmod(path + "/" + name, mode)
    }

    func link(_ name: String, to target: String) { symlink(target, path + "/" + name) }

    /// An application whose manifest is the sample under another name.
    func writeApplication(_ id: String, manifest: String? = nil, script: String? = "#!/bin/bash\nexit 0\n") {
        write("\(id)/manifest.yml", manifest ?? "id: \(id)\nname: App\nversion: \"1\"\ninputs: []\n")
        if let script { write("\(id)/install.sh", script, mode: 0o755) }
    }
}

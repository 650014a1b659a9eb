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

/// Numbers that look random and are the same in every run with one seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// The processor time that `body` takes of this thread, in milliseconds.
func milliseconds(_ body: () -> Void) -> Double {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }
    let start = now()
    body()
    return now() - start
}

/// A folder that is there for one test.
final class ScratchFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/manifestkit-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = String(cString: made)
    }

    deinit { remove(path) }

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

    private func remove(_ path: String) {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                let child = path + "/" + name
                if entry.pointee.d_type == UInt8(DT_DIR) { remove(child) } else { unlink(child) }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}

import Glibc
package import ManifestKit

/// A file of `Fixtures`: a manifest, a line of dashes, and what is to come of it.
///
/// What is to come is each finding on a line of its own and then, if the manifest
/// is usable, `ok` and its canonical form.
package struct ManifestFixture: CustomStringConvertible, Sendable {
    package let description: String
    package let yaml: [UInt8]
    package let expected: String
    private let path: String

    private static let separator = Array("\n----------\n".utf8)

    /// Every fixture of the folder beside `file`.
    package static func all(beside file: StaticString = #filePath) -> [ManifestFixture] {
        all(
            in: "\(file)".split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/") + "/Fixtures")
    }

    /// Every fixture of the folder at `folderPath`.
    package static func all(in folderPath: String) -> [ManifestFixture] {
        guard let folder = try? Folder(path: folderPath), let names = try? folder.names() else { return [] }
        return names.filter { $0.hasSuffix(".manifesttest") }.compactMap { name in
            guard let bytes = try? folder.read(name, atMost: 1 << 20).bytes else { return nil }
            return ManifestFixture(name: name, path: folderPath + "/" + name, bytes: bytes)
        }
    }

    private init?(name: String, path: String, bytes: [UInt8]) {
        let starts = bytes.indices.filter { bytes[$0...].starts(with: Self.separator) }
        guard let start = starts.last else { return nil }
        description = name
        self.path = path
        yaml = Array(bytes[...start])
        expected = String(decoding: bytes[(start + Self.separator.count)...], as: UTF8.self)
    }

    /// What came of decoding, in the fixtures' form.
    package static func report(_ diagnostics: [Diagnostic], _ manifest: Manifest?) -> String {
        let lines = diagnostics.map(\.description)
        let result = manifest.map { ["ok", String(decoding: $0.canonicalForm(), as: UTF8.self)] } ?? []
        return (lines + result).joined(separator: "\n") + "\n"
    }

    /// Writes `actual` as what is to come, when the environment says so; the run fails all the same.
    package func record(_ actual: String) {
        guard getenv("RECORD_SNAPSHOTS") != nil, let file = fopen(path, "w") else { return }
        let bytes = yaml + Self.separator.dropFirst() + Array(actual.utf8)
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}

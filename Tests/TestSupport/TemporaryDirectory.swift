import Glibc

/// A fresh folder that goes away, with all that is in it, when the last
/// reference does.
package final class TemporaryDirectory: Sendable {
    /// Its path.
    package let path: String

    /// A new empty folder that only this user may enter.
    package init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/provisioning-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFailure("no temporary folder in '\(parent)'") }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    deinit {
        Self.remove(path)
    }

    // Links are removed, not followed: remove(3) takes away all but a folder with something in it.
    private static func remove(_ path: String) {
        guard Glibc.remove(path) != 0, errno == ENOTEMPTY || errno == EEXIST else { return }
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { remove("\(path)/\(name)") }
        }
        closedir(folder)
        Glibc.remove(path)
    }

    /// The path of a thing in it.
    package func path(_ name: String) -> String { "\(path)/\(name)" }
}

/// A test's surroundings did not do their part.
package struct SystemFailure: Error, CustomStringConvertible {
    /// What it was, and what the system said.
    package let description: String

    /// A failure of the call that has just been made.
    package init(_ what: String) {
        description = "\(what): \(String(cString: strerror(errno)))"
    }
}

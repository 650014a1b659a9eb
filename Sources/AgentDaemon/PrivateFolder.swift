import Glibc
import ServiceSettings

/// Folders of the agent's own, readable by root alone.
enum PrivateFolder {
    /// Makes the folder at a full path, and those above it, where they are missing.
    ///
    /// - Parameter setting: the setting that names it.
    /// - Throws: ``StartupProblem`` where it cannot be made.
    static func make(_ path: String, setting: String) throws {
        var above = ""
        for name in path.split(separator: "/") {
            above += "/" + name
            guard mkdir(above, 0o700) == 0 || errno == EEXIST else {
                throw StartupProblem(
                    "\(setting): '\(above)' cannot be made: \(String(cString: strerror(errno)))")
            }
        }
    }
}

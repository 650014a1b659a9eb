import Glibc
import ServiceSettings

/// Folders of the agent's own, readable by root alone.
enum PrivateFolder {
    /// Makes the folder at a full path, and those above it, where they are missing.
    ///
    /// - Parameter setting: The setting that names it.
    /// - Throws: ``StartupProblem`` where it cannot be made, or is open to others.
    static func make(_ path: String, setting: String) throws {
        var above = ""
        for name in path.split(separator: "/") {
            above += "/" + name
            guard mkdir(above, 0o700) == 0 || errno == EEXIST else {
                throw StartupProblem(
                    "\(setting): '\(above)' cannot be made: \(String(cString: strerror(errno)))")
            }
        }
        try check(path, setting: setting)
    }

    /// Looks whether a folder is there; where it is not, it can be made.
    ///
    /// - Throws: ``StartupProblem`` where nothing can be written there, or no folder be made.
    static func isThere(_ path: String, setting: String) throws -> Bool {
        var nearest = path
        var status = stat()
        while lstat(nearest, &status) != 0, errno == ENOENT, let slash = nearest.lastIndex(of: "/") {
            nearest = String(nearest[..<slash])
        }
        // The dot asks for a folder.
        guard access("\(nearest)/.", W_OK | X_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            throw StartupProblem("\(setting): nothing can be written into '\(nearest)/': \(reason)")
        }
        return nearest == path
    }

    /// - Throws: ``StartupProblem`` where a folder is open to others.
    static func check(_ path: String, setting: String) throws {
        var status = stat()
        guard stat(path, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw StartupProblem(
                "\(setting): others may write into '\(path)'; give it to root alone (chmod 700)")
        }
    }
}

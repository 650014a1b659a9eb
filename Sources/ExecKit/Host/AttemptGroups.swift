import Glibc
import JobKit
import OpenSSLCrypto

/// The cgroups of an agent's attempts, which lie in the agent's own.
///
/// Their names tell whose they are, for agents with states of their own may share a place: so a script is found, and
/// ended, though nothing else of its attempt is left.
struct AttemptGroups: Sendable {
    private static let mark = "provision-"
    private let prefix: String

    /// The groups of the agent with the state in this folder.
    init(state: String) {
        let resolved = realpath(state, nil)
        defer { free(resolved) }
        let path = resolved.map { String(cString: $0) } ?? state
        prefix = "\(Self.mark)\(Hex.encode(SHA256.digest(Array(path.utf8))).prefix(12))-"
    }

    /// Where the attempt's group is, or has to be made.
    func path(of attempt: AttemptID) throws(ExecKitError) -> String {
        "\(try ControlGroupPlace.own().path)/\(prefix)\(attempt)"
    }

    /// Whether a path, which the attempt's script may have written, can be that of its own group.
    static func isPath(_ path: String, of attempt: AttemptID) -> Bool {
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        let name = path.split(separator: "/").last ?? ""
        return name.hasPrefix(mark) && name.hasSuffix("-\(attempt)")
            && resolved.map { String(cString: $0) } == path
    }

    /// The attempts that have a group.
    func attempts() -> [AttemptID] {
        guard let place = try? ControlGroupPlace.own(), let folder = try? Directory(place.path) else {
            return []
        }
        return folder.folderNames().filter { $0.hasPrefix(prefix) }.compactMap {
            AttemptID(String($0.dropFirst(prefix.count)))
        }
    }

    /// Whether a process of the attempt lives.
    func isPopulated(_ attempt: AttemptID) -> Bool {
        (try? ControlGroup(path(of: attempt)))?.isPopulated ?? false
    }

    /// Ends all that lives of the attempt, and takes its group away; how many processes could not be killed.
    @discardableResult
    func empty(_ attempt: AttemptID) -> Int {
        guard let group = try? ControlGroup(path(of: attempt)) else { return 0 }
        let survivors = group.empty()
        group.remove()
        return survivors
    }
}

import Glibc
import Synchronization

/// Where in the file system the caller's own cgroup is: the one of version 2, or of a controller of version 1.
///
/// Found from the kernel's tables, so that it holds for a host with only
/// version 2, for one with both versions mounted, and for a container.
struct ControlGroupPlace: Hashable, Sendable {
    /// The folder, such as `/sys/fs/cgroup/system.slice/provisioning-agent.service`.
    let path: String

    /// The place from the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`.
    ///
    /// - Parameter controller: One of version 1, such as `memory`; nil for version 2.
    /// - Throws: ``ExecKitError/Code/noControlGroup`` where there is none.
    init(mountInfo: String, membership: String, controller: String? = nil) throws(ExecKitError) {
        guard let own = Self.own(membership, controller) else {
            throw ExecKitError(
                .noControlGroup,
                controller.map { "'\($0)' has no cgroup of version 1 (/proc/self/cgroup)" }
                    ?? "the kernel has no cgroup v2 (no '0::' in /proc/self/cgroup)")
        }
        for mount in mountInfo.split(separator: "\n") {
            // 36 35 98:0 /root /mount/point rw,noatime optional… - type source options
            let fields = mount.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, dash + 1 < fields.count,
                Self.isWanted(fields[(dash + 1)...], controller)
            else { continue }
            let root = fields[3] == "/" ? "" : Self.unescaped(fields[3])
            guard own == root || own.hasPrefix(root + "/"), !own.hasPrefix("/..") else { continue }
            let below = own.dropFirst(root.count)
            path = Self.unescaped(fields[4]) + (below == "/" ? "" : below)
            return
        }
        throw ExecKitError(
            .noControlGroup,
            "no cgroup \(controller ?? "v2") file system shows the group '\(own)' of this process")
    }

    private static let found = Mutex<[String?: (membership: [UInt8], place: ControlGroupPlace)]>([:])

    /// The calling process's own place.
    static func own(controller: String? = nil) throws(ExecKitError) -> ControlGroupPlace {
        let folder = try Directory("/proc/self")
        let membership = folder.read("cgroup") ?? []
        // The table of mounts is long, and made up line by line whenever it is read.
        if let last = found.withLock({ $0[controller] }), last.membership == membership,
            access(last.place.path, F_OK) == 0
        {
            return last.place
        }
        let place = try ControlGroupPlace(
            mountInfo: String(decoding: folder.read("mountinfo") ?? [], as: UTF8.self),
            membership: String(decoding: membership, as: UTF8.self), controller: controller)
        found.withLock { $0[controller] = (membership, place) }
        return place
    }

    /// Whether a mount is of version 2, or of the controller of version 1, by `type source options`.
    private static func isWanted(_ mount: ArraySlice<Substring>, _ controller: String?) -> Bool {
        guard let controller else { return mount.first == "cgroup2" }
        return mount.first == "cgroup"
            && mount.last?.split(separator: ",").contains(controller[...]) == true
    }

    /// The group's path below its file system's root, from a line `number:controllers:path`.
    private static func own(_ membership: String, _ controller: String?) -> Substring? {
        for line in membership.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[2].hasPrefix("/") else { continue }
            // The line of version 2 is `0::/path`.
            let isWanted =
                controller.map { parts[1].split(separator: ",").contains($0[...]) }
                ?? (parts[0] == "0" && parts[1].isEmpty)
            if isWanted { return parts[2] }
        }
        return nil
    }

    /// A path of mountinfo, where a space is `\040` and a backslash `\134`.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

package import Glibc
package import Testing

/// A link between this machine and one program in a network of its own; it goes with the program.
///
/// The program is started under ``wrapper``, and waits there until ``connect(_:)`` has made the link.
package struct NetworkLink: Sendable {
    package static let needs: Comment = "needs root, iproute2, and a system that lets it make networks"

    package static let isPossible: Bool = {
        guard geteuid() == 0, let link = try? NetworkLink(), let folder = try? TemporaryDirectory(),
            let program = try? ChildProcess(link.wrapper + ["true"], folder: folder.path)
        else { return false }
        defer { program.end(SIGKILL) }
        for _ in 0..<200 where !link.isApart(program.pid) { poll(nil, 0, 10) }
        return (try? link.makeLink(to: program.pid)) != nil
    }()

    /// This machine's end.
    package let address: String
    private let number = UInt16.random(in: 0...0x3FFF)
    private var name: String { "prov\(number)" }

    /// A link that is not there yet.
    package init() throws {
        let host = Int(number) * 4 + 1
        address = "10.213.\(host >> 8).\(host & 0xFF)"
    }

    /// What the program is started under.
    package var wrapper: [String] {
        let host = Int(number) * 4 + 2
        let script = #"""
            until ip link set "$0" up 2>/dev/null; do sleep 0.02; done
            ip address add "$1" dev "$0" && shift && exec "$@"
            """#
        return [
            "unshare", "--net", "sh", "-c", script, "\(name)p", "10.213.\(host >> 8).\(host & 0xFF)/30",
        ]
    }

    /// Makes the link to the program that has been started under ``wrapper``.
    package func connect(_ program: pid_t) async throws {
        try await eventually("a network of \(program)'s own") { isApart(program) }
        try makeLink(to: program)
    }

    /// Takes the link down: nothing comes through any more, and nobody is told.
    package func takeDown() throws { try Self.run("link", "set", name, "down") }

    /// Takes the link up again.
    package func takeUp() throws { try Self.run("link", "set", name, "up") }

    private func makeLink(to program: pid_t) throws {
        try Self.run(
            "link", "add", name, "type", "veth", "peer", "name", "\(name)p", "netns", "\(program)")
        try Self.run("address", "add", "\(address)/30", "dev", name)
        try takeUp()
    }

    /// Whether the process has left this one's network.
    private func isApart(_ program: pid_t) -> Bool {
        let there = Self.network(of: "\(program)")
        return there != nil && there != Self.network(of: "self")
    }

    private static func network(of process: String) -> ino_t? {
        var status = stat()
        return stat("/proc/\(process)/ns/net", &status) == 0 ? status.st_ino : nil
    }

    private static func run(_ words: String...) throws {
        guard try ChildProcess.run(["ip"] + words, output: "/dev/null") == 0 else {
            throw SystemFailure("ip \(words.joined(separator: " "))")
        }
    }
}

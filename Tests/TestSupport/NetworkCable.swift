package import Glibc
package import Testing

/// A cable from this machine to a process that has a network of its own: real packets in a real queue.
///
/// It goes with the last reference to it, or with the process.
package final class NetworkCable: Sendable {
    package static let needs: Comment = "needs root, ip and tc, and a system that lets it make networks"

    package static let isPossible: Bool = {
        let trial = """
            ip link add cable0 type veth peer name cable1 &&
            tc qdisc add dev cable0 root tbf rate 64kbit burst 2kb latency 1s
            """
        let code = try? ChildProcess.run(["unshare", "--net", "sh", "-c", trial], output: "/dev/null")
        return geteuid() == 0 && code == 0
    }()

    /// The process's address.
    package let address: String
    private let pid: pid_t
    private let end: String

    package init(to pid: pid_t) throws {
        self.pid = pid
        end = "cable\(pid)"
        // Of the addresses for measurements between networks, four for each process.
        let base = 198 << 24 | 18 << 16 | (Int(pid) & 0x7FFF) * 4
        let names = [1, 2].map { number in
            [24, 16, 8, 0].map { String((base + number) >> $0 & 0xFF) }.joined(separator: ".")
        }
        address = names[1]
        try run(["ip", "link", "add", end, "type", "veth", "peer", "name", "cable", "netns", "\(pid)"])
        try run(["ip", "addr", "add", "\(names[0])/30", "dev", end])
        try run(["ip", "link", "set", end, "up"])
        try run(there + ["ip", "addr", "add", "\(names[1])/30", "dev", "cable"])
        try run(there + ["ip", "link", "set", "cable", "up"])
    }

    deinit { try? run(["ip", "link", "del", end]) }

    /// Nothing goes through it any more.
    package func cut() throws { try run(["ip", "link", "set", end, "down"]) }

    /// What was cut is whole again.
    package func mend() throws { try run(["ip", "link", "set", end, "up"]) }

    /// Lets so much through in a second, in each direction.
    package func slow(toKilobits rate: Int) throws {
        let queue = ["root", "tbf", "rate", "\(rate)kbit", "burst", "2kb", "latency", "1s"]
        try run(["tc", "qdisc", "add", "dev", end] + queue)
        try run(there + ["tc", "qdisc", "add", "dev", "cable"] + queue)
    }

    private var there: [String] { ["nsenter", "-t", "\(pid)", "-n"] }

    private func run(_ words: [String]) throws {
        let code = try ChildProcess.run(words, output: "/dev/null")
        guard code == 0 else { throw SystemFailure("'\(words.joined(separator: " "))' ended with \(code)") }
    }
}

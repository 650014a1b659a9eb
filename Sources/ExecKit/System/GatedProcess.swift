import CGatedSpawn
import Glibc

/// A process made by us: its number, and a descriptor that stays its own when numbers are used again.
struct GatedProcess: Sendable {
    let pid: pid_t
    /// Readable once the process has ended.
    let descriptor: Descriptor
    /// Ends empty once the program runs; holds an errno where it never will.
    let report: Descriptor

    /// What a new process is to be; what is not named, it does not get.
    struct Order {
        var arguments: [String]
        var environment: [(name: String, value: String)]
        var directory: String
        var mask: mode_t
        var input: Descriptor
        var output: Descriptor
        var error: Descriptor
        var gate: Descriptor?
        var cgroup: Descriptor?
    }

    /// Makes the process; with a gate, it waits there for one byte.
    init(_ order: Order) throws(ExecKitError) {
        let arguments = CStrings(order.arguments)
        let environment = CStrings(order.environment.map { "\($0.name)=\($0.value)" })
        guard let path = arguments.pointers.first, let path else {
            throw ExecKitError(.damaged, "a process without arguments has no program")
        }
        var made = gated_process()
        let failure = order.directory.withCString { directory in
            var call = gated_spawn(
                path: path, arguments: arguments.address, environment: environment.address,
                directory: directory,
                mask: order.mask, input: order.input.number, output: order.output.number,
                error: order.error.number, gate: order.gate?.number ?? -1,
                cgroup: order.cgroup?.number ?? -1)
            return gated_start(&call, &made)
        }
        withExtendedLifetime((order, arguments, environment)) {}
        guard failure == 0 else { throw .system("start", order.arguments[0], number: failure) }
        pid = made.pid
        descriptor = Descriptor(owning: made.descriptor)
        report = Descriptor(owning: made.report)
    }

    /// Waits for the process's end and takes it off the kernel's books.
    func reap() {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR { continue }
    }

    /// The status of `waitpid` if the process has ended, once; else nil.
    func reapIfEnded() -> Int32? {
        var status: Int32 = 0
        return waitpid(pid, &status, WNOHANG) == pid ? status : nil
    }

    /// Whether it has ended, after waiting up to some milliseconds; -1 waits for ever.
    func hasEnded(within milliseconds: Int32) -> Bool {
        var end = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        return poll(&end, 1, milliseconds) > 0
    }

    /// Why the kernel did not run the program, once the process has ended; nil where it did.
    func failure(toStart program: String) -> String? {
        report.makeNonblocking()
        var number = [UInt8](repeating: 0, count: MemoryLayout<Int32>.size)
        guard case .bytes(number.count) = report.read(into: &number) else { return nil }
        let reason = number.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
        return ExecKitError.system("start", program, number: reason).message
    }

    func signal(_ number: Int32) { _ = gated_signal(descriptor.number, number) }
}

/// Strings for C, ended by NULL; wiped when they go, as some of them are secrets.
private final class CStrings {
    private(set) var pointers: [UnsafeMutablePointer<CChar>?]
    let address: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    init(_ strings: [String]) {
        pointers = strings.map { strdup($0) } + [nil]
        address = .allocate(capacity: pointers.count)
        address.initialize(from: pointers, count: pointers.count)
    }

    deinit {
        for case let pointer? in pointers {
            explicit_bzero(pointer, strlen(pointer))
            free(pointer)
        }
        address.deallocate()
    }
}

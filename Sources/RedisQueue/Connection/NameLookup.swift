internal import Dispatch
internal import Glibc
internal import Synchronization

/// One question to the system's resolver, which knows no deadline: who asks does, and leaves it behind.
///
/// It may be about to wait minutes for a server that does not answer, though
/// another answers by now: whoever asks next has it asked anew, as long as
/// few of those that were left behind still hold a thread.
final class NameLookup: Sendable {
    /// Why there is no address.
    enum Failure: Error {
        /// What the resolver says.
        case refused(String)
        case timedOut
    }

    private typealias Answer = Result<[SocketAddress], Failure>

    private struct Name: Hashable {
        let host: String
        let port: UInt16
    }

    private static let maximum = 8
    /// The questions of a name that have no answer yet, the newest last.
    private static let underWay = Mutex<[Name: [NameLookup]]>([:])

    private let end = DispatchGroup()
    private let answer = Mutex<Answer?>(nil)
    private let isLeft = Mutex(false)

    /// The addresses that a host has, the preferred one first.
    static func addresses(
        of host: String, port: UInt16, until deadline: ContinuousClock.Instant
    ) throws(Failure) -> [SocketAddress] {
        // What is an address already has nobody to wait for.
        if case .success(let addresses) = ask(host, port, AI_NUMERICHOST) { return addresses }
        let name = Name(host: host, port: port)
        let lookup = underWay.withLock { lookups in
            let present = lookups[name, default: []]
            if let last = present.last, !last.isLeft.withLock({ $0 }) || present.count >= maximum {
                return last
            }
            let lookup = NameLookup()
            lookups[name] = present + [lookup]
            lookup.begin(name)
            return lookup
        }
        _ = lookup.end.wait(timeout: .now() + .milliseconds(Int(milliseconds(until: deadline))))
        guard let answer = lookup.answer.withLock({ $0 }) else {
            lookup.isLeft.withLock { $0 = true }
            throw .timedOut
        }
        return try answer.get()
    }

    private func begin(_ name: Name) {
        end.enter()
        // On a thread of its own: those of the pool are few, and for work that goes on.
        DispatchQueue(label: "name lookup").async { [self] in
            let found = Self.ask(name.host, name.port, 0)
            answer.withLock { $0 = found }
            Self.underWay.withLock { lookups in
                lookups[name]?.removeAll { $0 === self }
                if lookups[name]?.isEmpty == true { lookups[name] = nil }
            }
            end.leave()
        }
    }

    private static func ask(_ host: String, _ port: UInt16, _ flags: CInt) -> Answer {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard failure == 0 else { return .failure(.refused(String(cString: gai_strerror(failure)))) }
        let entries = sequence(first: list, next: { $0?.pointee.ai_next }).prefix { $0 != nil }
        return .success(
            entries.compactMap { entry in
                guard let entry = entry?.pointee, let address = entry.ai_addr else { return nil }
                return SocketAddress(
                    copying: UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen)))
            })
    }
}

import Glibc

/// One look at this server, as a health check asks for it.
///
/// However long it takes: who runs the program says when it is over.
enum Probe: Equatable {
    /// An answer of `address` with one of these statuses, and with `text` in its body.
    case http(WebAddress, statuses: [Int], text: String?)
    /// A port of this server that takes connections.
    case tcp(port: UInt16)
    /// A living process of this name.
    case process(name: String)
    /// Something at this path.
    case file(path: String)

    /// How the program is called.
    static let usage = """
        usage: HealthProbe http URL STATUS[,STATUS…] [TEXT]
               HealthProbe tcp PORT
               HealthProbe process NAME
               HealthProbe file PATH
        Ends with 0 where it is so; else with 1, and says what is not.

        """

    /// The look that arguments ask for, or nil.
    init?(_ arguments: some Collection<String>) {
        let words = Array(arguments)
        switch (words.first, words.count) {
        case ("http", 3), ("http", 4):
            let statuses = words[2].split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            guard let address = WebAddress(words[1]), !statuses.contains(nil) else { return nil }
            self = .http(
                address, statuses: statuses.compactMap(\.self), text: words.count == 4 ? words[3] : nil)
        case ("tcp", 2):
            guard let port = UInt16(words[1]), port > 0 else { return nil }
            self = .tcp(port: port)
        case ("process", 2): self = .process(name: words[1])
        case ("file", 2): self = .file(path: words[1])
        default: return nil
        }
    }

    /// What is not as it should be, in a sentence; nil where all is.
    func failure() -> String? {
        switch self {
        case .http(let address, let statuses, let text):
            return Self.failure(of: address, statuses, text)
        case .tcp(let port):
            do throws(WebConnection.Failure) {
                _ = try WebConnection(to: "localhost", port: port)
                return nil
            } catch {
                return "port \(port) of this server takes no connection: \(error.reason)"
            }
        case .process(let name): return Processes.has(name) ? nil : "no process is called '\(name)'"
        case .file(let path):
            return access(path, F_OK) == 0 ? nil : "'\(path)': \(String(cString: strerror(errno)))"
        }
    }

    private static func failure(of address: WebAddress, _ statuses: [Int], _ text: String?) -> String? {
        do throws(WebConnection.Failure) {
            let answer = try WebAnswer(from: address, withBody: text != nil)
            guard statuses.contains(answer.status) else {
                let wanted = statuses.map(String.init).joined(separator: " or ")
                return "\(address) answered \(answer.status), not \(wanted)"
            }
            guard let text, !answer.body.contains(Array(text.utf8)) else { return nil }
            return
                "\(address) answered \(answer.status), and '\(text)' is not in the \(answer.body.count) bytes of its body"
        } catch {
            return "\(address) does not answer: \(error.reason)"
        }
    }
}

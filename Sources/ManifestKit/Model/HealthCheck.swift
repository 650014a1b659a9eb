/// A check that tells whether an installed application works; it runs on the server.
public struct HealthCheck: Sendable {
    /// What is looked at.
    public enum Kind: Sendable, Hashable {
        /// An answer over HTTP: from `url`, or from a port of the server and a path.
        case http(HTTPTarget, expectStatus: [Int], expectBody: String?)
        /// A TCP port of the server that takes connections.
        case tcp(Port)
        /// A systemd unit that is active.
        case systemd(unit: String)
        /// A process with this name.
        case process(name: String)
        /// A file that is there.
        case file(path: String)
        /// A script of the application's folder that ends with 0.
        case command(script: String)
    }

    /// Where an answer over HTTP is to come from.
    public enum HTTPTarget: Sendable, Hashable {
        /// A whole address.
        case url(String)
        /// A port of the server itself, and a path on it.
        case local(Port, path: String)
    }

    /// A port's number, or the input whose answer it is.
    public enum Port: Sendable, Hashable {
        /// The number itself.
        case number(Int)
        /// The answer to an input.
        case input(InputName)
    }

    /// What a failing check means.
    public enum Severity: String, Sendable, CaseIterable {
        /// The application does not work.
        case critical
        /// It works, and something is wrong with it.
        case warning
    }

    /// The check's name, unique in its manifest.
    public let id: String
    /// What is looked at.
    public let kind: Kind
    /// When the check counts; nil for always.
    public let condition: Condition?
    /// How long one look may take.
    public let timeoutSeconds: Int
    /// How often it is tried again before it has failed.
    public let retries: Int
    /// The pause between two looks.
    public let intervalSeconds: Int
    /// How long after a start it may fail without having failed.
    public let startPeriodSeconds: Int
    /// What its failing means.
    public let severity: Severity

    /// How long it may take until it has failed.
    var longestSeconds: Int { startPeriodSeconds + (retries + 1) * (timeoutSeconds + intervalSeconds) }
}

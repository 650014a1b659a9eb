// What an application has on its server, besides what its scripts do.

/// A systemd unit of an application, for status, start, stop and restart without scripts.
public struct ServiceUnit: Sendable, Hashable {
    /// The unit's name, as in `nginx.service`.
    public let unit: String
    /// Whether the application does not work without it.
    public let isEssential: Bool
}

/// A port that an application listens on.
public struct PortUse: Sendable, Hashable {
    /// The protocols of the ports.
    public enum TransportProtocol: String, Sendable, CaseIterable {
        /// TCP.
        case tcp
        /// UDP.
        case udp
    }

    /// Who is meant to reach a port.
    public enum Exposure: String, Sendable, CaseIterable {
        /// Everybody.
        case `public`
        /// The server's own network.
        case `internal`
        /// The server itself.
        case local
    }

    /// Its number, or the input whose answer it is.
    public let port: HealthCheck.Port
    /// Its protocol.
    public let `protocol`: TransportProtocol
    /// Who is meant to reach it.
    public let exposure: Exposure
    /// What it is for.
    public let purpose: String?
}

/// A path that belongs to an application on its server.
public struct DataPath: Sendable, Hashable {
    /// What lies there.
    public enum Kind: String, Sendable, CaseIterable {
        /// Settings.
        case config
        /// What cannot be made again.
        case state
        /// What can be made again.
        case cache
        /// Logs.
        case log
        /// What users brought.
        case upload
    }

    /// The full path.
    public let path: String
    /// What lies there.
    public let kind: Kind
    /// Whether a backup has to hold it.
    public let isBackedUp: Bool
}

/// A result that a script leaves behind: a line `name=value` of its output file.
public struct Output: Sendable, Hashable {
    /// How a result is shown.
    public enum Kind: String, Sendable, CaseIterable {
        /// An address to open.
        case url
        /// A name or password to log in with.
        case credential
        /// A host and port to connect to.
        case endpoint
        /// Anything else.
        case value
    }

    /// The result's name, unique in its manifest.
    public let name: InputName
    /// What kind of value it is.
    public let type: InputType
    /// What a person reads; the name if the manifest says nothing else.
    public let label: String
    /// Whether the value is masked and never logged.
    public let isSensitive: Bool
    /// How it is shown.
    public let kind: Kind
}

/// Another application that matters to this one.
public struct Dependency: Sendable {
    /// The other application.
    public let app: ManifestID
    /// The versions of it that are meant; nil for any.
    public let versions: VersionRange?
    /// When it matters; nil for always.
    public let condition: Condition?
}

/// The other applications that matter.
public struct Dependencies: Sendable {
    /// Without these the application does not work.
    public internal(set) var requires: [Dependency] = []
    /// With these it works better.
    public internal(set) var recommends: [Dependency] = []
    /// With these it does not work.
    public internal(set) var conflicts: [Dependency] = []
}

/// What a server has to have.
public struct ResourceRequirement: Sendable, Hashable {
    /// Memory, in MiB.
    public internal(set) var memoryMiB: Int?
    /// Free disk, in MiB.
    public internal(set) var diskMiB: Int?
    /// Processors.
    public internal(set) var processors: Int?

    /// Holds what a server has against what it needs.
    ///
    /// What is not known of a server is not checked: its agent knows, and checks again.
    public func check(_ facts: HostFacts) -> [HostCheck] {
        func check(_ subject: HostCheck.Subject, _ actual: Int?, _ least: Int?) -> HostCheck? {
            guard let actual, let least else { return nil }
            return HostCheck(
                check: subject, passed: actual >= least, actual: "\(actual)", wanted: "\(least) or more")
        }
        return [
            check(.memory, facts.memoryMiB, memoryMiB), check(.disk, facts.diskMiB, diskMiB),
            check(.processors, facts.processors, processors),
        ].compactMap(\.self)
    }
}

import Glibc

extension Settings {
    /// Whose settings they are.
    package enum Service: String, Sendable {
        case panel
        case agent
    }

    /// Every setting of both services.
    package static let names: Set<String> = [
        "AGENT_ID", "AGENT_INSTALLERS", "AGENT_KEY", "AGENT_KEY_PREVIOUS", "AGENT_LOGS", "AGENT_PROBE",
        "AGENT_RUNNER",
        "AGENT_STATE",
        "LOG_LEVEL", "PANEL_DATABASE", "PANEL_HOST", "PANEL_INSTALLERS", "PANEL_PORT", "PANEL_QUEUE_LIMIT",
        "PANEL_TOKEN",
        "REDIS_CA_FILE", "REDIS_CERT_FILE", "REDIS_KEY_FILE", "REDIS_PREFIX", "REDIS_SENTINEL_PASSWORD",
        "REDIS_SENTINEL_USER", "REDIS_URL", "SECRET_KEY", "SECRET_KEY_PREVIOUS",
    ]

    /// The settings that a service reads.
    package static func namesRead(by service: Service) -> Set<String> {
        let others = service == .panel ? "AGENT_" : "PANEL_"
        return names.filter { !$0.hasPrefix(others) }
    }

    /// The given names that look like settings, and are none of the service's.
    func strangers(to service: Service) -> [String] {
        let own = Self.namesRead(by: service)
        let beginnings = Set(Self.names.compactMap { $0.split(separator: "_").first })
        return given.filter { name in
            !own.contains(name) && name.contains("_")
                && name.split(separator: "_").first.map(beginnings.contains) == true
        }.sorted()
    }

    /// The names in the environment that the process was started with.
    static var environmentNames: [String] {
        guard let file = fopen("/proc/self/environ", "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return bytes[..<count].split(separator: 0).map { entry in
            String(decoding: entry.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
        }
    }
}

/// The house's arrows: what each target may know, and why not more.
enum Arrows {
    /// What a target may depend on; everything else is forbidden.
    static let allowed: [String: Set<String>] = [
        "CLibYAML": [], "CPCRE2": [], "CLibSSL": [], "CHiredis": [], "CGatedSpawn": [],
        "ManifestKit": ["CLibYAML"],
        "ValidationKit": ["ManifestKit", "CPCRE2"],
        "OpenSSLCrypto": ["CLibSSL"],
        "JobKit": ["ManifestKit", "ValidationKit", "OpenSSLCrypto"],
        "ExecKit": ["JobKit", "ValidationKit", "ManifestKit", "OpenSSLCrypto", "CGatedSpawn"],
        "RedisQueue": ["JobKit", "CHiredis", "CLibSSL"],
        // GRDB takes and gives bytes as Foundation's Data.
        "SQLiteStore": ["JobKit", "ManifestKit", "OpenSSLCrypto", "GRDB", "FoundationEssentials"],
        "ServiceSettings": ["ManifestKit", "JobKit", "RedisQueue", "Logging", "Configuration"],
        "provision": ["ManifestKit", "ValidationKit", "ArgumentParser", "Subprocess"],
        "AttemptRunner": ["ExecKit"],
        "HealthProbe": ["CLibSSL"],
        "AgentDaemon": [
            "ManifestKit", "ValidationKit", "JobKit", "OpenSSLCrypto", "ExecKit", "RedisQueue", "Logging",
            "ServiceLifecycle", "UnixSignals", "ServiceSettings",
        ],
        "PanelServer": [
            "ManifestKit", "ValidationKit", "JobKit", "OpenSSLCrypto", "RedisQueue", "SQLiteStore",
            "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOHTTP1", "Mustache", "Logging",
            "ServiceLifecycle", "UnixSignals", "ServiceSettings",
        ],
    ]

    /// Arrows that someone will want one day, each with the reason why not, for the failure's text.
    static let reasons: [String: [String: String]] = [
        "ManifestKit": ["*": "other tools embed it: no package, seconds to build"],
        "ValidationKit": ["*": "it runs in panel and agent, and decides only"],
        "JobKit": [
            "CHiredis": "the exchange must run over memory as over Redis",
            "GRDB": "the exchange must run over any store",
            "Logging": "Kits tell events; executables log them",
            "ServiceLifecycle": "Kits know cancellation only",
        ],
        "ExecKit": [
            "GRDB": "a root process has the smallest possible closure",
            "Hummingbird": "nothing that runs as root serves HTTP",
            "CHiredis": "what starts installers does not read the network",
        ],
        "AgentDaemon": [
            "SQLiteStore": "a root process has the smallest possible closure", "GRDB": "see SQLiteStore",
            "Hummingbird": "nothing that runs as root serves HTTP",
        ],
        "provision": [
            "JobKit": "authors write applications; they order nothing",
            "ExecKit": "it shows what would be run, and runs none of it",
        ],
        "PanelServer": [
            "ExecKit": "no root access from the web layer, by linkage", "CGatedSpawn": "see ExecKit",
        ],
    ]

    /// Targets whose folders have other names.
    static let folders = ["ProvisionTool": "provision"]

    /// Modules of the toolchain that every target may import.
    static let toolchain: Set<String> = ["Glibc", "Dispatch", "Synchronization", "Swift"]

    /// The folders under which each system module may be imported; few, and mostly one.
    static let owners: [String: Set<String>] = [
        "CLibYAML": ["ManifestKit"], "CPCRE2": ["ValidationKit"],
        "CLibSSL": ["OpenSSLCrypto", "RedisQueue", "HealthProbe"],
        "CHiredis": ["RedisQueue"], "CGatedSpawn": ["ExecKit"], "GRDB": ["SQLiteStore"],
    ]

    /// Why a target may not know another.
    static func reason(_ target: String, _ other: String) -> String {
        reasons[target]?[other] ?? reasons[target]?["*"] ?? "it is not in the table of arrows"
    }
}

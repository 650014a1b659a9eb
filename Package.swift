// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is built with; LayeringTests asserts it.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
]

/// A Debian library made visible to Swift: a module map and a shim header.
func systemLibrary(_ name: String, apt package: String) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", providers: [.apt([package])])
}

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency], embedding files: [String] = []) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, resources: files.map { .embedInCode($0) },
        swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], excluding files: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], exclude: files, swiftSettings: strict)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")

let package = Package(
    name: "provision",
    // Libraries only: with an executable product declared, a tool that embeds
    // ManifestKit would clone every package below.
    products: [
        .library(name: "ManifestKit", targets: ["ManifestKit"]),
        .library(name: "ValidationKit", targets: ["ValidationKit"]),
        .library(name: "JobKit", targets: ["JobKit"]),
        .library(name: "ExecKit", targets: ["ExecKit"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // Debian's libraries; one Swift target touches each, CLibSSL three.
        systemLibrary("CLibYAML", apt: "libyaml-dev"),
        systemLibrary("CPCRE2", apt: "libpcre2-dev"),
        systemLibrary("CLibSSL", apt: "libssl-dev"),
        systemLibrary("CHiredis", apt: "libhiredis-dev"),

        // The manifest, the form, the catalogue: embedded by other tools, needs no package.
        library("ManifestKit", ["CLibYAML"]),
        // Inputs from text to proof; runs in panel and agent.
        library("ValidationKit", ["ManifestKit", "CPCRE2"]),
        // The only face of libcrypto.
        library("OpenSSLCrypto", ["CLibSSL"]),
        // Jobs, signed messages, the state machine, the exchange. Never Redis, SQLite, logging.
        library("JobKit", ["ManifestKit", "ValidationKit", "OpenSSLCrypto"]),
        // Fork, hold at a gate, exec: the C that Swift cannot say safely.
        .target(name: "CGatedSpawn"),
        // The only code that starts installers. Never Redis, SQLite, HTTP.
        library("ExecKit", ["JobKit", "ValidationKit", "ManifestKit", "OpenSSLCrypto", "CGatedSpawn"]),
        // Redis carries the queue; TLS to it is libssl's.
        library("RedisQueue", ["JobKit", "CHiredis", "CLibSSL"]),
        // SQLite keeps jobs, history and the audit trail.
        library("SQLiteStore", ["JobKit", "ManifestKit", .product(name: "GRDB", package: "GRDB.swift")]),

        // What the two services are told from outside, read and refused alike.
        library("ServiceSettings", ["ManifestKit", "JobKit", "RedisQueue", log, configuration]),

        // Composes everything but ExecKit: no root access from the web layer, by linkage.
        program(
            "PanelServer",
            [
                "ManifestKit", "ValidationKit", "JobKit", "OpenSSLCrypto", "RedisQueue", "SQLiteStore",
                hummingbird, .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), mustache, log, lifecycle, signals,
                "ServiceSettings",
            ],
            embedding: ["apps", "app", "layout"].map { "Web/Templates/\($0).mustache" } + [
                "Web/Assets/form.js"
            ]),
        // Runs as root on the target: never SQLiteStore, GRDB, Hummingbird.
        program(
            "AgentDaemon",
            [
                "ManifestKit", "ValidationKit", "JobKit", "OpenSSLCrypto", "ExecKit", "RedisQueue", log,
                lifecycle, signals, "ServiceSettings",
            ]),
        // One process for each attempt, which outlives the agent; no Foundation.
        program("AttemptRunner", ["ExecKit"]),
        // One look of a health check: HTTP and TLS stay out of what holds secrets.
        program("HealthProbe", ["CLibSSL"]),

        // The authors' tool: checks applications, shows forms and environments.
        .executableTarget(
            name: "provision", dependencies: ["ManifestKit", "ValidationKit", arguments, subprocess],
            path: "Sources/ProvisionTool", swiftSettings: strict),

        // Fixtures, conformance suites, throw-away servers: shipped by no product.
        .target(
            name: "TestSupport", dependencies: ["ManifestKit", "ValidationKit", "OpenSSLCrypto", "JobKit"],
            path: "Tests/TestSupport", swiftSettings: strict),
        // A panel, a wire and servers by a seed: production's own parts, and what goes wrong.
        .target(
            name: "Simulation",
            dependencies: ["JobKit", "ManifestKit", "ValidationKit", "OpenSSLCrypto", "TestSupport"],
            path: "Tests/Simulation", exclude: ["application"], swiftSettings: strict),
        .executableTarget(
            name: "simulate", dependencies: ["Simulation", "JobKit", arguments], path: "Tests/Simulate",
            exclude: ["safeguards.patch"],
            swiftSettings: strict),
        // Light agents by the hundred in one process, for `Benchmarks/run fleet`.
        .executableTarget(
            name: "fleet", dependencies: ["JobKit", "RedisQueue", "OpenSSLCrypto"], path: "Benchmarks/Fleet",
            swiftSettings: strict),
        // The arrows above, the strict settings, the house rules that a machine can check.
        .testTarget(name: "LayeringTests", swiftSettings: strict),
        tests("ManifestKitTests", ["ManifestKit"], excluding: ["Fixtures"]),
        tests("ValidationKitTests", ["ValidationKit", "ManifestKit"], excluding: ["Fixtures", "Vectors"]),
        tests("ServiceSettingsTests", ["ServiceSettings", "RedisQueue", configuration]),
        tests("OpenSSLCryptoTests", ["OpenSSLCrypto"]),
        tests(
            "JobKitTests", ["JobKit", "ManifestKit", "ValidationKit", "OpenSSLCrypto"],
            excluding: ["transition-table.txt"]),
        tests("ExecKitTests", ["ExecKit", "JobKit", "ManifestKit", "ValidationKit", "OpenSSLCrypto"]),
        tests("RedisQueueTests", ["RedisQueue", "JobKit", "OpenSSLCrypto"]),
        tests("SQLiteStoreTests", ["SQLiteStore", "JobKit", .product(name: "GRDB", package: "GRDB.swift")]),
        // The shipped programs as processes, beside a real Redis; most of it needs root.
        tests(
            "EndToEndTests",
            [
                "PanelServer", "AgentDaemon", "AttemptRunner", "HealthProbe", "provision", "ExecKit",
                "JobKit",
                "ManifestKit",
                "ValidationKit", "OpenSSLCrypto", "RedisQueue", "SQLiteStore",
            ], excluding: ["Browser"]),
    ]
)

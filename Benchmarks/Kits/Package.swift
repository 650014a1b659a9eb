// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Kits",
    dependencies: [.package(name: "provision", path: "../..")],
    targets: [
        .executableTarget(
            name: "KitBenchmark",
            dependencies: [
                .product(name: "ManifestKit", package: "provision"),
                .product(name: "ValidationKit", package: "provision"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ])

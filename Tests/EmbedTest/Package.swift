// swift-tools-version: 6.2
import PackageDescription

// A tool that embeds ManifestKit alone: it may cost one dependency and no Foundation.
let package = Package(
    name: "EmbedTest",
    dependencies: [.package(name: "provision", path: "../..")],
    targets: [
        .executableTarget(
            name: "EmbedTest", dependencies: [.product(name: "ManifestKit", package: "provision")])
    ]
)

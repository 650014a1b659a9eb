import Foundation
import Testing

@Suite("The house's arrows and settings") struct LayeringTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private struct Package: Decodable {
        struct Target: Decodable {
            let name: String
            let type: String
            let dependencies: [[String: [Reference?]]]
            let settings: [Setting]

            /// Names of targets and products it depends on.
            var names: Set<String> {
                Set(dependencies.flatMap(\.values).compactMap { $0.first ?? nil }.compactMap(\.text))
            }
        }

        /// An element of a dependency: its name, a package's name, or a condition.
        struct Reference: Decodable {
            let text: String?
            init(from decoder: any Decoder) { text = try? decoder.singleValueContainer().decode(String.self) }
        }

        struct Setting: Decodable {
            let kind: [String: [String: String]]
        }

        struct Product: Decodable {
            let name: String
            let type: [String: [String]?]
        }

        let targets: [Target]
        let products: [Product]
    }

    private static func package() throws -> Package {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "layering-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["swift", "package", "--scratch-path", scratch.path(), "dump-package"]
        process.currentDirectoryURL = root
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONDecoder().decode(Package.self, from: bytes)
    }

    private static func sources(below folder: String) throws -> [(target: String, path: String, text: String)]
    {
        let base = root.appending(path: folder)
        let names = try FileManager.default.subpathsOfDirectory(atPath: base.path()).filter {
            $0.hasSuffix(".swift")
        }
        return try names.map { name in
            let folder = String(name.split(separator: "/")[0])
            return (
                Arrows.folders[folder] ?? folder, "\(base.lastPathComponent)/\(name)",
                try String(contentsOf: base.appending(path: name), encoding: .utf8)
            )
        }
    }

    /// Targets below Tests and Benchmarks, which no product ships.
    private static let unshipped: Set = ["TestSupport", "Simulation", "simulate", "fleet"]

    /// J50: what systemd takes from the agent its installers lack, and packages are damaged by while apt ends with 0.
    @Test func j50TheAgentsUnitTakesNothingFromInstallers() throws {
        let unit = Self.root.appending(path: "packaging/provisioning-agent.service")
        let settings = try String(contentsOf: unit, encoding: .utf8).split(separator: "\n").compactMap {
            $0.hasPrefix("#") ? nil : $0.split(separator: "=").first.map { String($0) }
        }
        #expect(settings.contains("ExecStart"))
        let harmful: Set = [
            "AmbientCapabilities", "CapabilityBoundingSet", "DynamicUser", "MemoryDenyWriteExecute",
            "PrivateDevices", "PrivateUsers", "ProtectControlGroups", "ProtectHome", "ProtectKernelModules",
            "ProtectKernelTunables", "ProtectSystem", "ReadOnlyPaths", "RestrictSUIDSGID", "SecureBits",
            "SystemCallFilter",
        ]
        #expect(harmful.intersection(settings) == [])
    }

    @Test func noTargetKnowsMoreThanItMay() throws {
        let package = try Self.package()
        let targets = package.targets.filter { $0.type != "test" && !Self.unshipped.contains($0.name) }
        for product in package.products { #expect(!Self.unshipped.contains(product.name)) }
        #expect(
            Set(targets.map(\.name)) == Set(Arrows.allowed.keys), "the table of arrows names every target")
        for target in targets {
            for other in target.names.subtracting(Arrows.allowed[target.name] ?? []) {
                Issue.record(
                    "\(target.name) must not depend on \(other): \(Arrows.reason(target.name, other))")
            }
        }
    }

    /// SwiftPM lets a file import what only a dependency depends on; the table does not.
    @Test func noFileImportsMoreThanItsTargetMay() throws {
        let pattern = try Regex(
            #"(?m)^(?:(?:public|package|internal|private|fileprivate|@testable|@preconcurrency) )*import (?:struct |func |enum |class |protocol )?(\w+)"#
        )
        for (target, path, text) in try Self.sources(below: "Sources") {
            for match in text.matches(of: pattern) {
                let module = String(match.output[1].substring ?? "")
                let allowed = (Arrows.allowed[target] ?? []).union(Arrows.toolchain)
                if !allowed.contains(module) {
                    Issue.record("\(path) must not import \(module): \(Arrows.reason(target, module))")
                }
                if let owners = Arrows.owners[module], !owners.contains(target) {
                    Issue.record(
                        "\(path) imports \(module), which belongs to \(owners.sorted().joined(separator: " and "))"
                    )
                }
            }
        }
    }

    @Test func everySwiftTargetIsStrict() throws {
        let wanted: Set = [
            "ExistentialAny", "MemberImportVisibility", "InternalImportsByDefault",
            "NonisolatedNonsendingByDefault",
        ]
        for target in try Self.package().targets where target.type != "system" && target.name != "CGatedSpawn"
        {
            let features = Set(target.settings.compactMap { $0.kind["enableUpcomingFeature"]?["_0"] })
            let mode = target.settings.compactMap { $0.kind["swiftLanguageMode"]?["_0"] }
            #expect(features == wanted, "\(target.name) lacks an upcoming feature")
            #expect(mode == ["6"], "\(target.name) is not in language mode 6")
        }
    }

    @Test func onlyLibrariesAreProducts() throws {
        let products = try Self.package().products
        #expect(products.map(\.name).sorted() == ["ExecKit", "JobKit", "ManifestKit", "ValidationKit"])
        #expect(products.allSatisfy { $0.type.keys.contains("library") })
    }

    @Test func noSourceFileIsLongerThan400Lines() throws {
        for (_, path, text) in try Self.sources(below: "Sources") + Self.sources(below: "Tests") {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
            if lines > 400 { Issue.record("\(path) has \(lines) lines; split it by role") }
        }
    }

    /// Kits are handed their clocks; nothing in them sleeps, prints or logs by itself.
    @Test func kitsTouchNoClockAndNoTerminal() throws {
        let forbidden = ["Date()", "Task.sleep", "Task.detached", "print(", "fatalError(", "try!", " as! "]
        let kits: Set = [
            "ManifestKit", "ValidationKit", "OpenSSLCrypto", "JobKit", "RedisQueue", "SQLiteStore",
        ]
        for (target, path, text) in try Self.sources(below: "Sources") where kits.contains(target) {
            for word in forbidden where text.contains(word) && !path.hasSuffix("MemoryJobQueue.swift") {
                Issue.record("\(path) uses '\(word)'")
            }
        }
    }

    @Test func noTestSleeps() throws {
        let forbidden = ["Task.sleep", "Thread.sleep", "usleep("]
        for (target, path, text) in try Self.sources(below: "Tests")
        where !["TestSupport", "LayeringTests"].contains(target) {
            for word in forbidden where text.contains(word) {
                Issue.record("\(path) uses '\(word)'; await an event, or use TestSupport's 'eventually'")
            }
        }
    }
}

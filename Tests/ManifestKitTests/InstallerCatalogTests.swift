import Glibc
import ManifestKit
import TestSupport
import Testing

@Suite("Catalogues of installers") struct InstallerCatalogTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func findings() -> [String] {
        InstallerCatalog.load(folder: folder.path).diagnostics.map {
            $0.description.replacing(folder.path, with: "installers")
        }
    }

    @Test func listsApplicationsByName() {
        for id in ["mysql", "docker", "nginx"] { folder.writeApplication(id) }
        folder.write("README.md", "no application")
        folder.write("_template/manifest.yml", "not one")
        folder.write(".git/config", "not one")
        let catalog = InstallerCatalog.load(folder: folder.path)
        #expect(catalog.installers.map(\.id.description) == ["docker", "mysql", "nginx"])
        #expect(catalog.diagnostics.isEmpty)
        #expect(catalog.installers.first?.scriptPath == folder.path + "/docker/install.sh")
        #expect(catalog.installers.first?.files.map(\.path) == ["install.sh", "manifest.yml"])
    }

    @Test func aBrokenApplicationHidesNoOther() {
        folder.writeApplication("good")
        folder.writeApplication("broken", manifest: "id: broken\n")
        folder.writeApplication("other", manifest: "id: name\nname: Name\nversion: \"1\"\ninputs: []\n")
        folder.write("empty/note.txt", "")
        folder.link("linked", to: "good")
        let catalog = InstallerCatalog.load(folder: folder.path)
        #expect(catalog.installers.map(\.id.description) == ["good"])
        #expect(
            findings() == [
                "installers/broken/manifest.yml:1:1: error: key 'name' is missing",
                "installers/broken/manifest.yml:1:1: error: key 'version' is missing",
                "installers/broken/manifest.yml:1:1: error: key 'inputs' is missing",
                "installers/empty/manifest.yml:1:1: error: 'installers/empty/manifest.yml' does not exist",
                "installers/linked/manifest.yml:1:1: error: 'installers/linked' is a link",
                "installers/other/manifest.yml:1:5: error: id 'name' is not the folder's name, 'other'; rename one of the two",
            ])
    }

    @Test func aMissingFolderIsAFinding() {
        let catalog = InstallerCatalog.load(folder: folder.path + "/nowhere")
        #expect(catalog.installers.isEmpty)
        #expect(catalog.diagnostics.map(\.message) == ["'\(folder.path)/nowhere' does not exist"])
    }

    @Test(arguments: [
        ("#!/bin/bash\n\nx\r\n", "install.sh:3:1", "has carriage returns; save it with line feeds alone"),
        ("echo hello\n", "install.sh:1:1", "does not begin with '#!', as in '#!/bin/bash'"),
        ("", "install.sh:1:1", "does not begin with '#!', as in '#!/bin/bash'"),
        ("#!/bin/bash\n\0", "install.sh:2:1", "holds zero bytes and is no text"),
        (
            "#!/usr/bin/env python3\n", "install.sh:1:1",
            "begins with '#!/usr/bin/env python3'; scripts are run by bash, whatever stands there"
        ),
        ("#!\n", "install.sh:1:1", "begins with '#!'; scripts are run by bash, whatever stands there"),
        (nil, "manifest.yml:1:1", "does not exist"),
        (
            "#!" + String(repeating: "x", count: 1 << 20), "manifest.yml:1:1",
            "has 1048578 bytes; at most 1048576 are read"
        ),
    ])
    func aScriptHasToBeOne(_ script: String?, _ place: String, _ predicate: String) {
        folder.writeApplication("app", script: script)
        #expect(findings() == ["installers/app/\(place): error: script 'install.sh' \(predicate)"])
    }

    @Test(arguments: ["#!/bin/bash -e", "#!/bin/sh", "#! /usr/bin/env -S bash -eu", "#!/usr/local/bin/bash"])
    func aScriptMayNameAnyBash(_ line: String) {
        folder.writeApplication("app", script: line + "\n")
        #expect(findings() == [])
    }

    @Test func aScriptIsNotALinkAndNotAFolder() {
        let manifest = "id: app\nname: A\nversion: \"1\"\ninputs: []\ninstall_script: go\n"
        folder.writeApplication("app", manifest: manifest)
        folder.link("app/go", to: "/bin/sh")
        #expect(
            findings() == [
                "installers/app/manifest.yml:1:1: error: 'go' is a link; an application's folder holds regular files only",
                "installers/app/manifest.yml:5:17: error: script 'go' is a link",
            ])
        unlink(folder.path + "/app/go")
        folder.write("app/go/file", "")
        #expect(findings() == ["installers/app/manifest.yml:5:17: error: script 'go' is not a regular file"])
    }

    @Test func aScriptBehindALinkedFolderIsNotReached() throws {
        let elsewhere = try TemporaryDirectory()
        elsewhere.write("install.sh", "#!/bin/sh\n")
        folder.writeApplication(
            "app", manifest: "id: app\nname: A\nversion: \"1\"\ninputs: []\ninstall_script: s/install.sh\n")
        folder.link("app/s", to: elsewhere.path)
        #expect(findings().last == "installers/app/manifest.yml:5:17: error: script 's/install.sh' is a link")
    }

    @Test func aFolderHoldsRegularFilesOnly() {
        folder.writeApplication("app")
        mkfifo(folder.path + "/app/pipe", 0o644)
        folder.link("app/out", to: "../../etc/passwd")
        folder.write("app/tool", "x", mode: 0o4755)
        folder.write("app/a\nb", "x")
        folder.write("app/1/2/3/4/5/6/7/8/deep", "x")
        let found = findings()
        #expect(found.count == 5)
        for part in [
            "'pipe' is not a regular file", "'out' is a link", "'tool' runs as its owner", "'a\\u{A}b' holds",
            "8 folders deep",
        ] {
            #expect(found.contains { $0.contains(part) }, "\(part)")
        }
        #expect(InstallerCatalog.load(folder: folder.path).installers.isEmpty)
    }

    @Test func aManifestThatIsAPipeDoesNotHoldTheLoading() {
        mkdir(folder.path + "/app", 0o755)
        mkfifo(folder.path + "/app/manifest.yml", 0o644)
        #expect(
            findings() == [
                "installers/app/manifest.yml:1:1: error: 'installers/app/manifest.yml' is not a regular file"
            ])
    }
}

@Suite("Content of an application") struct InstallerContentTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        folder.writeApplication("app")
        folder.write("app/files/site.conf", "listen 80;")
    }

    private func input() throws -> [UInt8] {
        try #require(InstallerCatalog.load(folder: folder.path).installers.first).contentDigestInput()
    }

    @Test func isTheSameForTheSameFiles() throws {
        let other = try TemporaryDirectory()
        other.write("app/files/site.conf", "listen 80;")
        other.writeApplication("app")
        let installer = try #require(InstallerCatalog.load(folder: other.path).installers.first)
        #expect(try installer.contentDigestInput() == input())
    }

    @Test func differsWithEveryByteModeAndPath() throws {
        let before = try input()
        folder.write("app/files/site.conf", "listen 81;")
        let changed = try input()
        #expect(changed != before)
        folder.write("app/files/site.conf", "listen 80;", mode: 0o755)
        #expect(try input() != before)
        folder.write("app/files/site.conf", "listen 80;")
        #expect(try input() == before)
        folder.write("app/extra", "")
        #expect(try input() != before)
        unlink(folder.path + "/app/extra")
        rename(folder.path + "/app/files/site.conf", folder.path + "/app/files/site.conf2")
        #expect(try input() != before)
    }

    @Test func spellsPathModeAndBytesWithTheirLengths() throws {
        let other = try TemporaryDirectory()
        other.writeApplication("a", manifest: "id: a\nname: A\nversion: \"1\"\ninputs: []\n", script: "#!sh")
        let installer = try #require(InstallerCatalog.load(folder: other.path).installers.first)
        func number(_ value: UInt8...) -> [UInt8] { [UInt8](repeating: 0, count: 8 - value.count) + value }
        let expected =
            Array("provision-content-v1\n".utf8) + number(2) + number(10) + Array("install.sh".utf8)
            + number(0x01, 0xED)
            + number(4) + Array("#!sh".utf8) + number(12) + Array("manifest.yml".utf8) + number(0x01, 0xA4)
            + number(38) + Array("id: a\nname: A\nversion: \"1\"\ninputs: []\n".utf8)
        #expect(try installer.contentDigestInput() == expected)
    }

    @Test func isRefusedWhereAFileChangedAfterLoading() throws {
        let installer = try #require(InstallerCatalog.load(folder: folder.path).installers.first)
        folder.write("app/files/site.conf", "listen 8080;")
        #expect(throws: FileError.self) { try installer.contentDigestInput() }
        folder.write("app/files/site.conf", "listen 80;")
        #expect(throws: Never.self) { try installer.contentDigestInput() }
        folder.write("app/manifest.yml", "id: app\nname: Apq\nversion: \"1\"\ninputs: []\n")
        #expect(throws: FileError.self) { try installer.contentDigestInput() }
    }

    @Test func isRefusedWhereAFileBecameALink() throws {
        let installer = try #require(InstallerCatalog.load(folder: folder.path).installers.first)
        unlink(folder.path + "/app/install.sh")
        folder.link("app/install.sh", to: "manifest.yml")
        #expect { try installer.contentDigestInput() } throws: { ($0 as? FileError)?.code == .link }
    }
}

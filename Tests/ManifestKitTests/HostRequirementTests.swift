import ManifestKit
import Testing

@Suite("Requirements on the server") struct HostRequirementTests {
    private static func facts(_ id: String, _ version: String?, like: [String] = [], arch: String = "x86_64")
        -> HostFacts
    {
        HostFacts(osID: id, versionID: version, idLike: like, architecture: arch)
    }

    private static let mint = facts("linuxmint", "21", like: ["ubuntu", "debian"])
    private static let testing = facts("debian", nil)

    @Test(arguments: [
        (facts("ubuntu", "22.04"), true), (facts("ubuntu", "20.04"), true), (facts("ubuntu", "18.04"), false),
        (facts("debian", "11"), true), (facts("debian", "12"), true), (facts("debian", "13"), true),
        (facts("fedora", "40"), false), (mint, false), (testing, true), (facts("ubuntu", nil), false),
    ])
    func theSampleFitsTheServersItShould(_ facts: HostFacts, _ fits: Bool) throws {
        let manifest = try #require(Manifest.decode(Array(sample.utf8), file: "manifest.yml").value)
        #expect(manifest.hostRequirement.isMet(by: facts) == fits)
    }

    private func requirement(_ text: String) throws -> HostRequirement {
        try manifest("os_requirements: \(text)").hostRequirement
    }

    @Test func tellsWhatWasFoundAndWhatIsWanted() throws {
        let requirement = try requirement(
            "{family: [ubuntu, debian], versions: {ubuntu: \">=20.04\"}, arch: [amd64]}")
        #expect(
            requirement.check(Self.facts("ubuntu", "18.04", arch: "aarch64")) == [
                HostCheck(check: .family, passed: true, actual: "ubuntu", wanted: "ubuntu or debian"),
                HostCheck(check: .version, passed: false, actual: "18.04", wanted: "ubuntu >=20.04"),
                HostCheck(check: .architecture, passed: false, actual: "aarch64", wanted: "x86_64"),
            ])
        #expect(
            requirement.check(Self.facts("fedora", "40")) == [
                HostCheck(check: .family, passed: false, actual: "fedora", wanted: "ubuntu or debian"),
                HostCheck(check: .architecture, passed: true, actual: "x86_64", wanted: "x86_64"),
            ])
    }

    @Test func takesADerivedSystemOnlyWhereThatIsAllowed() throws {
        #expect(try !requirement("{family: [ubuntu]}").isMet(by: Self.mint))
        #expect(try requirement("{family: [ubuntu], allow_derivatives: true}").isMet(by: Self.mint))
        #expect(try !requirement("{family: [fedora], allow_derivatives: true}").isMet(by: Self.mint))
    }

    @Test func sayingNoVersionIsAReasonOfItsOwn() throws {
        let bounded = "{family: [debian], min_version: \"12\""
        let check = try requirement(bounded + "}").check(Self.testing).last
        #expect(
            check
                == HostCheck(
                    check: .version, passed: false, actual: "no version (rolling release)",
                    wanted: "debian >=12"))
        #expect(try requirement(bounded + ", allow_rolling: true}").isMet(by: Self.testing))
    }

    @Test func aScalarVersionOfAnotherLookBindsEveryFamily() throws {
        let requirement = try requirement("{family: [ubuntu, debian], min_version: \"12\"}")
        #expect(!requirement.isMet(by: Self.facts("debian", "11")))
        #expect(requirement.isMet(by: Self.facts("debian", "12")))
        #expect(requirement.isMet(by: Self.facts("ubuntu", "18.04")))
    }

    @Test func aScalarVersionOfUbuntusLookBindsTheOnlyFamilyThereIs() throws {
        #expect(
            try !requirement("{family: [debian], min_version: \"20.04\"}").isMet(
                by: Self.facts("debian", "12")))
    }

    @Test func theMapWinsOverTheScalar() throws {
        let requirement = try requirement(
            "{family: [ubuntu, debian], min_version: \"12\", versions: {debian: \">=11\"}}")
        #expect(requirement.isMet(by: Self.facts("debian", "11")))
    }

    @Test func requiresNothingWhereNothingIsSaid() throws {
        #expect(try manifest("").check(Self.facts("plan9", nil)).isEmpty)
    }

    @Test func holdsWhatAServerHasAgainstWhatIsNeeded() throws {
        let manifest = try manifest(
            "resource_requirements: {min_ram_mb: 1024, min_disk_mb: 500, min_cpu_cores: 2}")
        let small = HostFacts(
            osID: "debian", architecture: "x86_64", memoryMiB: 1023, diskMiB: 500, processors: 1)
        #expect(
            manifest.check(small) == [
                HostCheck(check: .memory, passed: false, actual: "1023", wanted: "1024 or more"),
                HostCheck(check: .disk, passed: true, actual: "500", wanted: "500 or more"),
                HostCheck(check: .processors, passed: false, actual: "1", wanted: "2 or more"),
            ])
        // What nobody told cannot be judged.
        #expect(manifest.check(HostFacts(osID: "debian", architecture: "x86_64")).isEmpty)
    }
}

@Suite("Facts of a server") struct HostFactsTests {
    @Test func readsWhatDistributionsWrite() {
        let text = """
            # comment
            PRETTY_NAME="Linux Mint 21 (\\"Vanessa\\")"
            ID=linuxmint
            ID_LIKE="ubuntu debian"
            VERSION_ID='21'
            VERSION_CODENAME=vanessa
            BROKEN

            """
        let facts = HostFacts(osRelease: text, architecture: "x86_64")
        let expected = HostFacts(
            osID: "linuxmint", versionID: "21", idLike: ["ubuntu", "debian"], codename: "vanessa",
            architecture: "x86_64")
        #expect(facts == expected)
    }

    @Test func hasNoVersionWhereNoneIsWritten() {
        #expect(HostFacts(osRelease: "ID=debian\nVERSION_ID=\"\"\n", architecture: "x").versionID == nil)
        #expect(HostFacts(osRelease: "ID=debian\n", architecture: "x").versionID == nil)
    }

    @Test(arguments: ["", "\"", "ID", "=", "ID=\"", "ID=\"\\", "\u{0}=\u{0}"])
    func takesAnyText(_ text: String) {
        #expect(!HostFacts(osRelease: text, architecture: "x").osID.contains("\n"))
    }

    @Test func isCalledLinuxWithoutAName() {
        #expect(HostFacts(osRelease: "", architecture: "x").osID == "linux")
    }
}

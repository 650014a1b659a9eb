import ManifestKit
import Testing

@Suite("Versions") struct ManifestVersionTests {
    @Test(arguments: [
        ("20.04", "20.10"), ("9", "10"), ("1.9", "1.10"), ("11", "12"), ("8.0", "8.0.1"), ("1.0~rc1", "1.0"),
        ("1.0dev", "1.0alpha"), ("1.0alpha", "1.0beta"), ("1.0-beta2", "1.0-pre1"), ("1.0pre", "1.0RC1"),
        ("1.0rc1", "1.0"),
        ("1.0rc1", "1.0rc2"), ("1.0", "1.0a"), ("1.0a", "1.0b"), ("1.0.2k", "1.0.2.1"), ("1.0~", "1.0dev"),
        ("99999999999999999998", "99999999999999999999"), ("9", "99999999999999999999"),
    ])
    func putsTheOlderOneFirst(_ older: String, _ newer: String) throws {
        let (first, second) = (try #require(ManifestVersion(older)), try #require(ManifestVersion(newer)))
        #expect(first < second)
        #expect(!(second < first))
        #expect(first != second)
    }

    @Test(arguments: [("1", "1.0"), ("20.04", "20.4"), ("1.0.0", "1"), ("1-2", "1.2"), ("1.0RC1", "1.0rc1")])
    func holdsDifferentSpellingsEqual(_ one: String, _ other: String) throws {
        #expect(try #require(ManifestVersion(one)) == #require(ManifestVersion(other)))
    }

    @Test(arguments: ["", " ", "...", "-", "1,2", "1 2", "١", String(repeating: "1", count: 129)])
    func isNothingWithoutAPart(_ text: String) { #expect(ManifestVersion(text) == nil) }

    @Test func keepsItsText() { #expect(ManifestVersion("1.20")?.description == "1.20") }
}

@Suite("Ranges of versions") struct VersionRangeTests {
    @Test(arguments: [
        (">=11 <14", "11", true), (">=11 <14", "13.9", true), (">=11 <14", "14", false),
        (">=11 <14", "10", false),
        (">20.04", "20.04", false), (">20.04", "20.10", true), ("<=12", "12", true), ("<=12", "12.1", false),
        ("=12", "12.0", true),
        ("=12", "13", false),
    ])
    func containsWhatIsInside(_ range: String, _ version: String, _ isInside: Bool) throws {
        let range = try #require(VersionRange(range))
        #expect(try range.contains(#require(ManifestVersion(version))) == isInside)
    }

    @Test(arguments: ["", "12", "~12", ">=", ">= 12", ">=x", ">=11,<14", "=>12", ">=١2"])
    func isNothingWithoutASignAndAVersion(_ text: String) { #expect(VersionRange(text) == nil) }
}

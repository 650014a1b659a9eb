import ManifestKit
import TestSupport
import Testing

@Suite("Manifests of the fixtures") struct ManifestFixtureTests {
    @Test func thereAreFixtures() { #expect(ManifestFixture.all().count >= 150) }

    @Test(arguments: ManifestFixture.all()) func decodesAsTheFixtureSays(_ fixture: ManifestFixture) {
        let decoded = Manifest.decode(fixture.yaml, file: "manifest.yml")
        let actual = ManifestFixture.report(decoded.diagnostics, decoded.value)
        if actual != fixture.expected { fixture.record(actual) }
        #expect(actual == fixture.expected)
    }

    @Test(arguments: ManifestFixture.all()) func hasAValueExactlyWhereThereIsNoError(
        _ fixture: ManifestFixture
    ) {
        let decoded = Manifest.decode(fixture.yaml, file: "manifest.yml")
        #expect((decoded.value == nil) == decoded.diagnostics.contains(where: \.isError))
    }
}

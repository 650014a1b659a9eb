import ManifestKit
import TestSupport
import Testing
import ValidationKit

@Suite("Linting the fixtures") struct LintFixtureTests {
    @Test func thereAreFixtures() { #expect(ManifestFixture.all().count >= 14) }

    @Test(arguments: ManifestFixture.all()) func findsWhatTheFixtureSays(_ fixture: ManifestFixture) {
        let decoded = Manifest.decode(fixture.yaml, file: "manifest.yml")
        let lint = decoded.value.map(ManifestLinter.lint) ?? []
        let isUsable = !lint.contains(where: \.isError)
        let actual = ManifestFixture.report(decoded.diagnostics + lint, isUsable ? decoded.value : nil)
        if actual != fixture.expected { fixture.record(actual) }
        #expect(actual == fixture.expected)
    }
}

import Configuration
import Testing

@testable import ServiceSettings

@Suite("Settings that are secret") struct SecretSettingsTests {
    private func settings(_ value: String) -> Settings {
        Settings(
            ConfigReader(
                provider: EnvironmentVariablesProvider(environmentVariables: ["SECRET_KEY": value])))
    }

    /// Other bytes would make the same key, and one of few bytes pass for a long one.
    @Test(arguments: [
        String(decoding: [UInt8](repeating: 0xFF, count: 40), as: UTF8.self),
        "0123456789abcdef0123456789abcdef\u{FFFD}", "0123456789abcdef\n0123456789abcdef",
        "0123456789abcdef\u{7F}0123456789abcdef",
    ])
    func takeNoSignThatIsNoneOfAText(_ value: String) throws {
        let problem = try #require(throws: StartupProblem.self) { try settings(value).rootKey("SECRET_KEY") }
        #expect(problem.description.hasPrefix("SECRET_KEY holds a sign"))
    }

    @Test(arguments: ["0123456789abcdef0123456789abcdef", "schöne Grüße an alle, die das hier lesen"])
    func areTakenAsTheyAre(_ value: String) throws {
        #expect(try settings(value).secret("SECRET_KEY") == value)
    }
}

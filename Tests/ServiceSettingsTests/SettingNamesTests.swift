import Configuration
import ServiceSettings
import Synchronization
import TestSupport
import Testing

@Suite("Names of settings") struct SettingNamesTests {
    /// The names in the first column of a service's table.
    private func names(inTableOf service: Settings.Service) throws -> Set<String> {
        let lines = try Operations.text().split(separator: "\n", omittingEmptySubsequences: false)
        let table = lines.drop { !$0.hasPrefix("| \(service.rawValue) | default |") }.prefix {
            $0.hasPrefix("|")
        }
        let cells = table.compactMap { $0.split(separator: "|").first }
        let words = cells.flatMap { $0.split(separator: "`") }.map { String($0) }
        return Set(
            words.filter { word in
                word.contains("_") && word.allSatisfy { $0.isUppercase || $0 == "_" }
            })
    }

    @Test func areThoseOfTheTables() throws {
        let panel = try names(inTableOf: .panel)
        #expect(panel == Settings.namesRead(by: .panel))
        // The agent's table names the first one of Redis for all of them.
        let redis = panel.filter { $0.hasPrefix("REDIS_") }
        #expect(try names(inTableOf: .agent).union(redis) == Settings.namesRead(by: .agent))
        #expect(Settings.namesRead(by: .panel).union(Settings.namesRead(by: .agent)) == Settings.names)
    }

    private static let advice: [(Settings.Service, [String])] = [
        (
            .panel,
            [
                "advice  'AGENT_KEY' is no setting of the panel, but of the other service",
                "advice  'AGENT_KEYS' is no setting; docs/operations.md lists them",
                "advice  'PANEL_DATABSE' is no setting; did you mean 'PANEL_DATABASE'?",
            ]
        ),
        (
            .agent,
            [
                "advice  'AGENT_KEYS' is no setting; did you mean 'AGENT_KEY'?",
                "advice  'PANEL_DATABSE' is no setting; docs/operations.md lists them",
            ]
        ),
    ]

    @Test(arguments: advice)
    func tellsStrangersFromWhatIsNotOurs(_ service: Settings.Service, _ advice: [String]) throws {
        let lines = Mutex<[String]>([])
        let settings = Settings(
            ConfigReader(provider: InMemoryProvider(values: [:])),
            names: [
                "AGENT_KEY", "AGENT_KEYS", "PATH", "REDIS_URL", "SECRET_KEY", "LOG_LEVEL", "PANEL",
                "PANEL_DATABSE", "PANELS_HOST", "LC_ALL",
            ])
        Doctor { line in lines.withLock { $0.append(line) } }.examineNames(of: settings, for: service)
        #expect(lines.withLock(\.self) == advice)
    }
}

import Configuration
import ServiceSettings
import Synchronization
import TestSupport
import Testing

@Suite("Names of settings") struct SettingNamesTests {
    @Test func areThoseOfTheTables() throws {
        let rows = try Operations.text().split(separator: "\n").filter { $0.hasPrefix("| `") }
        let cells = rows.compactMap { $0.split(separator: "|").first }
        let words = cells.flatMap { $0.split(separator: "`") }.map { String($0) }
        let names = words.filter { word in
            word.contains("_") && word.allSatisfy { $0.isUppercase || $0 == "_" }
        }
        #expect(Set(names) == Settings.names)
    }

    @Test func tellsStrangersFromWhatIsNotOurs() throws {
        let lines = Mutex<[String]>([])
        let settings = Settings(
            ConfigReader(provider: InMemoryProvider(values: [:])),
            names: ["AGENT_KEYS", "PATH", "REDIS_URL", "PANEL", "PANEL_DATABSE", "PANELS_HOST", "LC_ALL"])
        Doctor { line in lines.withLock { $0.append(line) } }.examineNames(of: settings)
        let names = lines.withLock(\.self).compactMap { $0.split(separator: "'").dropFirst().first }
        #expect(names == ["AGENT_KEYS", "PANEL_DATABSE"])
    }
}

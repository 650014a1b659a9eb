import Configuration
import JobKit
import SystemPackage

/// What the panel is told from outside: environment, or a file of the same names.
struct PanelConfiguration: Sendable {
    /// Characters a token has at least.
    static let minimumTokenCount = 32

    let rootKey: RootKey
    let previousRootKey: RootKey?
    let redisURL: String
    let host: String
    let port: Int
    let token: String
    let databasePath: String
    let installersFolder: String
    let logLevel: String

    /// Reads the settings.
    ///
    /// - Parameter file: a file of `NAME=value` lines that serves where the environment has no such name.
    /// - Throws: ``ConfigurationProblem``, which names the setting and the cure.
    init(file: String?) async throws {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider()]
        if let file {
            providers.append(try await EnvironmentVariablesProvider(environmentFilePath: FilePath(file)))
        }
        try self.init(ConfigReader(providers: providers))
    }

    init(_ settings: ConfigReader) throws {
        guard let secret = settings.string(forKey: "secret.key", isSecret: true) else {
            throw ConfigurationProblem(
                "SECRET_KEY is missing: set it to 32 or more random characters (`openssl rand -hex 32`)")
        }
        guard let rootKey = RootKey(Array(secret.utf8)) else {
            throw ConfigurationProblem(
                "SECRET_KEY has \(secret.utf8.count) bytes; it takes \(RootKey.minimumCount) or more (`openssl rand -hex 32`)"
            )
        }
        self.rootKey = rootKey
        previousRootKey = try settings.string(forKey: "secret.key.previous", isSecret: true).map { text in
            guard let key = RootKey(Array(text.utf8)) else {
                throw ConfigurationProblem(
                    "SECRET_KEY_PREVIOUS is shorter than \(RootKey.minimumCount) bytes")
            }
            return key
        }
        guard let token = settings.string(forKey: "panel.token", isSecret: true),
            token.utf8.count >= Self.minimumTokenCount
        else {
            throw ConfigurationProblem(
                "PANEL_TOKEN is missing or shorter than \(Self.minimumTokenCount) characters: it guards the API (`openssl rand -hex 32`)"
            )
        }
        self.token = token
        redisURL = settings.string(forKey: "redis.url", isSecret: true, default: "redis://localhost:6379/0")
        host = settings.string(forKey: "panel.host", default: "127.0.0.1")
        // As text: of what is no number the reader makes the default, without a word.
        let portText = settings.string(forKey: "panel.port", default: "5000")
        guard let port = Int(portText), (0...65_535).contains(port) else {
            throw ConfigurationProblem("PANEL_PORT is '\(portText)'; it takes 0 to 65535")
        }
        self.port = port
        databasePath = settings.string(forKey: "panel.database", default: "panel.sqlite")
        installersFolder = settings.string(forKey: "panel.installers", default: "installers")
        logLevel = settings.string(forKey: "log.level", default: "info")
    }
}

/// A setting that keeps the panel from starting.
struct ConfigurationProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

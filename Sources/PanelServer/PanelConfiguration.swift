import JobKit
import Logging
import RedisQueue
import ServiceSettings

/// What the panel is told from outside.
struct PanelConfiguration: Sendable {
    /// Characters a token has at least.
    static let minimumTokenCount = 32

    let rootKey: RootKey
    let previousRootKey: RootKey?
    let redis: RedisURL
    let redisPrefix: String
    let host: String
    let port: Int
    let token: String
    let databasePath: String
    /// Whether the settings name it; otherwise it is in the working folder.
    let isDatabaseNamed: Bool
    let installersFolder: String
    let queueLimit: Int
    let logLevel: Logger.Level

    /// - Throws: ``StartupProblem``, which names the setting and the cure.
    init(_ settings: Settings) throws {
        rootKey = try Self.rootKey(settings)
        guard let token = try settings.secret("PANEL_TOKEN"), token.utf8.count >= Self.minimumTokenCount
        else {
            throw StartupProblem(
                "PANEL_TOKEN is missing or shorter than \(Self.minimumTokenCount) characters: it guards the API (`openssl rand -hex 32`)"
            )
        }
        self.token = token
        previousRootKey = try settings.rootKey("SECRET_KEY_PREVIOUS")
        redis = try settings.redis()
        redisPrefix = try settings.redisPrefix()
        host = settings.text("PANEL_HOST") ?? "127.0.0.1"
        port = try settings.number("PANEL_PORT", in: 0...65_535, default: 5000)
        let database = settings.text("PANEL_DATABASE")
        (databasePath, isDatabaseNamed) = (database ?? "panel.sqlite", database != nil)
        installersFolder = settings.text("PANEL_INSTALLERS") ?? "installers"
        queueLimit = try settings.number(
            "PANEL_QUEUE_LIMIT", in: 1...1_000_000, default: JobDesk.standardQueueLimit)
        logLevel = try settings.logLevel()
    }

    /// The secret that every agent's key is derived from.
    static func rootKey(_ settings: Settings) throws -> RootKey {
        guard let key = try settings.rootKey("SECRET_KEY") else {
            throw StartupProblem(
                "SECRET_KEY is missing: set it to \(RootKey.minimumCount) or more random characters (`openssl rand -hex 32`)"
            )
        }
        return key
    }
}

package import Configuration
package import JobKit
package import Logging
import RedisQueue
import SystemPackage

/// What a program is told from outside: environment, or a file of the same names.
///
/// Every question throws a ``StartupProblem`` that names the setting and the cure. An empty value is one that is
/// missing.
package struct Settings: Sendable {
    private let reader: ConfigReader

    /// The settings of a program that was called as `PROGRAM [--env-file PATH]`.
    ///
    /// - Parameter arguments: the command line, the program's name first. What stands in the environment goes before
    ///   what the file has.
    package init(arguments: [String]) async throws {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider()]
        switch arguments.count {
        case 1: break
        case 3 where arguments[1] == "--env-file":
            do {
                providers.append(
                    try await EnvironmentVariablesProvider(environmentFilePath: FilePath(arguments[2])))
            } catch {
                throw StartupProblem("the file '\(arguments[2])' of --env-file cannot be read: \(error)")
            }
        default: throw StartupProblem("usage: \(arguments.first ?? "PROGRAM") [--env-file PATH]")
        }
        self.init(ConfigReader(providers: providers))
    }

    package init(_ reader: ConfigReader) { self.reader = reader }

    /// The value of a setting that is named as in the environment, such as `PANEL_HOST`.
    package func text(_ name: String) -> String? { value(name, isSecret: false) }

    /// The value of a setting that no log and no error may show.
    package func secret(_ name: String) -> String? { value(name, isSecret: true) }

    /// A whole number.
    package func number(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let text = text(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw StartupProblem("\(name) is '\(text)'; it takes \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func value(_ name: String, isSecret: Bool) -> String? {
        let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
        let text = reader.string(forKey: key, isSecret: isSecret)
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }
}

// What panel and agent are told alike.
extension Settings {
    /// The panel's root secret, from `SECRET_KEY`, or the one before it, from `SECRET_KEY_PREVIOUS`.
    package func rootKey(_ name: String) throws -> RootKey? {
        try secret(name).map { text in
            guard let key = RootKey(Array(text.utf8)) else {
                throw StartupProblem(
                    "\(name) has \(text.utf8.count) bytes; it takes \(RootKey.minimumCount) or more (`openssl rand -hex 32`)"
                )
            }
            return key
        }
    }

    /// Where Redis is, from `REDIS_URL`: an address that can be read as one.
    package func redisURL() throws -> String {
        let text = secret("REDIS_URL") ?? "redis://localhost:6379/0"
        do throws(RedisError) {
            _ = try RedisURL(text)
        } catch {
            throw StartupProblem("REDIS_URL cannot be used: \(error.message)")
        }
        return text
    }

    /// What is logged at least, from `LOG_LEVEL`.
    package func logLevel() throws -> Logger.Level {
        guard let text = text("LOG_LEVEL") else { return .info }
        guard let level = Logger.Level(rawValue: text.lowercased()) else {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw StartupProblem("LOG_LEVEL is '\(text)'; it takes one of: \(levels)")
        }
        return level
    }
}

/// What keeps a program from starting: a setting, or something it needs that is not there.
package struct StartupProblem: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

package import Configuration
package import JobKit
package import Logging
import ManifestKit

/// What a program is told from outside: environment, or a file of the same names.
///
/// Every question throws a ``StartupProblem`` that names the setting and the cure. An empty value is one that is
/// missing.
package struct Settings: Sendable {
    private let reader: ConfigReader
    /// The names of all that was given, settings or not.
    let given: Set<String>

    /// The settings in the environment and, where one is named, in a file; the environment goes before the file.
    package init(file path: String?) throws {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider()]
        var names = Self.environmentNames
        if let path {
            let variables = try EnvironmentFile.read(path)
            providers.append(EnvironmentVariablesProvider(environmentVariables: variables))
            names += variables.keys
        }
        self.init(ConfigReader(providers: providers), names: names)
    }

    package init(_ reader: ConfigReader, names: [String] = []) {
        self.reader = reader
        given = Set(names)
    }

    /// The value of a setting that is named as in the environment, such as `PANEL_HOST`.
    package func text(_ name: String) -> String? { value(name, isSecret: false) }

    /// The value of a setting that no log and no error may show.
    ///
    /// - Throws: where a blank or a line's end is at either end of it, or a sign in it that is none of a text: the other
    ///   side would not have it.
    package func secret(_ name: String) throws -> String? {
        guard let text = value(name, isSecret: true) else { return nil }
        guard let first = text.utf8.first, let last = text.utf8.last, first > 0x20, last > 0x20 else {
            throw StartupProblem("\(name) begins or ends with a blank or a line's end; take it away")
        }
        // Bytes that are no UTF-8 were replaced by then: other ones would make the same secret.
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F && $0 != "\u{FFFD}" })
        else {
            throw StartupProblem(
                "\(name) holds a sign that is none of a text; write it in letters and digits")
        }
        return text
    }

    /// A full path.
    package func path(_ name: String, default fallback: String) throws -> String {
        guard let text = text(name) else { return fallback }
        guard text.utf8.first == UInt8(ascii: "/") else {
            throw StartupProblem(
                "\(name) is \(Diagnostic.quoted(text)); it takes a full path, which begins with '/'")
        }
        return text
    }

    /// A whole number.
    package func number(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let text = text(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw StartupProblem(
                "\(name) is \(Diagnostic.quoted(text)); it takes \(range.lowerBound) to \(range.upperBound)")
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

    /// What is logged at least, from `LOG_LEVEL`.
    package func logLevel() throws -> Logger.Level {
        guard let text = text("LOG_LEVEL") else { return .info }
        guard let level = Logger.Level(rawValue: text.lowercased()) else {
            let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw StartupProblem("LOG_LEVEL is \(Diagnostic.quoted(text)); it takes one of: \(levels)")
        }
        return level
    }
}

extension AgentID {
    /// The name that a setting gives an agent.
    package init(setting name: String, _ text: String) throws {
        guard let agent = AgentID(text) else {
            throw StartupProblem(
                "\(name) \(Diagnostic.quoted(text)) is no server name: a letter or digit, then up to 62 letters, digits, '.', '-' or '_'"
            )
        }
        self = agent
    }
}

/// What keeps a program from starting: a setting, or something it needs that is not there.
package struct StartupProblem: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

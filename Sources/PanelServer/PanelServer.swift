import Glibc
import Logging

/// The panel: `PanelServer [--env-file PATH]`.
@main
struct PanelServer {
    static func main() async {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            guard arguments.isEmpty || arguments.count == 2 && arguments[0] == "--env-file" else {
                throw ConfigurationProblem("usage: PanelServer [--env-file PATH]")
            }
            let configuration = try await PanelConfiguration(file: arguments.last)
            LoggingSystem.bootstrap(StreamLogHandler.standardError)
            var logger = Logger(label: "panel")
            logger.logLevel = Logger.Level(rawValue: configuration.logLevel) ?? .info
            try await Panel.build(configuration, logger: logger).run()
        } catch {
            let line = Array("PanelServer: \(error)\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            exit(1)
        }
    }
}

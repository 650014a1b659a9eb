import Logging
import ServiceSettings

/// The panel: `PanelServer [--env-file PATH]`.
@main
struct PanelServer {
    static func main() async {
        await Program.main("PanelServer") {
            let configuration = try PanelConfiguration(await Settings(arguments: CommandLine.arguments))
            LoggingSystem.bootstrap(StreamLogHandler.standardError)
            var logger = Logger(label: "panel")
            logger.logLevel = configuration.logLevel
            try await Panel.build(configuration, logger: logger).run()
        }
    }
}

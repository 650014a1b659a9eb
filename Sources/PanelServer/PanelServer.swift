import JobKit
import Logging
import ServiceSettings

/// The panel: `PanelServer [--env-file PATH] [--agent-key AGENT_ID]`.
@main
struct PanelServer {
    static func main() async {
        await Program.main("PanelServer") {
            let options = try CommandLineOptions(
                CommandLine.arguments, allowing: ["--env-file": "PATH", "--agent-key": "AGENT_ID"])
            let settings = try Settings(file: options["--env-file"])
            if let name = options["--agent-key"] { return try printKey(of: name, settings) }
            let configuration = try PanelConfiguration(settings)
            LoggingSystem.bootstrap(StreamLogHandler.standardError)
            var logger = Logger(label: "panel")
            logger.logLevel = configuration.logLevel
            try await Panel.build(configuration, logger: logger).run()
        }
    }

    /// Prints what an agent's settings take, to be written into its own file.
    private static func printKey(of name: String, _ settings: Settings) throws {
        let agent = try AgentID(setting: "--agent-key", name)
        let root = try PanelConfiguration.rootKey(settings)
        Program.say("AGENT_ID=\(agent)\nAGENT_KEY=\(root.agentKey(for: agent))")
    }
}

import Glibc
import Logging
import ServiceSettings

/// The agent: `AgentDaemon [--env-file PATH]`.
@main
struct AgentDaemon {
    static func main() async {
        await Program.main("AgentDaemon") {
            let configuration = try AgentConfiguration(
                await Settings(arguments: CommandLine.arguments), folder: try programFolder())
            let file = try LogFile(folder: configuration.logFolder)
            LoggingSystem.bootstrap { label in
                MultiplexLogHandler([
                    StreamLogHandler.standardError(label: label), FileLogHandler(file: file),
                ])
            }
            var logger = Logger(label: "agent")
            logger.logLevel = configuration.logLevel
            let agent = try await Agent.build(configuration, logger: logger)
            SystemdNotification.ready()
            try await agent.run()
        }
    }

    private static func programFolder() throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else {
            throw StartupProblem("'/proc/self/exe' cannot be read; is /proc mounted?")
        }
        let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}

import Glibc
import Logging

/// The agent: `AgentDaemon [--env-file PATH]`.
@main
struct AgentDaemon {
    static func main() async {
        do {
            let arguments = CommandLine.arguments
            guard arguments.count == 1 || arguments.count == 3 && arguments[1] == "--env-file" else {
                throw ConfigurationProblem("usage: AgentDaemon [--env-file PATH]")
            }
            let configuration = try await AgentConfiguration(
                file: arguments.count == 3 ? arguments[2] : nil, folder: try programFolder())
            let file = try LogFile(folder: configuration.logFolder)
            LoggingSystem.bootstrap { label in
                MultiplexLogHandler([
                    StreamLogHandler.standardError(label: label), FileLogHandler(file: file),
                ])
            }
            var logger = Logger(label: "agent")
            logger.logLevel = Logger.Level(rawValue: configuration.logLevel) ?? .info
            let agent = try await Agent.build(configuration, logger: logger)
            SystemdNotification.ready()
            try await agent.run()
        } catch {
            let line = Array("AgentDaemon: \(error)\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            exit(1)
        }
    }

    private static func programFolder() throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else {
            throw ConfigurationProblem("'/proc/self/exe' cannot be read; is /proc mounted?")
        }
        let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}

import Glibc
import Logging
import ServiceSettings

/// The agent: `AgentDaemon [--env-file PATH]`; with `--doctor` it only looks whether it could work here.
@main
struct AgentDaemon {
    static func main() async {
        await Program.main("AgentDaemon") {
            let options = try CommandLineOptions(
                CommandLine.arguments, allowing: ["--env-file": "PATH", "--doctor": nil])
            let settings = try Settings(file: options["--env-file"])
            let folder = try programFolder()
            if options["--doctor"] != nil {
                var doctor = AgentDoctor(settings, folder: folder)
                return try await doctor.examine()
            }
            let configuration = try AgentConfiguration(settings, folder: folder)
            let file = try LogFile(folder: configuration.logFolder)
            LoggingSystem.bootstrap { label in
                MultiplexLogHandler([
                    StreamLogHandler.standardError(label: label), FileLogHandler(file: file),
                ])
            }
            var logger = Logger(label: "agent")
            logger.logLevel = configuration.logLevel
            do {
                let agent = try await Agent.build(configuration, logger: logger)
                try await agent.run()
            } catch {
                FileLogHandler(file: file).note(.critical, "agent ends: \(error)")
                throw error
            }
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

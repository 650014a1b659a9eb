import JobKit
import Logging
import SQLiteStore
import ServiceSettings

/// The panel: `PanelServer [--env-file PATH]`, and what is asked of it once: `--enrol AGENT_ID` or
/// `--agent-key AGENT_ID`, each with `--key-generation N`, `--restore BACKUP`, `--verify-audit RECORD`, or `--doctor`.
@main
struct PanelServer {
    static let name = "PanelServer"

    static func main() async {
        await Program.main(name) {
            let options = try CommandLineOptions(
                CommandLine.arguments,
                allowing: [
                    "--env-file": "PATH", "--enrol": "AGENT_ID", "--key-generation": "N",
                    "--agent-key": "AGENT_ID", "--restore": "BACKUP", "--verify-audit": "RECORD",
                    "--doctor": nil,
                ])
            try check(options)
            if let record = options["--verify-audit"] { return try verifyAudit(of: record) }
            let settings = try Settings(file: options["--env-file"])
            if let name = options["--agent-key"] {
                return try printKey(of: name, generation: options["--key-generation"], settings)
            }
            if let name = options["--enrol"] {
                let enrolment = try Enrolment(of: name, generation: options["--key-generation"], settings)
                return Program.say(try enrolment.text())
            }
            if options["--doctor"] != nil {
                var doctor = PanelDoctor(settings)
                return try await doctor.examine()
            }
            let configuration = try PanelConfiguration(settings)
            if let backup = options["--restore"] { return try restore(backup, configuration) }
            LoggingSystem.bootstrap(StreamLogHandler.standardError)
            var logger = Logger(label: "panel")
            logger.logLevel = configuration.logLevel
            try await Panel.build(configuration, logger: logger).run()
        }
    }

    /// One thing is done at a time, and nothing that was asked for is passed over.
    private static func check(_ options: CommandLineOptions) throws {
        let keys = ["--enrol", "--agent-key"], commands = keys + ["--restore", "--verify-audit", "--doctor"]
        let given = commands.filter { options[$0] != nil }
        guard given.count < 2 else {
            throw StartupProblem("\(given.joined(separator: " and ")) are done one at a time; leave one out")
        }
        guard options["--key-generation"] == nil || keys.contains(where: given.contains) else {
            throw StartupProblem("--key-generation belongs to --enrol or --agent-key")
        }
    }

    /// Says whether a record's audit trail is whole, and how it ends.
    private static func verifyAudit(of record: String) throws {
        let verdict: SQLiteJobStore.AuditVerdict
        do throws(StoreError) {
            verdict = try SQLiteJobStore.auditVerdict(of: record)
        } catch {
            throw StartupProblem("--verify-audit: \(error.message)")
        }
        if let number = verdict.firstBreak {
            throw StartupProblem(
                "the audit trail of '\(record)' was tampered with: line \(number) does not follow from line "
                    + "\(verdict.lines), the last that holds; compare with a backup from before")
        }
        Program.say(
            "the audit trail of '\(record)' is whole: \(verdict.lines) lines, the last one's digest is")
        Program.say(verdict.head)
    }

    /// Puts a backup in the record's place; the next start asks the agents what they did since.
    private static func restore(_ backup: String, _ configuration: PanelConfiguration) throws {
        let path = configuration.databasePath
        guard configuration.isDatabaseNamed else {
            throw StartupProblem(
                "--restore: PANEL_DATABASE is missing: set it to the record's place, as the panel's service has it"
            )
        }
        do throws(StoreError) {
            let done = try SQLiteJobStore.restore(backup, to: path, at: SystemTime.now())
            Program.say("'\(path)' is restored from '\(backup)'; agents that will be asked: \(done.agents)")
            if let replaced = done.replaced { Program.say("the record that was there is '\(replaced)'") }
            if !done.keepsDecisions {
                Program.say(
                    """
                    what was revoked, paused, quarantined, called off or given up since the backup is not known: \
                    see to it anew
                    """)
            }
        } catch {
            throw StartupProblem("--restore: \(error.message)")
        }
    }

    /// Prints what an agent's settings take, to be written into its own file.
    private static func printKey(of name: String, generation: String?, _ settings: Settings) throws {
        let agent = try AgentID(setting: "--agent-key", name)
        let root = try PanelConfiguration.rootKey(settings)
        Program.say(
            "AGENT_ID=\(agent)\nAGENT_KEY=\(root.agentKey(for: agent, generation: try Enrolment.generation(generation)))"
        )
    }
}

import ManifestKit
import SQLiteStore
import ServiceSettings

/// Looks whether a panel has what it needs, beside one that runs or without.
struct PanelDoctor {
    private let settings: Settings
    private var doctor = Doctor()

    init(_ settings: Settings) { self.settings = settings }

    /// Says what is found.
    ///
    /// - Throws: ``StartupProblem`` where something keeps the panel from its work.
    mutating func examine() async throws {
        doctor.examineNames(of: settings, for: .panel)
        examineFiles()
        do {
            let configuration = try PanelConfiguration(settings)
            examineApplications(configuration.installersFolder)
            await doctor.examineRedis(at: configuration.redis, prefix: configuration.redisPrefix)
            examineRecord(configuration)
        } catch {
            doctor.fault("\(error)")
        }
        try doctor.finish()
    }

    private mutating func examineFiles() {
        doctor.look {
            try OpenFiles.require(Panel.requiredFiles)
            return "\(OpenFiles.limit) files may be open, \(Panel.clientCount) of them clients of the panel"
        }
    }

    private mutating func examineApplications(_ folder: String) {
        do {
            let catalog = try Catalog(folder: folder)
            for finding in catalog.diagnostics where finding.isError { doctor.advise("\(finding)") }
            let text = "PANEL_INSTALLERS: \(catalog.entries.count) applications in '\(folder)'"
            if catalog.entries.isEmpty {
                doctor.advise("\(text): there is nothing to install")
            } else {
                doctor.good(text)
            }
        } catch {
            doctor.fault("\(error)")
        }
    }

    private mutating func examineRecord(_ configuration: PanelConfiguration) {
        let path = configuration.databasePath
        if !configuration.isDatabaseNamed {
            doctor.advise(
                "PANEL_DATABASE is missing: '\(path)' in this folder is looked at; the unit names another")
        }
        do throws(StoreError) {
            switch try SQLiteJobStore.place(of: path) {
            case .free:
                doctor.advise(
                    "PANEL_DATABASE: '\(path)' holds no record; the panel makes a new one when it starts")
                return
            case .takenByAnother:
                doctor.advise(
                    "PANEL_DATABASE: '\(path)' is of another user than its folder; give both to the panel's")
            case .taken:
                break
            }
            // For a while nothing else would be seen.
            doctor.good("PANEL_DATABASE: '\(path)' is read as a whole, which takes minutes for a large one")
            let verdict = try SQLiteJobStore.auditVerdict(of: path)
            if let number = verdict.firstBreak {
                doctor.fault(
                    "PANEL_DATABASE: the audit trail of '\(path)' was tampered with, from line \(number)")
            } else {
                doctor.good("PANEL_DATABASE: '\(path)', its audit trail of \(verdict.lines) lines is whole")
            }
        } catch {
            doctor.fault("PANEL_DATABASE: \(error.message)")
        }
    }
}
